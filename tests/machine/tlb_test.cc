// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>

#include "explore/fiber.h"
#include "sanitized.h"
#include "tlb_program.h"

namespace mmcheck::machine::testing {
namespace {

using explore::MemoryModel;
using explore::Options;
using explore::Strategy;

constexpr std::uint64_t kNaiveMax = 60'000;

std::set<std::uint64_t> outcomes(TlbProgram& program, Strategy strategy,
                                 explore::Result* result = nullptr) {
  std::set<std::uint64_t> seen;
  const explore::Result found =
      explore::explore(program, Options{.strategy = strategy, .executions_max = kNaiveMax},
                       [&](std::uint64_t hash) { seen.insert(hash); });
  if (result != nullptr) *result = found;
  return seen;
}

void compare_with_brute_force(const Arch& arch, unsigned wanted, unsigned nr_threads,
                              unsigned length, std::uint64_t first_seed,
                              MemoryModel model = MemoryModel::Sc) {
  unsigned compared = 0;
  for (std::uint64_t seed = first_seed; compared < fewer_if_sanitized(wanted); ++seed) {
    std::mt19937_64 random(seed);
    TlbProgram program = random_program(random, arch, nr_threads, length, model);
    explore::Result naive;
    const auto expected = outcomes(program, Strategy::Naive, &naive);
    if (!naive.complete) continue;
    explore::Result dpor;
    const auto found = outcomes(program, Strategy::Dpor, &dpor);
    ASSERT_TRUE(dpor.complete) << "seed " << seed << '\n' << program.describe();
    ASSERT_EQ(found, expected) << "seed " << seed << '\n' << program.describe();
    ASSERT_LE(dpor.executions, naive.executions) << "seed " << seed;
    if (explore::Fibers::can_restore()) {
      ASSERT_EQ(outcomes(program, Strategy::Stateful), expected) << "seed " << seed << '\n'
                                                                 << program.describe();
    }
    ++compared;
  }
}

TEST(TlbReduction, TwoCpusAgreeWithBruteForce) { compare_with_brute_force(x86_64(), 400, 2, 3, 1); }

TEST(TlbReduction, ThreeCpusAgreeWithBruteForce) {
  compare_with_brute_force(x86_64(), 150, 3, 2, 100'000);
}

TEST(TlbReduction, SynchronousInvalidationAgreesWithBruteForce) {
  compare_with_brute_force(s390(), 150, 3, 2, 200'000);
}

TEST(TlbReduction, TwoCpusUnderTsoAgreeWithBruteForce) {
  compare_with_brute_force(x86_64(), 200, 2, 3, 300'000, MemoryModel::Tso);
}

TEST(TlbReduction, ThreeCpusUnderTsoAgreeWithBruteForce) {
  compare_with_brute_force(x86_64(), 60, 3, 2, 400'000, MemoryModel::Tso);
}

TEST(TlbReduction, SynchronousInvalidationUnderTsoAgreesWithBruteForce) {
  compare_with_brute_force(s390(), 60, 3, 2, 500'000, MemoryModel::Tso);
}

TEST(TlbReduction, BroadcastInvalidationAgreesWithBruteForce) {
  compare_with_brute_force(arm64(), 300, 2, 3, 600'000);
  compare_with_brute_force(arm64(), 150, 3, 2, 700'000);
}

TEST(TlbReduction, BroadcastInvalidationUnderTsoAgreesWithBruteForce) {
  compare_with_brute_force(arm64(), 60, 2, 3, 800'000, MemoryModel::Tso);
}

TEST(TlbReduction, HalvesAndPreemptionAgreeWithBruteForce) {
  compare_with_brute_force(i386_pae(TlbFlush::Kvm, LocklessRead::LowHighLow), 200, 2, 3, 600'000);
  compare_with_brute_force(i386_pae(TlbFlush::Kvm, LocklessRead::LowHighLow), 80, 3, 2, 700'000);
  compare_with_brute_force(i386_pae(TlbFlush::Kvm, LocklessRead::LowHighLow), 40, 2, 2, 800'000,
                           MemoryModel::Tso);
}

/// Runs a hand-written program and says whether some execution ends with `outcome` as CPU
/// `cpu`'s result number `index`.
class Probe final : public explore::Program {
 public:
  Probe(const Arch& arch, pte_t initial, std::vector<std::vector<Instruction>> threads,
        MemoryModel model = MemoryModel::Sc, pte_t second = {})
      : program_(arch, {initial, second}, std::move(threads), model) {}
  void setup(explore::Execution& x) override { program_.setup(x); }
  void finished(explore::Execution& x) override { program_.finished(x); }
  bool rewindable() const override { return program_.rewindable(); }
  std::size_t nr_outcomes(Strategy strategy) {
    std::set<std::uint64_t> seen;
    explore::explore(*this, Options{.strategy = strategy},
                     [&](std::uint64_t hash) { seen.insert(hash); });
    return seen.size();
  }

 private:
  TlbProgram program_;
};

const pte_t kDirtyA = pte_mkdirty(pte_mkwrite(mk_pte(Pfn{0}, 0)));

// CPU0 clears the entry and says so; CPU1 hears it and loads: the load may still succeed. After a
// flush in between it may not. Outcomes: (heard, loaded), (heard, fault), (not heard, loaded),
// (not heard, fault).
TEST(Tlb, StaleEntryIsUsableAfterTheClearHappenedBefore) {
  Probe probe(
      x86_64(), kDirtyA,
      {{{Op::GetAndClear, 0, 0}, {Op::FlagStore, 0, 1}}, {{Op::FlagLoad, 0, 0}, {Op::Load, 0, 0}}});
  EXPECT_EQ(probe.nr_outcomes(Strategy::Dpor), 4u);
}

TEST(Tlb, FlushEndsTheUseOfStaleEntries) {
  Probe probe(x86_64(), kDirtyA,
              {{{Op::GetAndClear, 0, 0}, {Op::Flush, 0, 0}, {Op::FlagStore, 0, 1}},
               {{Op::FlagLoad, 0, 0}, {Op::Load, 0, 0}}});
  EXPECT_EQ(probe.nr_outcomes(Strategy::Dpor), 3u);  // (heard, loaded) is gone
}

TEST(Tlb, NotPresentEntriesAreNeverCached) {
  Probe probe(x86_64(), pte_t{},
              {{{Op::SetPte, 0, kDirtyA.word}, {Op::FlagStore, 0, 1}},
               {{Op::FlagLoad, 0, 0}, {Op::Load, 0, 0}}});
  EXPECT_EQ(probe.nr_outcomes(Strategy::Dpor), 3u);  // (heard, fault) is impossible
}

// Which of two entries the flush has left usable is part of the state, though both are past, as
// many came before, and the present one is the same.
TEST(Tlb, PastEntriesTellStatesApart) {
  const pte_t b = pte_mkdirty(pte_mkwrite(mk_pte(Pfn{1}, 0)));
  Probe probe(x86_64(), pte_t{},
              {{{Op::SetPte, 0, kDirtyA.word},
                {Op::FlagStore, 0, 1},
                {Op::FlagLoad, 0, 0},
                {Op::Load, 0, 0}},
               {{Op::SetPte, 0, b.word},
                {Op::FlagLoad, 0, 0},
                {Op::Flush, 0, 0},
                {Op::SetPte, 0, 0},
                {Op::FlagStore, 0, 2}}});
  const std::size_t expected = probe.nr_outcomes(Strategy::Naive);
  EXPECT_EQ(probe.nr_outcomes(Strategy::Dpor), expected);
  if (explore::Fibers::can_restore()) {
    EXPECT_EQ(probe.nr_outcomes(Strategy::Stateful), expected);
  }
}

// A stale read-only entry makes a store fault although the table allows it; the fault drops it.
TEST(Tlb, PermissionFaultsMayBeSpurious) {
  Probe probe(x86_64(), mk_pte(Pfn{0}, 0),
              {{{Op::SetPte, 0, kDirtyA.word}, {Op::FlagStore, 0, 1}},
               {{Op::FlagLoad, 0, 0}, {Op::Store, 0, 7}, {Op::Store, 0, 8}}});
  // Heard: ok ok, fault ok (the fault has dropped the entry), ok fault. Not heard: these, and two
  // faults that are not spurious.
  EXPECT_EQ(probe.nr_outcomes(Strategy::Dpor), 7u);
}

// A store through a clean entry goes back to the page table and sets D there, or faults; so no
// write through a clean entry is ever invisible to who clears it. The one through a dirty entry is.
TEST(Tlb, StaleCleanEntryDoesNotTakeAStore) {
  const pte_t clean = pte_mkwrite(mk_pte(Pfn{0}, 0));
  Probe probe(x86_64(), clean,
              {{{Op::GetAndClear, 0, 0}, {Op::FlagStore, 0, 1}},
               {{Op::FlagLoad, 0, 0}, {Op::Store, 0, 7}}});
  // Not heard: stored with D seen by the clear, fault. Heard: fault.
  EXPECT_EQ(probe.nr_outcomes(Strategy::Dpor), 3u);
}

// arm64: the fault leaves the stale read-only entry where it is, so the second store may fault too.
TEST(Tlb, Arm64FaultsDropNothing) {
  Probe probe(arm64(), mk_pte(Pfn{0}, 0),
              {{{Op::SetPte, 0, kDirtyA.word}, {Op::FlagStore, 0, 1}},
               {{Op::FlagLoad, 0, 0}, {Op::Store, 0, 7}, {Op::Store, 0, 8}}});
  EXPECT_EQ(probe.nr_outcomes(Strategy::Dpor), 8u);  // x86's seven, and: heard, fault, fault
}

TEST(Tlb, Arm64FlushEndsTheUseOfStaleEntries) {
  Probe probe(arm64(), kDirtyA,
              {{{Op::GetAndClear, 0, 0}, {Op::Flush, 0, 0}, {Op::FlagStore, 0, 1}},
               {{Op::FlagLoad, 0, 0}, {Op::Load, 0, 0}}});
  EXPECT_EQ(probe.nr_outcomes(Strategy::Dpor), 3u);
}

TEST(Tlb, S390ForgetsWithTheChange) {
  Probe probe(
      s390(), kDirtyA,
      {{{Op::GetAndClear, 0, 0}, {Op::FlagStore, 0, 1}}, {{Op::FlagLoad, 0, 0}, {Op::Load, 0, 0}}});
  EXPECT_EQ(probe.nr_outcomes(Strategy::Dpor), 3u);
}

const pte_t kDirtyB = pte_mkdirty(pte_mkwrite(mk_pte(Pfn{1}, 0)));

// CPU1 reads the entry in halves while CPU0 replaces it, with a flush between. What CPU1 may read:
// the old entry, none, the new one; and halves of two, if the flush does not wait for it.
TEST(Pae, AFlushThatWaitsForTheReaderKeepsHalvesTogether) {
  const auto outcomes_with = [](TlbFlush flush, LocklessRead read, bool irqs_off) {
    std::vector<Instruction> reader = {{Op::ReadLockless, 0, 0}};
    if (irqs_off) reader.insert(reader.begin(), {Op::IrqsOff, 0, 0});
    Probe probe(
        i386_pae(flush, read), kDirtyA,
        {{{Op::GetAndClear, 0, 0}, {Op::Flush, 0, 0}, {Op::SetPte, 0, kDirtyB.word}}, reader});
    return probe.nr_outcomes(Strategy::Dpor);
  };
  EXPECT_EQ(outcomes_with(TlbFlush::Native, LocklessRead::LowHighLow, true), 3u);
  EXPECT_EQ(outcomes_with(TlbFlush::Kvm, LocklessRead::LowHighLow, true), 4u);
  EXPECT_EQ(outcomes_with(TlbFlush::Kvm, LocklessRead::Cmpxchg8b, true), 3u);
  EXPECT_EQ(outcomes_with(TlbFlush::Native, LocklessRead::LowHighLow, false), 4u);
}

// CPU1 stores through the entry that CPU0 takes out and flushes; CPU0 then stores to the same frame
// by another entry, and looks. Outcomes by (what CPU0 reads, whether CPU1 faults, what is in the
// frame): CPU1 faults; it stores and CPU0's store comes after it. A third one, in which CPU1's
// store comes last, would be a store that lands after the flush.
TEST(Tso, AFlushWaitsForStoresThroughTheEntry) {
  for (const Arch* arch : {&x86_64(), &s390(), &arm64()}) {
    Probe probe(*arch, kDirtyA,
                {{{Op::GetAndClear, 0, 0}, {Op::Flush, 0, 0}, {Op::Store, 1, 3}, {Op::Load, 1, 0}},
                 {{Op::Store, 0, 2}}},
                MemoryModel::Tso, kDirtyA);
    EXPECT_EQ(probe.nr_outcomes(Strategy::Dpor), 2u) << arch->name();
  }
}

TEST(Tso, WithoutAFlushTheyMayLandLater) {
  Probe probe(x86_64(), kDirtyA,
              {{{Op::GetAndClear, 0, 0}, {Op::Store, 1, 3}, {Op::Load, 1, 0}}, {{Op::Store, 0, 2}}},
              MemoryModel::Tso, kDirtyA);
  // Besides these: CPU1's store comes last, and CPU0 reads 3, or 2.
  EXPECT_EQ(probe.nr_outcomes(Strategy::Dpor), 4u);
}

// The entry is taken out while the store waits in the buffer: it lands all the same, and in the
// frame that it was translated to. CPU0 sees first that it has not landed, then that it has.
TEST(Tso, AStoreLandsWhereItWasTranslatedTo) {
  const std::vector<std::vector<Instruction>> threads = {
      {{Op::FlagLoad, 0, 0}, {Op::Load, 1, 0}}, {{Op::Store, 0, 2}, {Op::FlagStore, 0, 1}}};
  // Message passing: all but (1, old).
  EXPECT_EQ(
      Probe(x86_64(), kDirtyA, threads, MemoryModel::Tso, kDirtyA).nr_outcomes(Strategy::Dpor), 3u);
  // Store buffering: all four.
  const std::vector<std::vector<Instruction>> both = {{{Op::FlagStore, 0, 1}, {Op::Load, 1, 0}},
                                                      {{Op::Store, 0, 2}, {Op::FlagLoad, 0, 0}}};
  EXPECT_EQ(Probe(x86_64(), kDirtyA, both, MemoryModel::Sc, kDirtyA).nr_outcomes(Strategy::Dpor),
            3u);
  EXPECT_EQ(Probe(x86_64(), kDirtyA, both, MemoryModel::Tso, kDirtyA).nr_outcomes(Strategy::Dpor),
            4u);
}

}  // namespace
}  // namespace mmcheck::machine::testing

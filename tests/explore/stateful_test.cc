// SPDX-License-Identifier: Apache-2.0
// The search that remembers states against brute force.
#include <gtest/gtest.h>

#include "base/error.h"
#include "compare.h"
#include "explore/fiber.h"
#include "explore/scenario.h"

namespace mmcheck::explore {
namespace {

class Stateful : public testing::Test {
 protected:
  void SetUp() override {
    if (!Fibers::can_restore()) GTEST_SKIP() << "states cannot be told in this build";
  }
};

/// On programs of which `histories` says how much they remember. Returns how many steps were left
/// out, as a share of those that brute force made.
void compare_with_naive(bool histories, unsigned nr_programs) {
  unsigned nr_compared = 0;
  for (std::uint64_t seed = 1; nr_compared < nr_programs; ++seed) {
    RandomProgram program(seed, {.violations = seed % 3 == 0,
                                 .steps_max = 2 + static_cast<unsigned>(seed % 4),
                                 .histories = histories,
                                 .rewindable = true});
    const Seen naive = look(program, Strategy::Naive, kNaiveMax);
    if (!naive.result.complete) continue;
    ++nr_compared;
    const Seen stateful = look(program, Strategy::Stateful, ~std::uint64_t{0});
    ASSERT_TRUE(stateful.result.complete);
    ASSERT_TRUE(stateful.result.states.has_value());
    // Outcomes tell who is blocked at the end, so deadlocks are among them.
    EXPECT_EQ(naive.outcomes, stateful.outcomes) << "seed " << seed << "\n" << program.text();
    EXPECT_EQ(naive.violations.empty(), stateful.violations.empty()) << "seed " << seed;
    EXPECT_EQ(naive.result.counterexample.has_value(), stateful.result.counterexample.has_value());
    EXPECT_LE(stateful.result.states->transitions, naive.result.steps) << "seed " << seed;
    if (testing::Test::HasFailure()) break;
  }
}

TEST_F(Stateful, SeesWhatBruteForceSees) { compare_with_naive(true, 400); }

TEST_F(Stateful, SeesWhatBruteForceSeesOfProgramsThatForget) { compare_with_naive(false, 800); }

TEST_F(Stateful, CounterexamplesAreReplayed) {
  unsigned nr_found = 0;
  for (std::uint64_t seed = 3; nr_found < 100; seed += 3) {
    RandomProgram program(seed, {.violations = true, .steps_max = 4, .rewindable = true});
    const Result result = explore(program, {.strategy = Strategy::Stateful});
    if (!result.counterexample) continue;
    ++nr_found;
    const trace::Record record = replay(program, result.counterexample->schedule);
    ASSERT_TRUE(record.violation.has_value()) << "seed " << seed;
    EXPECT_EQ(record.violation->rule, result.counterexample->rule);
  }
}

/// Each of two threads adds 1 to its own word, `nr_turns` times.
TEST_F(Stateful, OneStatePerPairOfPlaces) {
  for (const unsigned nr_turns : {1u, 4u, 20u}) {
    Scenario s;
    for (const char* name : {"x", "y"}) {
      const Word word = s.word(name);
      s.thread(name, [=] {
        for (unsigned i = 0; i < nr_turns; ++i) word.fetch_add(1);
      });
    }
    const Result result = explore(s, {.strategy = Strategy::Stateful});
    EXPECT_TRUE(result.complete);
    EXPECT_EQ(result.states->states, (nr_turns + 1) * (nr_turns + 1));
    // Sleep sets lead to each of them on one way.
    EXPECT_EQ(result.states->transitions, result.states->states - 1);
    EXPECT_EQ(result.executions, 1u);
  }
}

TEST_F(Stateful, ALoopThatComesBackToAStateEnds) {
  Scenario s;
  const Word flag = s.word("flag");
  s.thread("spin", [=] {
    while (flag.load() == 0) {
    }
  });
  s.thread("set", [=] { flag.store(1); });
  const Result result = explore(s, {.strategy = Strategy::Stateful});
  EXPECT_TRUE(result.complete);
  EXPECT_FALSE(result.counterexample.has_value());
}

TEST_F(Stateful, RefusesWhatCannotBeRewound) {
  Scenario s;
  s.thread("nothing", [] {});
  s.not_rewindable();
  EXPECT_THROW(explore(s, {.strategy = Strategy::Stateful}), InputError);
}

}  // namespace
}  // namespace mmcheck::explore

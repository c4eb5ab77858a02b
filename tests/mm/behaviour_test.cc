// SPDX-License-Identifier: Apache-2.0
// What user programs see of the memory manager, apart from races: the semantics of mmap(2),
// munmap(2), madvise(2), msync(2) and friends, with every rule watched. `forall` conditions must
// hold in every final state of every execution.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "design/design.h"
#include "explore/explorer.h"
#include "workload/program.h"

namespace mmcheck {
namespace {

struct Outcome {
  std::string rule;  ///< broken, or empty
  bool condition = false;
  std::uint64_t executions = 0;
};

Outcome run(const std::string& text, const char* design = "linux-6.12") {
  const workload::Scenario scenario = workload::parse_scenario("C test\n" + text, "test");
  workload::ScenarioProgram program(scenario, *design::find_design(design));
  const explore::Result result = explore::explore(program, {});
  EXPECT_TRUE(result.complete);
  return {result.counterexample ? result.counterexample->rule : "", program.condition_held(),
          result.executions};
}

/// Holds under every design but `except`, with the condition true.
void expect_held(const std::string& text, std::string_view except = "") {
  for (const design::Design& design : design::designs()) {
    if (design.name == except) continue;
    SCOPED_TRACE(design.name);
    const Outcome outcome = run(text, design.name.data());
    EXPECT_EQ(outcome.rule, "");
    EXPECT_TRUE(outcome.condition);
  }
}

TEST(Mapping, SharedStoreReachesTheFileByMsync) {
  expect_held(R"({ file f; process A { x = mmap(f, 1 page, MAP_SHARED); } }
    P0(A) { WRITE_ONCE(*x, 5); msync(x, 4096, MS_SYNC); r0 = pread(f, 0); }
    forall (0:r0=5))");
}

TEST(Mapping, SharedMappingsOfTwoProcessesAreOnePage) {
  expect_held(R"({ file f; process A { x = mmap(f, 1 page, MAP_SHARED); }
      process B { y = mmap(f, 1 page, MAP_SHARED); } flag = 0; }
    P0(A) { WRITE_ONCE(*x, 5); WRITE_ONCE(*flag, 1); }
    P1(B) { r0 = READ_ONCE(*flag); r1 = READ_ONCE(*y); }
    forall (1:r0=0 \/ 1:r1=5))");
}

TEST(Mapping, PrivateStoreStaysPrivate) {
  expect_held(R"({ file f; process A { x = mmap(f, 1 page, MAP_PRIVATE); } }
    P0(A) { r0 = READ_ONCE(*x); WRITE_ONCE(*x, 5); r1 = READ_ONCE(*x); r2 = pread(f, 0); }
    forall (0:r0=0 /\ 0:r1=5 /\ 0:r2=0))");
}

TEST(Mapping, PrivateStoreAfterReadCopies) {
  expect_held(R"({ file f; process A { x = mmap(f, 1 page, MAP_PRIVATE), read; } }
    P0(A) { WRITE_ONCE(*x, 5); r0 = READ_ONCE(*x); r1 = pread(f, 0); }
    forall (0:r0=5 /\ 0:r1=0))");
}

TEST(Mapping, AnonymousMemoryStartsAsZeroAndIsDroppedByDontneed) {
  expect_held(R"({ process A { x = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS); } }
    P0(A) { r0 = READ_ONCE(*x); WRITE_ONCE(*x, 5); r1 = READ_ONCE(*x);
            madvise(x, 4096, MADV_DONTNEED); r2 = READ_ONCE(*x); }
    forall (0:r0=0 /\ 0:r1=5 /\ 0:r2=0))");
}

TEST(Mapping, SharedFileSurvivesDontneed) {
  expect_held(R"({ file f; process A { x = mmap(f, 1 page, MAP_SHARED); } }
    P0(A) { WRITE_ONCE(*x, 5); madvise(x, 4096, MADV_DONTNEED); r0 = READ_ONCE(*x); }
    forall (0:r0=5))");
}

// A thread that touches what is not mapped is killed: its later statements do not run.
TEST(Mapping, MunmapThenAccessIsASegfault) {
  expect_held(R"({ file f; process A { x = mmap(f, 1 page, MAP_SHARED), dirty; } }
    P0(A) { munmap(x, 4096); WRITE_ONCE(*x, 2); r0 = 7; }
    forall (0:r0=0))");
}

TEST(Mapping, PartOfAMappingCanBeUnmapped) {
  expect_held(R"({ file f, 3 pages; process A { x = mmap(f, 3 pages, MAP_SHARED), dirty; } }
    P0(A) { munmap(x + 4096, 4096); r0 = READ_ONCE(*x); r1 = READ_ONCE(*(x + 8192));
            r2 = READ_ONCE(*(x + 4096)); r3 = 7; }
    forall (0:r0=1 /\ 0:r1=1 /\ 0:r3=0))");
}

// The parts share the anon_vma: a walk from a page of the second part must find it alive, and a
// fault in it must find it.
TEST(Mapping, PartOfAnAnonymousMappingCanBeUnmapped) {
  expect_held(R"({ process A { x = mmap(3 pages, MAP_PRIVATE|MAP_ANONYMOUS), dirty; } }
    P0(A) { munmap(x, 4096); madvise(x + 8192, 4096, MADV_DONTNEED);
            WRITE_ONCE(*(x + 8192), 5); r0 = READ_ONCE(*(x + 4096)); r1 = READ_ONCE(*(x + 8192)); }
    P1(kernel) { r0 = folio_referenced(A:x + 4096); }
    forall (0:r0=1 /\ 0:r1=5))");
}

TEST(Mapping, FixedAnonymousMappingReplacesAFile) {
  expect_held(R"({ file f; process A { x = mmap(f, 1 page, MAP_SHARED), dirty; } }
    P0(A) { mmap(x, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0);
            r0 = READ_ONCE(*x); WRITE_ONCE(*x, 5); r1 = READ_ONCE(*x); r2 = pread(f, 0); }
    forall (0:r0=0 /\ 0:r1=5 /\ 0:r2=1))");
}

TEST(Mapping, FixedMappingReplaces) {
  expect_held(R"({ file f; process A { x = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS), dirty; } }
    P0(A) { r0 = READ_ONCE(*x);
            mmap(x, 4096, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, f, 0);
            r1 = READ_ONCE(*x); WRITE_ONCE(*x, 5); r2 = pread(f, 0); }
    forall (0:r0=1 /\ 0:r1=0 /\ 0:r2=5))");
}

TEST(Writeback, StoreAfterMsyncFaultsAndIsWrittenByTheNext) {
  expect_held(R"({ file f; process A { x = mmap(f, 1 page, MAP_SHARED), dirty; } }
    P0(A) { msync(x, 4096, MS_SYNC); WRITE_ONCE(*x, 6); msync(x, 4096, MS_SYNC);
            madvise(x, 4096, MADV_DONTNEED);
            posix_fadvise(f, 0, 4096, POSIX_FADV_DONTNEED); r0 = pread(f, 0); }
    forall (0:r0=6))");
}

TEST(Writeback, EvictionRereadsFromDisk) {
  expect_held(R"({ file f; process A; }
    P0(A) { pwrite(f, 0, 9); posix_fadvise(f, 0, 4096, POSIX_FADV_DONTNEED); r0 = pread(f, 0); }
    forall (0:r0=9))");
}

TEST(Reclaim, CleanPageGoesAndComesBack) {
  expect_held(R"({ file f; process A { x = mmap(f, 1 page, MAP_SHARED), read; } }
    P0(kernel) { folio_referenced(f); r0 = shrink_folio_list(f); }
    P1(A) { r0 = READ_ONCE(*x); }
    forall (1:r0=0))",
              "linux-6.12-arm64");  // R-COHERE: see catalog/load+reclaim.litmus
}

TEST(Truncate, DropsPagesAndTheirStores) {
  expect_held(R"({ file f, 2 pages; process A { x = mmap(f, 2 pages, MAP_SHARED), dirty; } }
    P0(A) { ftruncate(f, 4096); msync(x, 8192, MS_SYNC); madvise(x, 8192, MADV_DONTNEED); })");
}

// The page lock keeps the mover away from a page that is about to be mapped.
TEST(Memcg, ChargesMoveWhileAPageIsMapped) {
  expect_held(R"({ file f; process A { x = mmap(f, 1 page, MAP_SHARED); }
      process B { y = mmap(f, 1 page, MAP_SHARED), read; } }
    P0(A) { r0 = READ_ONCE(*x); }
    P1(kernel) { mem_cgroup_move_charge(A:x); }
    forall (0:r0=0))");
}

TEST(AnonVma, WalksFindEachMapping) {
  expect_held(R"({ process A { x = mmap(2 pages, MAP_PRIVATE|MAP_ANONYMOUS), dirty; } }
    P0(kernel) { r0 = rmap_walk_anon(A:x); r1 = folio_get_anon_vma(A:x + 4096); }
    P1(A) { munmap(x, 4096); }
    forall ((0:r0=0 \/ 0:r0=1) /\ 0:r1=1))");
}

// Each way onto the lists and between them: pages that are there, that fault in, that are unmapped.
TEST(Mlock, PagesStayOnTheListsAndAreFreed) {
  expect_held(R"({ file f; process A { x = mmap(2 pages, MAP_PRIVATE|MAP_ANONYMOUS), dirty;
      y = mmap(f, 1 page, MAP_SHARED); z = mmap(f, 1 page, MAP_PRIVATE), read; } }
    P0(A) { mlock(x, 8192); mlock(y, 4096); mlock(z, 4096); WRITE_ONCE(*z, 2); munlock(x, 8192);
            r0 = READ_ONCE(*x); munmap(x + 4096, 4096); munmap(y, 4096); munlock(z, 4096); }
    forall (0:r0=1))");
}

TEST(Mlock, OfAPageThatTwoProcessesMap) {
  expect_held(R"({ file f; process A { x = mmap(f, 1 page, MAP_SHARED), read; }
      process B { y = mmap(f, 1 page, MAP_SHARED), read; } }
    P0(A) { mlock(x, 4096); munlock(x, 4096); }
    P1(B) { mlock(y, 4096); munmap(y, 4096); })");
}

TEST(Swap, PageGoesAndComesBack) {
  expect_held(R"({ process A { x = mmap(2 pages, MAP_PRIVATE|MAP_ANONYMOUS), dirty; } out = 0; }
    P0(kernel) { folio_referenced(A:x + 4096); r0 = shrink_folio_list(A:x + 4096);
                 WRITE_ONCE(*out, 1); }
    P1(A) { r0 = READ_ONCE(*out);
            if (r0 == 1) { r1 = READ_ONCE(*(x + 4096)); WRITE_ONCE(*(x + 4096), 2);
                           r2 = READ_ONCE(*(x + 4096)); madvise(x, 8192, MADV_DONTNEED);
                           r3 = READ_ONCE(*(x + 4096)); } }
    forall (0:r0=1 /\ (1:r0=0 \/ 1:r1=1 /\ 1:r2=2 /\ 1:r3=0)))");
}

// The thread may have been on its way to the page: it does not get a fresh one.
TEST(OomReaper, NobodySeesWhatReplacesAPageThatWasReaped) {
  expect_held(R"({ process A { x = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS), dirty; } }
    P0(kernel) { oom_kill_process(A); }
    P1(A) { r0 = READ_ONCE(*x); r1 = 1; }
    P2(A) { r0 = READ_ONCE(*x); }
    forall (1:r1=0 \/ 1:r0=1))");
}

TEST(Exit, TheLastThreadFreesTheAddressSpace) {
  expect_held(R"({ process A { x = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS), dirty; } }
    P0(A) { exit_group(0); }
    P1(A) { r0 = READ_ONCE(*x); }
    forall (1:r0=0 \/ 1:r0=1))");
}

// Who comes first in the file must not matter for what is found.
TEST(Rules, AnonVmaUseAfterFreeIsFoundWithTheThreadsInEitherOrder) {
  const std::string mapping =
      "{ process A { x = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS), dirty; } }\n";
  const std::string unmap = "(A) { munmap(x, 4096); }\n";
  const std::string walk = "(kernel) { r0 = folio_referenced(A:x); }\n";
  EXPECT_EQ(run(mapping + "P0" + unmap + "P1" + walk, "torvalds-rmap-at-free").rule, "R-ANON");
  EXPECT_EQ(run(mapping + "P0" + walk + "P1" + unmap, "torvalds-rmap-at-free").rule, "R-ANON");
}

// The condition machinery itself must be able to fail.
TEST(Condition, CanFail) {
  EXPECT_FALSE(run(R"({ process A { x = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS); } }
    P0(A) { r0 = READ_ONCE(*x); }
    forall (0:r0=1))")
                   .condition);
}

/// What the model has not is refused, at its place in the file.
std::string refusal(const std::string& text) {
  try {
    run(text);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Unsupported, IsRefused) {
  using ::testing::HasSubstr;
  const std::string file = "{ file f, 2 pages; process A { x = mmap(f, 2 pages, MAP_SHARED); } }\n";
  EXPECT_THAT(refusal(file + "P0(A) { mlock(x, 4096); }"),
              HasSubstr("mlock() of a part of the mapping 'x' is not modelled"));
  EXPECT_THAT(refusal(file + "P0(A) { mlock(x, 8192); }\nP1(kernel) { shrink_folio_list(f); }"),
              HasSubstr("shrink_folio_list() beside mlock() is not modelled"));
  EXPECT_THAT(refusal(file + "P0(A) { ftruncate(f, 0); r0 = READ_ONCE(*x); }"),
              HasSubstr("beside ftruncate() are not modelled"));
}

// Message passing through mapped memory is sequentially consistent; store buffering likewise.
TEST(Memory, IsSequentiallyConsistent) {
  expect_held(R"({ process A { x = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS), dirty;
                               y = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS), dirty; } }
    P0(A) { WRITE_ONCE(*x, 2); r0 = READ_ONCE(*y); }
    P1(A) { WRITE_ONCE(*y, 2); r0 = READ_ONCE(*x); }
    forall (0:r0=2 \/ 1:r0=2))");
}

}  // namespace
}  // namespace mmcheck

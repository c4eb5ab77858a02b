// SPDX-License-Identifier: Apache-2.0
// What user programs see of mprotect(2), mremap(2) and madvise(2) with MADV_FREE, with every rule
// watched. Races that a mutation is about are in catalog/.
#include <gtest/gtest.h>

#include "base/error.h"
#include "design/design.h"
#include "explore/explorer.h"
#include "workload/program.h"

namespace mmcheck {
namespace {

/// Holds under designs of each architecture, with the condition true.
void expect_held(const std::string& text) {
  const workload::Scenario scenario = workload::parse_scenario("C test\n" + text, "test");
  for (const char* design : {"linux-6.1", "linux-6.12", "linux-6.1-s390", "linux-6.12-arm64",
                             "linux-6.1-pae-pv", "amit-tlb-generation"}) {
    SCOPED_TRACE(design);
    workload::ScenarioProgram program(scenario, *design::find_design(design));
    const explore::Result result = explore::explore(program, {});
    EXPECT_TRUE(result.complete);
    EXPECT_EQ(result.counterexample ? result.counterexample->rule : "", "");
    EXPECT_TRUE(program.condition_held());
  }
}

// A thread that may not store ends there.
TEST(Mprotect, ReadOnlyMemoryIsNotWritten) {
  expect_held(R"({ process A { x = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS), dirty; } }
    P0(A) { mprotect(x, 4096, PROT_READ); r0 = READ_ONCE(*x); WRITE_ONCE(*x, 2); r1 = 1; }
    forall (0:r0=1 /\ 0:r1=0))");
}

TEST(Mprotect, NoneIsNotRead) {
  expect_held(R"({ file f; process A { x = mmap(f, 1 page, MAP_SHARED), dirty; } }
    P0(A) { mprotect(x, 4096, PROT_NONE); r0 = READ_ONCE(*x); r1 = 1; }
    forall (0:r0=0 /\ 0:r1=0))");
}

TEST(Mprotect, WhatIsTakenAwayComesBack) {
  expect_held(R"({ file f; process A { x = mmap(f, 1 page, MAP_SHARED), dirty; } }
    P0(A) { mprotect(x, 4096, PROT_NONE); mprotect(x, 4096, PROT_READ|PROT_WRITE);
            r0 = READ_ONCE(*x); WRITE_ONCE(*x, 2); munmap(x, 4096); fdatasync(f);
            r1 = pread(f, 0); }
    forall (0:r0=1 /\ 0:r1=2))");
}

TEST(Mprotect, OfAPartSplitsTheMapping) {
  expect_held(R"({ process A { x = mmap(3 pages, MAP_PRIVATE|MAP_ANONYMOUS); } }
    P0(A) { mprotect(x + 4096, 4096, PROT_READ); WRITE_ONCE(*x, 1); WRITE_ONCE(*(x + 8192), 3);
            r0 = READ_ONCE(*(x + 4096)); r1 = READ_ONCE(*x); r2 = READ_ONCE(*(x + 8192));
            WRITE_ONCE(*(x + 4096), 2); r3 = 1; }
    forall (0:r0=0 /\ 0:r1=1 /\ 0:r2=3 /\ 0:r3=0))");
}

TEST(Mprotect, GupForWritingFindsNothing) {
  expect_held(R"({ process A { x = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS), dirty; } }
    P0(A) { mprotect(x, 4096, PROT_READ); r0 = get_user_pages_fast(x, FOLL_WRITE);
            r1 = get_user_pages_fast(x, 0); put_page(r1); }
    forall (0:r0=0 /\ ~(0:r1=0)))");
}

TEST(Mmap, ReadOnlyFromTheStart) {
  expect_held(R"({ file f; process A { x = mmap(f, 1 page, MAP_SHARED); } }
    P0(A) { mmap(x, 4096, PROT_READ, MAP_SHARED|MAP_FIXED, f, 0); r0 = READ_ONCE(*x);
            WRITE_ONCE(*x, 2); r1 = 1; }
    forall (0:r0=0 /\ 0:r1=0))");
}

TEST(Mprotect, OfAHugeMappingIsRefused) {
  const workload::Scenario scenario = workload::parse_scenario(R"(C test
    { file f, 2 pages, large folio; process A { x = mmap(f, 2 pages, MAP_SHARED), dirty, huge; } }
    P0(A) { mprotect(x, 8192, PROT_READ); })",
                                                               "test");
  EXPECT_THROW(workload::ScenarioProgram(scenario, *design::find_design("linux-6.12")), InputError);
}

TEST(Mprotect, MigrationDoesNotBringBackWhatIsTaken) {
  expect_held(R"({ file f; process A { x = mmap(f, 1 page, MAP_SHARED), dirty; } }
    P0(A) { mprotect(x, 4096, PROT_NONE); }
    P1(kernel) { migrate_vma(A:x); })");
}

TEST(Mremap, ContentsAreAtTheNewAddressOnly) {
  expect_held(R"({ process A { x = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS), dirty;
                               y = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS), read; } }
    P0(A) { mremap(x, 4096, 4096, MREMAP_MAYMOVE|MREMAP_FIXED, y); r0 = READ_ONCE(*y);
            WRITE_ONCE(*y, 2); r1 = READ_ONCE(*y); r2 = READ_ONCE(*x); r3 = 1; }
    forall (0:r0=1 /\ 0:r1=2 /\ 0:r3=0))");
}

TEST(Mremap, OfAPartKeepsTheRest) {
  expect_held(R"({ file f, 3 pages; process A { x = mmap(f, 3 pages, MAP_SHARED);
                                                y = mmap(f, 1 page, MAP_SHARED); } }
    P0(A) { WRITE_ONCE(*(x + 4096), 5);
            mremap(x + 4096, 4096, 4096, MREMAP_MAYMOVE|MREMAP_FIXED, y); r0 = READ_ONCE(*y);
            WRITE_ONCE(*(x + 8192), 6); munmap(x, 4096); munmap(y, 4096);
            r1 = pread(f, 4096); r2 = pread(f, 8192); }
    forall (0:r0=5 /\ 0:r1=5 /\ 0:r2=6))");
}

TEST(Mremap, WithDontunmapTheOldMappingStaysEmpty) {
  expect_held(R"({ process A { x = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS), dirty;
                               y = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS); } }
    P0(A) { mremap(x, 4096, 4096, MREMAP_MAYMOVE|MREMAP_FIXED|MREMAP_DONTUNMAP, y);
            r0 = READ_ONCE(*x); r1 = READ_ONCE(*y); WRITE_ONCE(*x, 3); r2 = READ_ONCE(*y); }
    forall (0:r0=0 /\ 0:r1=1 /\ 0:r2=1))");
}

TEST(Mremap, WhatIsNotFaultedInYetIsFaultedInThere) {
  expect_held(R"({ file f; process A { x = mmap(f, 1 page, MAP_PRIVATE);
                                       y = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS); } }
    P0(A) { pwrite(f, 0, 7); mremap(x, 4096, 4096, MREMAP_MAYMOVE|MREMAP_FIXED, y);
            r0 = READ_ONCE(*y); WRITE_ONCE(*y, 8); munmap(y, 4096); r1 = pread(f, 0); }
    forall (0:r0=7 /\ 0:r1=7))");
}

// Walks of the reverse map find the page by the index that it had where it was first mapped.
TEST(Mremap, RmapFindsWhatHasMoved) {
  expect_held(R"({ process A { x = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS), dirty;
                               y = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS); } done = 0; }
    P0(A) { mremap(x, 4096, 4096, MREMAP_MAYMOVE|MREMAP_FIXED, y); WRITE_ONCE(*done, 1); }
    P1(kernel) { r0 = READ_ONCE(*done); r1 = rmap_walk_anon(A:x); }
    forall (1:r0=0 \/ 1:r1=1))");
}

// Not while reclaim has its flush put off: see catalog/madv-free+gup+load+reclaim.
TEST(MadvFree, PageStaysOrIsZero) {
  expect_held(R"({ process A { x = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS), dirty; } done = 0; }
    P0(A) { madvise(x, 4096, MADV_FREE); r0 = READ_ONCE(*done);
            if (r0 == 1) { r1 = READ_ONCE(*x); r2 = READ_ONCE(*x); } }
    P1(kernel) { shrink_folio_list(A:x); WRITE_ONCE(*done, 1); }
    forall (0:r1=0 /\ 0:r2=0 \/ 0:r1=1 /\ 0:r2=1))");
}

TEST(MadvFree, PageIsDroppedWhileItIsClean) {
  const workload::Scenario scenario = workload::parse_scenario(R"(C test
    { process A { x = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS), dirty; } }
    P0(A) { madvise(x, 4096, MADV_FREE); r0 = READ_ONCE(*x); }
    P1(kernel) { shrink_folio_list(A:x); }
    exists (0:r0=0))",
                                                               "test");
  workload::ScenarioProgram program(scenario, *design::find_design("linux-6.12"));
  EXPECT_TRUE(explore::explore(program, {}).complete);
  EXPECT_TRUE(program.condition_held());
}

// The second look at a page that was written to again finds an ordinary one, which goes to swap.
TEST(MadvFree, PageThatIsWrittenAgainIsSwapped) {
  expect_held(R"({ process A { x = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS), dirty; } done = 0; }
    P0(A) { madvise(x, 4096, MADV_FREE); WRITE_ONCE(*x, 2); WRITE_ONCE(*done, 1);
            r0 = READ_ONCE(*x); }
    P1(kernel) { r0 = READ_ONCE(*done);
                 if (r0 == 1) { shrink_folio_list(A:x); shrink_folio_list(A:x); } }
    forall (0:r0=2))");
}

// What a VMA that grows changes is seen by a fault that looks for it without mmap_lock.
TEST(Mremap, GrowsAVmaThatFaultsLookFor) {
  expect_held(R"({ vma locks; file f, 2 pages;
      process A { w = mmap(f, 1 page, MAP_SHARED); y = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS);
                  x = mmap(f, 1 page, MAP_SHARED, 1 page), dirty; } }
    P0(A) { mremap(x, 4096, 4096, MREMAP_MAYMOVE|MREMAP_FIXED, y); }
    P1(A) { r0 = READ_ONCE(*y); })");
}

// Walks go by the place in the file, whichever mapping came first: the new place is found behind
// the old one.
TEST(Mremap, IsFoundByWalksInTheOrderOfTheFile) {
  expect_held(R"({ file f, 3 pages;
      process A { y = mmap(f, 2 pages, MAP_SHARED, 1 page);
                  x = mmap(f, 3 pages, MAP_SHARED), dirty; }
      process B { z = mmap(f, 1 page, MAP_SHARED, 2 pages); } }
    P0(A) { mremap(x + 8192, 4096, 4096, MREMAP_MAYMOVE|MREMAP_FIXED, y + 4096);
            munmap(y + 4096, 4096); }
    P1(B) { msync(z, 4096, MS_SYNC); })");
}

}  // namespace
}  // namespace mmcheck

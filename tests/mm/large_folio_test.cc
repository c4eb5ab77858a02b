// SPDX-License-Identifier: Apache-2.0
// Folios with tail pages: one lock, one dirty flag, one reference count, several frames.
#include <gtest/gtest.h>

#include "design/design.h"
#include "explore/explorer.h"
#include "workload/program.h"

namespace mmcheck {
namespace {

/// The rule that is broken, or "held" if none is and the condition is met.
std::string run(const std::string& text, std::string_view design) {
  const workload::Scenario scenario = workload::parse_scenario("C test\n" + text, "test");
  workload::ScenarioProgram program(scenario, *design::find_design(design));
  const explore::Result result = explore::explore(program, {});
  EXPECT_TRUE(result.complete || result.counterexample);
  if (result.counterexample) return result.counterexample->rule;
  return program.condition_held() ? "held" : "condition not met";
}

void expect_held(const std::string& text) {
  for (const design::Design& design : design::designs()) {
    EXPECT_EQ(run(text, design.name), "held") << design.name;
  }
}

constexpr const char* kMapped = R"({ file f, 2 pages, large folio;
  process A { x = mmap(f, 2 pages, MAP_SHARED), dirty; } process B; })";

TEST(LargeFolio, IsWrittenWholeAndReadByPage) {
  expect_held(std::string(kMapped) + R"(
    P0(A) { WRITE_ONCE(*(x + 4096), 5); msync(x, 8192, MS_SYNC); r0 = pread(f, 0);
            r1 = pread(f, 4096); WRITE_ONCE(*(x + 4096), 6); }
    forall (0:r0=1 /\ 0:r1=5))");
}

// The entries hold a reference each, the page cache one for each page: R-COUNT counts them.
TEST(LargeFolio, IsUnmappedInPartsAndEvicted) {
  expect_held(std::string(kMapped) + R"(
    P0(A) { munmap(x, 4096); munmap(x + 4096, 4096); fsync(f);
            posix_fadvise(f, 0, 8192, POSIX_FADV_DONTNEED); r0 = pread(f, 4096); }
    forall (0:r0=1))");
}

TEST(LargeFolio, AnonymousIsFreedWithItsLastEntry) {
  expect_held(R"({ process A { x = mmap(2 pages, MAP_PRIVATE|MAP_ANONYMOUS), dirty, large folio; } }
    P0(A) { madvise(x, 4096, MADV_DONTNEED); r0 = READ_ONCE(*x); r1 = READ_ONCE(*(x + 4096));
            munmap(x, 8192); }
    forall (0:r0=0 /\ 0:r1=1))");
}

// The lost write of the thread, in the second page of a folio.
TEST(LargeFolio, LosesAWriteWhereSmallFoliosDo) {
  const std::string text = std::string(kMapped) + R"(
    P0(A) { munmap(x, 8192); }
    P1(A) { WRITE_ONCE(*(x + 4096), 2); }
    P2(kernel) { writeback(f); })";
  EXPECT_EQ(run(text, "linux-6.1"), "R-WRITE");
  EXPECT_EQ(run(text, "linux-6.12"), "held");
  EXPECT_EQ(run(text, "linux-6.12/flush-after-ptl"), "R-WRITE");
}

constexpr const char* kHuge = R"({ file f, 2 pages, large folio;
  process A { x = mmap(f, 2 pages, MAP_SHARED), dirty, huge; } })";

// A store after writeback finds the huge entry read-only: it goes, and the page is mapped alone.
TEST(HugeEntry, IsSplitByAStoreAfterItWasCleaned) {
  expect_held(std::string(kHuge) + R"(
    P0(A) { WRITE_ONCE(*(x + 4096), 5); msync(x, 8192, MS_SYNC); WRITE_ONCE(*x, 6);
            r0 = READ_ONCE(*(x + 4096)); r1 = READ_ONCE(*x); msync(x, 8192, MS_SYNC);
            r2 = pread(f, 0); }
    forall (0:r0=5 /\ 0:r1=6 /\ 0:r2=6))");
}

TEST(HugeEntry, IsUnmappedWhole) {
  expect_held(std::string(kHuge) + R"(
    P0(A) { munmap(x, 8192); r0 = READ_ONCE(*x); r1 = 1; }
    forall (0:r1=0))");
}

constexpr const char* kAnonymous = R"({
  process A { x = mmap(2 pages, MAP_PRIVATE|MAP_ANONYMOUS), dirty, large folio; } })";

TEST(Split, LeavesPagesThatAreMappedAndFreedAlone) {
  expect_held(std::string(kAnonymous) + R"(
    P0(kernel) { r0 = split_folio(A:x); }
    P1(A) { r0 = READ_ONCE(*(x + 4096)); munmap(x, 4096); r1 = READ_ONCE(*(x + 4096)); }
    forall (1:r0=1 /\ 1:r1=1))");
}

TEST(Split, HappensOnceOnly) {
  expect_held(std::string(kAnonymous) + R"(
    P0(kernel) { r0 = split_folio(A:x); r1 = split_folio(A:x + 4096); }
    forall (0:r0=1 /\ 0:r1=0))");
}

// A fault waits for a page that is being moved.
TEST(MigrateVma, PutsTheEntryBack) {
  expect_held(R"({ process A { x = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS), dirty; } }
    P0(kernel) { migrate_vma(A:x); }
    P1(A) { WRITE_ONCE(*x, 2); r0 = READ_ONCE(*x); }
    forall (1:r0=2))");
}

}  // namespace
}  // namespace mmcheck

// SPDX-License-Identifier: Apache-2.0
// fork() and copy on write: who sees what, and what is refused. Races are in catalog/fork.
#include <gtest/gtest.h>

#include "base/error.h"
#include "design/design.h"
#include "explore/explorer.h"
#include "workload/program.h"

namespace mmcheck {
namespace {

struct Outcome {
  std::string rule;  ///< broken, or empty
  bool condition = false;
};

Outcome run(const std::string& text, const char* design,
            explore::MemoryModel memory = explore::MemoryModel::Sc) {
  const workload::Scenario scenario = workload::parse_scenario("C test\n" + text, "test");
  workload::ScenarioProgram program(scenario, *design::find_design(design), memory);
  const explore::Result result = explore::explore(program, {});
  EXPECT_TRUE(result.complete);
  return {result.counterexample ? result.counterexample->rule : "", program.condition_held()};
}

void expect_held(const std::string& text) {
  for (const char* design : {"linux-6.1", "linux-6.12", "linux-6.1-s390", "linux-6.12-arm64"}) {
    SCOPED_TRACE(design);
    const Outcome outcome = run(text, design);
    EXPECT_EQ(outcome.rule, "");
    EXPECT_TRUE(outcome.condition);
  }
}

const std::string kAnonymous =
    R"({ process A { x = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS), dirty; }
                                    process B, child of A; })";

TEST(Fork, PartsWhatTheProcessesStoreFromThenOn) {
  expect_held(kAnonymous + R"(
    P0(A) { WRITE_ONCE(*x, 5); fork(B); WRITE_ONCE(*x, 6); r0 = READ_ONCE(*x); }
    P1(B) { r0 = READ_ONCE(*x); WRITE_ONCE(*x, 7); r1 = READ_ONCE(*x); }
    forall (0:r0=6 /\ 1:r0=5 /\ 1:r1=7))");
}

TEST(Fork, PartsThemWithStoreBuffersToo) {
  const Outcome outcome = run(kAnonymous + R"(
    P0(A) { WRITE_ONCE(*x, 5); fork(B); WRITE_ONCE(*x, 6); r0 = READ_ONCE(*x); }
    P1(B) { r0 = READ_ONCE(*x); }
    forall (0:r0=6 /\ 1:r0=5))",
                              "linux-6.12", explore::MemoryModel::Tso);
  EXPECT_EQ(outcome.rule, "");
  EXPECT_TRUE(outcome.condition);
}

TEST(Fork, SharesWhatIsShared) {
  expect_held(R"({ file f; process A { x = mmap(f, 1 page, MAP_SHARED), dirty; }
                   process B, child of A; flag = 0; }
    P0(A) { fork(B); WRITE_ONCE(*x, 6); smp_store_release(flag, 1); }
    P1(B) { r0 = smp_load_acquire(flag); r1 = READ_ONCE(*x); }
    forall (1:r0=0 \/ 1:r1=6))");
}

TEST(Fork, CopiesPrivatePagesOfFilesThatHaveBeenWritten) {
  expect_held(R"({ file f, 2 pages; process A { x = mmap(f, 2 pages, MAP_PRIVATE), dirty; }
                   process B, child of A; }
    P0(A) { fork(B); WRITE_ONCE(*x, 6); }
    P1(B) { r0 = READ_ONCE(*x); r1 = READ_ONCE(*(x + 4096)); r2 = pread(f, 0); }
    forall (1:r0=1 /\ 1:r1=1 /\ 1:r2=0))");
}

TEST(Fork, GivesTheChildTheMappingsThatThereAre) {
  expect_held(R"({ process A { x = mmap(2 pages, MAP_PRIVATE|MAP_ANONYMOUS), dirty; }
                   process B, child of A; }
    P0(A) { munmap(x, 4096); fork(B); }
    P1(B) { r0 = READ_ONCE(*(x + 4096)); munmap(x + 4096, 4096); r1 = READ_ONCE(*x); r2 = 1; }
    forall (1:r0=1 /\ 1:r2=0))");
}

TEST(Fork, OfAChild) {
  expect_held(R"({ process A { x = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS), dirty; }
                   process B, child of A; process C, child of B; }
    P0(A) { fork(B); WRITE_ONCE(*x, 2); }
    P1(B) { WRITE_ONCE(*x, 3); fork(C); WRITE_ONCE(*x, 4); }
    P2(C) { r0 = READ_ONCE(*x); }
    forall (2:r0=3))");
}

TEST(Fork, ThatIsNotCalledMakesNoChild) {
  expect_held(kAnonymous + R"(
    P0(A) { r0 = READ_ONCE(*x); if (r0 == 2) fork(B); }
    P1(B) { r0 = 1; }
    forall (1:r0=0))");
}

// The child's page is a copy: the reference count of the pinned one tells nothing about the child.
TEST(Fork, CopiesAPinnedPageAtOnce) {
  expect_held(kAnonymous + R"(
    P0(A) { r0 = pin_user_pages_fast(x, FOLL_WRITE); fork(B); memcpy_to_page(r0, 6);
            r1 = READ_ONCE(*x); unpin_user_page(r0); }
    P1(B) { r0 = READ_ONCE(*x); }
    forall (0:r1=6 /\ 1:r0=1))");
}

TEST(Fork, MayPinForReadingWhatIsSharedAfterwards) {
  expect_held(kAnonymous + R"(
    P0(A) { fork(B); r0 = pin_user_pages_fast(x, 0); WRITE_ONCE(*x, 6); r1 = memcpy_from_page(r0); }
    P1(B) { r0 = READ_ONCE(*x); }
    forall (0:r1=6 /\ 1:r0=1))");
}

/// What makes O_DIRECT and fork() unsafe together where FOLL_PIN is not used.
TEST(Fork, TakesAPageAwayFromWhoHasGotItWithoutAPin) {
  const Outcome outcome = run(kAnonymous + R"(
    P0(A) { r0 = get_user_pages_fast(x, FOLL_WRITE); fork(B); WRITE_ONCE(*x, 6);
            memcpy_to_page(r0, 7); r1 = READ_ONCE(*x); }
    P1(B) { r0 = 0; }
    exists (0:r1=6))",
                              "linux-6.12");
  EXPECT_EQ(outcome.rule, "");
  EXPECT_TRUE(outcome.condition);
}

void expect_refused(const std::string& text, const std::string& message) {
  try {
    run(text, "linux-6.12");
    FAIL() << "not refused";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << error.what();
  }
}

TEST(Fork, WithWhatIsNotModelledIsRefused) {
  expect_refused(kAnonymous + "P0(A) { r0 = 1; }", "expected one call of fork(B), got 0");
  expect_refused(kAnonymous + "P0(A) { fork(B); fork(B); }", "expected one call of fork(B), got 2");
  expect_refused(kAnonymous + "P0(A) { fork(B); mlock(x, 4096); }",
                 "mlock() is not modelled beside fork()");
  expect_refused(kAnonymous + "P0(A) { fork(B); } P1(kernel) { shrink_folio_list(A:x); }",
                 "not modelled beside fork(), of a page that is no file's");
  expect_refused(kAnonymous + "P0(A) { fork(B); } P1(kernel) { folio_referenced(B:x); }",
                 "'B' is born later");
}

}  // namespace
}  // namespace mmcheck

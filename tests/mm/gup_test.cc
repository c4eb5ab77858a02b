// SPDX-License-Identifier: Apache-2.0
// GUP, page tables that are freed, and grace periods: what they do when nothing races, and which of
// two steps that protect the same thing is needed where. Races that a claim of the mail thread or a
// mutation is about are in catalog/.
#include <gtest/gtest.h>

#include "design/design.h"
#include "explore/explorer.h"
#include "workload/program.h"

namespace mmcheck {
namespace {

struct Outcome {
  std::string rule;  ///< broken, or empty
  bool condition = false;
};

Outcome run(const std::string& text, const mm::Policies& policies) {
  const workload::Scenario scenario = workload::parse_scenario("C test\n" + text, "test");
  const design::Design design{"test", "", "", &policies};
  workload::ScenarioProgram program(scenario, design);
  const explore::Result result = explore::explore(program, {});
  EXPECT_TRUE(result.complete);
  return {result.counterexample ? result.counterexample->rule : "", program.condition_held()};
}

mm::Policies policies_of(const char* design) { return *design::find_design(design)->policies; }

void expect_held(const std::string& text) {
  for (const char* design : {"linux-6.1", "linux-6.12", "linux-6.1-s390"}) {
    SCOPED_TRACE(design);
    const Outcome outcome = run(text, policies_of(design));
    EXPECT_EQ(outcome.rule, "");
    EXPECT_TRUE(outcome.condition);
  }
}

TEST(Gup, WritesToThePageThatTheUserSees) {
  expect_held(R"({ file f; process A { x = mmap(f, 1 page, MAP_SHARED), dirty; } }
    P0(A) { r0 = get_user_pages_fast(x, FOLL_WRITE); memcpy_to_page(r0, 5); set_page_dirty(r0);
            put_page(r0); r1 = READ_ONCE(*x); r2 = pread(f, 0); }
    forall (0:r1=5 /\ 0:r2=5))");
}

TEST(Gup, FaultsWhereNothingIsMapped) {
  expect_held(R"({ process A { x = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS); } }
    P0(A) { r0 = pin_user_pages_fast(x, FOLL_WRITE); memcpy_to_page(r0, 5); unpin_user_page(r0);
            r1 = READ_ONCE(*x); }
    forall (0:r1=5))");
}

TEST(Gup, ForWritingBreaksCopyOnWrite) {
  expect_held(R"({ file f; process A { x = mmap(f, 1 page, MAP_PRIVATE), read; } }
    P0(A) { r0 = get_user_pages_fast(x, FOLL_WRITE); memcpy_to_page(r0, 5); put_page(r0);
            r1 = READ_ONCE(*x); r2 = pread(f, 0); }
    forall (0:r1=5 /\ 0:r2=0))");
}

TEST(Gup, FindsNothingWhereNoMappingIs) {
  expect_held(R"({ file f; process A { x = mmap(f, 1 page, MAP_SHARED), dirty; } }
    P0(A) { munmap(x, 4096); r0 = get_user_pages_fast(x, 0); put_page(r0); }
    forall (0:r0=0))");
}

// The count that a pin adds is known to whoever checks counts in the end.
TEST(Gup, PageThatIsNotGivenBackStays) {
  expect_held(R"({ process A { x = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS), dirty; } }
    P0(A) { r0 = pin_user_pages_fast(x, 0); madvise(x, 4096, MADV_DONTNEED);
            memcpy_to_page(r0, 5); r1 = READ_ONCE(*x); }
    P1(kernel) { r0 = alloc_page(A:x); }
    forall (0:r1=0 /\ 1:r0=0))");
}

TEST(AllocPage, GetsTheVeryPageOnceItIsFree) {
  const Outcome outcome =
      run(R"({ process A { x = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS), dirty; } }
    P0(A) { madvise(x, 4096, MADV_DONTNEED); }
    P1(kernel) { r0 = alloc_page(A:x); memcpy_to_page(r0, 7); put_page(r0); }
    exists (1:r0!=0))",
          policies_of("linux-6.12"));
  EXPECT_EQ(outcome.rule, "");
  EXPECT_TRUE(outcome.condition);
}

constexpr const char* kUnmapped = R"({ file f;
      process A { x = mmap(f, 1 page, MAP_SHARED), dirty; } }
    P0(A) { r0 = get_user_pages_fast(x, FOLL_WRITE); put_page(r0); }
    P1(A) { madvise(x, 4096, MADV_DONTNEED); })";

constexpr const char* kTableFreed = R"({ file f;
      process A { x = mmap(f, 1 page, MAP_SHARED), dirty; } }
    P0(A) { r0 = get_user_pages_fast(x, 0); put_page(r0); }
    P1(A) { munmap(x, 4096); })";

// A flush that is an IPI waits for whoever has interrupts off. What protects besides can be left
// out, one at a time; with both left out, the rule breaks.
TEST(FlushByIpi, StandsInForTheSecondLookOfGupFast) {
  mm::Policies policies = policies_of("linux-6.12");
  policies.gup_recheck = mm::GupRecheck::None;
  EXPECT_EQ(run(kUnmapped, policies).rule, "");
  policies.gup_irqs = mm::GupIrqs::On;
  EXPECT_EQ(run(kUnmapped, policies).rule, "R-PIN");
}

TEST(FlushByIpi, StandsInForTheGracePeriodOfTables) {
  mm::Policies policies = policies_of("linux-6.12");
  policies.table_free = mm::TableFree::WithPages;
  EXPECT_EQ(run(kTableFreed, policies).rule, "");
  policies.arch = &machine::s390();
  EXPECT_EQ(run(kTableFreed, policies).rule, "R-TABLE");
}

// Two tables that go one after the other, each with its own grace period.
TEST(Rcu, FreesTablesOfMappingsThatComeAndGo) {
  expect_held(R"({ file f; process A { x = mmap(f, 1 page, MAP_SHARED), dirty; } }
    P0(A) { munmap(x, 4096);
            mmap(x, 4096, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, f, 0);
            r0 = get_user_pages_fast(x, 0); put_page(r0); munmap(x, 4096); })");
}

TEST(Rcu, SynchronizeReturnsWithoutReaders) {
  expect_held(R"({ x = 0; } P0(kernel) { synchronize_rcu(); WRITE_ONCE(*x, 1); } forall (x=1))");
}

}  // namespace
}  // namespace mmcheck

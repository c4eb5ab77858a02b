// SPDX-License-Identifier: Apache-2.0
// Numbers of executions: the published ones, and those of programs that no other checker has.
#include <gtest/gtest.h>

#include "base/error.h"
#include "classic.h"
#include "explore/explorer.h"
#include "programs.h"
#include "published_check.h"

namespace mmcheck::explore {
namespace {

using classic::Cost;
using classic::Row;

class Published : public testing::TestWithParam<Row> {};

TEST_P(Published, Count) { classic::check(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Below1s, Published, testing::ValuesIn(classic::rows(Cost::Below1s)),
                         [](const auto& row) { return classic::test_name(row.param); });

// That the programs are the published ones must not depend on the reduction.
TEST(PublishedByBruteForce, Counts) {
  constexpr std::uint64_t kExecutionsMax = 3'000;
  unsigned nr_compared = 0;
  for (const Row& row : classic::published_counts()) {
    if (classic::check_by_brute_force(row, kExecutionsMax)) ++nr_compared;
  }
  EXPECT_GE(nr_compared, 100u);
}

Result search(Program& program) {
  return explore(program, {.on_violation = OnViolation::Continue});
}

// Two readers R and S are not ordered with each other, only with the writer q. The classes: q
// first, q last, q between with R first, q between with S first. From the trace R S R' S' q the
// reversal of S and q gives the class "R q S" although q could not have run just before S.
TEST(Counts, ReadersWriterLock) {
  for (unsigned n = 1; n <= 3; ++n) {
    Script script = rwlock(n, true);
    Result result = search(script);
    EXPECT_EQ(result.executions, 1u << n);
    EXPECT_FALSE(result.counterexample.has_value());
  }
}

// Readers that never leave: the writer comes first, or never. Between it could not run, so
// nothing leads from "R S" to "q R S" in one reversal.
TEST(Counts, ReadersThatStay) {
  for (unsigned n = 1; n <= 3; ++n) {
    Script script = rwlock(n, false);
    Result dpor = search(script);
    EXPECT_EQ(dpor.executions, 2u);
    ASSERT_TRUE(dpor.counterexample.has_value());
    EXPECT_EQ(dpor.counterexample->rule, "R-LIVE");
  }
}

// The same without a common word: the handler needs both gates, and each is closed by a thread of
// its own. It runs before both or not at all.
TEST(Counts, HandlerBehindTwoGates) {
  Script script({0, 0, 0});
  for (unsigned i = 0; i < 2; ++i) script.thread([i](Script& p) { p.write(i, 1); });
  script.handler(0, 0, 1, 0, [](Script& p) {
    p[2].write(1);
    p[0].write(2);
  });
  Result result = search(script);
  EXPECT_EQ(result.executions, 2u);
}

TEST(Classic, RefusesWhatItDoesNotHave) {
  const std::vector<unsigned> one{1}, two{1, 2};
  Scenario s;
  EXPECT_THROW(classic::build(s, "nothing", {}), InputError);
  EXPECT_THROW(classic::build(s, "readers", {}), InputError);
  EXPECT_THROW(classic::build(s, "readers", two), InputError);
  EXPECT_THROW(classic::build(s, "SB", one), InputError);
  for (const char* text : {"x=", "x:1", "x>1", "=1", "x:1<2"}) {
    EXPECT_THROW(classic::build_litmus(s, text), InputError) << text;
  }
}

// No number is published for it. In the order that it is about, y is written three times in a row.
TEST(Counts, TheExponentialBugIsFound) {
  Scenario scenario;
  classic::build(scenario, "exponential_bug", std::vector<unsigned>{2});
  Result result = explore(scenario, {});
  ASSERT_TRUE(result.counterexample.has_value());
  EXPECT_EQ(result.counterexample->rule, "R-ASSERT");
}

TEST(Counts, RaceWithTheBug) {
  Scenario scenario;
  classic::build(scenario, "race-buggy", std::vector<unsigned>{1, 1});
  Result result = explore(scenario, {});
  EXPECT_TRUE(result.complete);
  ASSERT_TRUE(result.counterexample.has_value());
  EXPECT_EQ(result.counterexample->rule, "R-ASSERT");
  trace::Record record = replay(scenario, result.counterexample->schedule);
  ASSERT_TRUE(record.violation.has_value());
  EXPECT_EQ(record.violation->what, "what was stored is on disk");
}

}  // namespace
}  // namespace mmcheck::explore

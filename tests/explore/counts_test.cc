// SPDX-License-Identifier: Apache-2.0
// Published numbers of executions: reference/litmus.md section 3, reference/peers.md sections 2, 3.
#include <gtest/gtest.h>

#include "explore/explorer.h"
#include "programs.h"

namespace mmcheck::explore {
namespace {

Result search(Program& program) {
  return explore(program, {.on_violation = OnViolation::Continue});
}

std::uint64_t count(Script script) {
  Result result = search(script);
  EXPECT_TRUE(result.complete);
  EXPECT_FALSE(result.counterexample.has_value());
  return result.executions;
}

TEST(Counts, Readers) {
  EXPECT_EQ(count(readers(2)), 4u);
  EXPECT_EQ(count(readers(8)), 256u);
}

TEST(Counts, Lastzero) {
  EXPECT_EQ(count(lastzero(5)), 64u);
  EXPECT_EQ(count(lastzero(10)), 3328u);
}

TEST(Counts, Increments) {
  std::uint64_t factorial = 1;
  for (unsigned n = 2; n <= 6; ++n) {
    factorial *= n;
    EXPECT_EQ(count(ainc(n)), factorial);
    EXPECT_EQ(count(lockinc(n)), factorial);
  }
}

TEST(Counts, FibBench) {
  EXPECT_EQ(count(fib_bench(3)), 1698u);
  EXPECT_EQ(count(fib_bench(4)), 19605u);
}

TEST(Counts, Indexer) {
  EXPECT_EQ(count(indexer(11)), 1u);
  EXPECT_EQ(count(indexer(12)), 8u);
  EXPECT_EQ(count(indexer(13)), 64u);
}

// Two readers R and S are not ordered with each other, only with the writer q. The classes: q
// first, q last, q between with R first, q between with S first. From the trace R S R' S' q the
// reversal of S and q gives the class "R q S" although q could not have run just before S.
TEST(Counts, ReadersWriterLock) {
  EXPECT_EQ(count(rwlock(1, true)), 2u);
  EXPECT_EQ(count(rwlock(2, true)), 4u);
  EXPECT_EQ(count(rwlock(3, true)), 8u);
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

TEST(Counts, Race) {
  struct {
    unsigned nr_writers, nr_cleaners;
    std::uint64_t executions;
  } const kKnown[] = {{1, 1, 7}, {2, 1, 17}, {3, 1, 43}, {1, 2, 76}, {2, 2, 304}, {3, 2, 1576}};
  for (const auto& known : kKnown) {
    EXPECT_EQ(count(race({.nr_writers = known.nr_writers, .nr_cleaners = known.nr_cleaners})),
              known.executions)
        << known.nr_writers << " writers, " << known.nr_cleaners << " cleaners";
  }
}

TEST(Counts, RaceWithTheBug) {
  Script script = race({.buggy = true});
  Result result = explore(script, {});
  EXPECT_TRUE(result.complete);
  ASSERT_TRUE(result.counterexample.has_value());
  EXPECT_EQ(result.counterexample->rule, "R-WRITE");
  trace::Record record = replay(script, result.counterexample->schedule);
  ASSERT_TRUE(record.violation.has_value());
  EXPECT_EQ(record.violation->rule, "R-WRITE");
}

}  // namespace
}  // namespace mmcheck::explore

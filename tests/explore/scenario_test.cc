// SPDX-License-Identifier: Apache-2.0
#include "explore/scenario.h"

#include <gmock/gmock.h>

#include <array>
#include <set>

#include "base/error.h"
#include "explore/explorer.h"

namespace mmcheck::explore {
namespace {

using testing::HasSubstr;

void add_increments(Scenario& s, bool atomic) {
  Word x = s.word("x");
  for (int i = 0; i < 2; ++i) {
    if (atomic) {
      s.thread("inc", [=] { x.fetch_add(1); });
    } else {
      s.thread("inc", [=] { x.store(x.load() + 1); });
    }
  }
  s.finally([=](Checker& c) { c.require(x.value() == 2, "no increment is lost"); });
}

TEST(Scenario, HoldsWhereItMust) {
  Scenario s;
  add_increments(s, true);
  Result result = explore(s, {});
  EXPECT_TRUE(result.complete);
  EXPECT_EQ(result.executions, 2u);
  EXPECT_FALSE(result.counterexample.has_value());
}

TEST(Scenario, FindsALostIncrementAndTellsIt) {
  Scenario s;
  add_increments(s, false);
  Result result = explore(s, {});
  ASSERT_TRUE(result.counterexample.has_value());
  EXPECT_EQ(result.counterexample->rule, "R-ASSERT");

  trace::Record record = replay(s, result.counterexample->schedule);
  ASSERT_TRUE(record.violation.has_value());
  EXPECT_EQ(record.violation->what, "no increment is lost");
  ASSERT_EQ(record.steps.size(), 4u);
  EXPECT_EQ(record.threads[1].name, "inc");
  EXPECT_EQ(record.steps[0].text, "load x");
  ASSERT_EQ(record.steps[0].notes.size(), 1u);
  EXPECT_EQ(record.steps[0].notes[0], "reads 0");
  EXPECT_EQ(record.steps[3].text, "store x");
}

TEST(Scenario, AFailedCompareExchangeOnlyReads) {
  Scenario s;
  Word x = s.word("x");
  for (int i = 0; i < 3; ++i) s.thread("cas", [=] { x.compare_exchange(7, 8); });
  EXPECT_EQ(explore(s, {}).executions, 1u);
}

TEST(Scenario, UpdatesReturnTheOldValue) {
  Scenario s;
  Words w = s.words("w", 2, 5);
  s.thread("alone", [=, &s] {
    s.require(w[0].exchange(6) == 5, "exchange");
    s.require(w[0].fetch_add(4) == 6, "add");
    s.require(w[0].fetch_sub(1) == 10, "subtract");
    s.require(w[0].compare_exchange(9, 3), "compare");
    s.require(!w[0].compare_exchange(9, 4), "compare what is not there");
    s.require(w[0].load() == 3, "load");
    s.require(w[0].wait_while(4) == 3, "wait_while");
    s.require(w[0].wait_for_bits(1, 1) == 3, "wait_for_bits");
    s.require(w[1].load() == 5, "its neighbour");
  });
  Result result = explore(s, {});
  EXPECT_EQ(result.executions, 1u);
  EXPECT_FALSE(result.counterexample.has_value());
}

TEST(Scenario, ARequirementOfAThreadEndsTheExecution) {
  Scenario s;
  Word x = s.word("x");
  s.thread("writer", [=] { x.store(1); });
  s.thread("reader", [=, &s] { s.require(x.load() == 0, "nobody writes"); });
  Result result = explore(s, {});
  ASSERT_TRUE(result.counterexample.has_value());
  EXPECT_EQ(result.counterexample->rule, "R-ASSERT");
  EXPECT_EQ(result.counterexample->steps, 2u);
}

TEST(Scenario, AMutexExcludes) {
  Scenario s;
  Word x = s.word("x");
  Mutex m = s.mutex("m");
  for (int i = 0; i < 3; ++i) {
    s.thread("inc", [=] {
      m.lock();
      x.store(x.load() + 1);
      m.unlock();
    });
  }
  s.finally([=](Checker& c) { c.require(x.value() == 3, "no increment is lost"); });
  Result result = explore(s, {});
  EXPECT_EQ(result.executions, 6u);
  EXPECT_FALSE(result.counterexample.has_value());
}

TEST(Scenario, TryLockFailsWithoutWaiting) {
  Scenario s;
  Mutex m = s.mutex("m");
  Word failures = s.word("failures");
  for (int i = 0; i < 2; ++i) {
    s.thread("try", [=] {
      if (!m.try_lock()) failures.fetch_add(1);
    });
  }
  s.finally([=](Checker& c) { c.require(failures.value() == 1, "one fails"); });
  Result result = explore(s, {});
  EXPECT_EQ(result.executions, 2u);
  EXPECT_FALSE(result.counterexample.has_value());
}

TEST(Scenario, ADeadlockNamesTheLock) {
  Scenario s;
  Mutex a = s.mutex("a");
  Mutex b = s.mutex("b");
  s.thread("ab", [=] {
    a.lock();
    b.lock();
  });
  s.thread("ba", [=] {
    b.lock();
    a.lock();
  });
  Result result = explore(s, {});
  ASSERT_TRUE(result.counterexample.has_value());
  EXPECT_EQ(result.counterexample->rule, "R-LIVE");
  trace::Record record = replay(s, result.counterexample->schedule);
  EXPECT_THAT(record.violation->what, HasSubstr("waits for b at lock b"));
}

TEST(Scenario, WaitsAreOneStep) {
  Scenario s;
  Word x = s.word("x");
  s.thread("setter", [=] {
    x.store(1);
    x.store(2);
  });
  s.thread("waiter", [=, &s] {
    s.require(x.wait_while(0) != 0, "what it waits for");
    x.wait_until(2);
  });
  Result result = explore(s, {});
  EXPECT_EQ(result.executions, 2u);
  EXPECT_FALSE(result.counterexample.has_value());
}

TEST(Scenario, DaemonsThatWaitAreCounted) {
  Scenario s;
  Word x = s.word("x");
  s.thread("writer", [=] { x.store(1); });
  s.daemon("reader", [=, &s] { s.assume(x.load() == 1); });
  s.daemon("idle", [] {});
  unsigned nr_all_ended = 0;
  s.finally([&](Checker& c) { nr_all_ended += c.all_ended() ? 1 : 0; });
  Result result = explore(s, {.on_violation = OnViolation::Continue});
  EXPECT_EQ(result.executions, 2u);
  EXPECT_EQ(s.nr_unfinished(), 1u);
  EXPECT_EQ(nr_all_ended, 1u);
  EXPECT_FALSE(result.counterexample.has_value());
}

TEST(Scenario, AnAssumptionOfAThreadIsADeadlock) {
  Scenario s;
  s.thread("thread", [&s] { s.assume(false); });
  Result result = explore(s, {});
  ASSERT_TRUE(result.counterexample.has_value());
  EXPECT_EQ(result.counterexample->rule, "R-LIVE");
}

TEST(Scenario, ChoosesEachAlternative) {
  Scenario s;
  Word x = s.word("x");
  s.thread("chooser", [=, &s] { x.store(s.choose(3)); });
  s.finally([=](Checker& c) { c.outcome(x.value()); });
  std::set<std::uint64_t> outcomes;
  explore(s, {}, [&](std::uint64_t hash) { outcomes.insert(hash); });
  EXPECT_EQ(outcomes.size(), 3u);
}

TEST(Scenario, TakingStepsBackChangesNothing) {
  auto count = [](bool rewindable) {
    Scenario s;
    if (!rewindable) s.not_rewindable();
    Words w = s.words("w", 3);
    for (unsigned t = 0; t < 3; ++t) {
      s.thread("thread", [=] {
        std::array<std::uint64_t, 3> seen{};
        for (unsigned i = 0; i < 3; ++i) seen[i] = w[(t + i) % 3].load();
        w[t].store(seen[0] + seen[1] + seen[2] + 1);
      });
    }
    EXPECT_EQ(s.rewindable(), rewindable);
    return explore(s, {}).executions;
  };
  EXPECT_EQ(count(true), count(false));
}

TEST(Scenario, RefusesWhatCannotBe) {
  Scenario s;
  EXPECT_THROW(s.word("a{}"), InputError);
  Words w = s.words("w", 2);
  EXPECT_THROW(w[2], InputError);
  for (unsigned i = 0; i < kThreadsMax; ++i) s.thread("t", [] {});
  EXPECT_THROW(s.thread("t", [] {}), InputError);
  explore(s, {});
  EXPECT_THROW(s.word("late"), InputError);
}

TEST(Scenario, PassesOnWhatAThreadThrows) {
  Scenario s;
  Words w = s.words("w", 1);
  s.thread("thread", [=] { w[1].load(); });
  EXPECT_THROW(explore(s, {}), InputError);
  Scenario none;
  none.thread("thread", [&none] { none.choose(0); });
  EXPECT_THROW(explore(none, {}), InputError);
}

}  // namespace
}  // namespace mmcheck::explore

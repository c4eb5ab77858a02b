// SPDX-License-Identifier: Apache-2.0
// Running, ending, replaying, straightening.
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "explore/explorer.h"
#include "explore/fiber.h"
#include "programs.h"

namespace mmcheck::explore {
namespace {

Script two_increments() {
  Script s({0});
  for (unsigned i = 0; i < 2; ++i) {
    s.thread([](Script& p) { p.write(0, p.read(0) + 1); });
  }
  s.at_end([](Script& p) {
    p.execution().outcome(p[0].peek());
    if (p[0].peek() != 2) p.violate("R-LOST");
  });
  return s;
}

Script deadlock() {
  Script s({0, 0});
  for (unsigned i = 0; i < 2; ++i) {
    s.thread([i](Script& p) {
      p.lock(i);
      p.lock(1 - i);
      p.unlock(1 - i);
      p.unlock(i);
    });
  }
  return s;
}

TEST(Fibers, SuspendResumeAndAbandon) {
  struct Notes {
    Fibers* fibers = nullptr;
    int count = 0;
  } notes;
  auto body = [](void* context, unsigned fiber) {
    auto* n = static_cast<Notes*>(context);
    n->count += static_cast<int>(fiber);
    n->fibers->suspend();
    n->count += 100;
  };
  Fibers fibers(body, &notes);
  notes.fibers = &fibers;
  fibers.restart(3);
  fibers.resume(3);
  EXPECT_EQ(notes.count, 3);
  fibers.resume(3);
  EXPECT_EQ(notes.count, 103);
  for (int i = 0; i < 1000; ++i) {  // abandoned halfway each time
    fibers.restart(5);
    fibers.resume(5);
  }
  EXPECT_EQ(notes.count, 5103);
}

TEST(Explore, FindsTheLostUpdateUnderEveryStrategy) {
  for (Strategy strategy : {Strategy::Naive, Strategy::Dpor, Strategy::Random}) {
    Script script = two_increments();
    Result result = explore(script, {.strategy = strategy});
    ASSERT_TRUE(result.counterexample.has_value());
    EXPECT_EQ(result.counterexample->rule, "R-LOST");
    trace::Record record = replay(script, result.counterexample->schedule);
    ASSERT_TRUE(record.violation.has_value());
    EXPECT_EQ(record.violation->rule, "R-LOST");
    EXPECT_EQ(result.complete, strategy != Strategy::Random);
  }
}

TEST(Explore, OutcomesAreThoseOfAllOrders) {
  std::set<std::uint64_t> naive;
  std::set<std::uint64_t> dpor;
  Script script = two_increments();
  Options options{.strategy = Strategy::Naive, .on_violation = OnViolation::Continue};
  Result all = explore(script, options, [&](std::uint64_t outcome) { naive.insert(outcome); });
  options.strategy = Strategy::Dpor;
  Result reduced = explore(script, options, [&](std::uint64_t outcome) { dpor.insert(outcome); });
  EXPECT_EQ(all.executions, 6u);
  EXPECT_EQ(reduced.executions, 4u);
  EXPECT_EQ(naive.size(), 2u);
  EXPECT_EQ(naive, dpor);
}

TEST(Explore, StopsAtTheLimitOfExecutions) {
  for (Strategy strategy : {Strategy::Naive, Strategy::Dpor, Strategy::Random}) {
    Script script = ainc(5);
    Result result = explore(script, {.strategy = strategy, .executions_max = 7});
    EXPECT_EQ(result.executions, 7u);
    EXPECT_FALSE(result.complete);
  }
}

TEST(Explore, RandomIsDeterminedByItsSeed) {
  auto outcomes = [](std::uint64_t seed) {
    Script script = race({.nr_writers = 2});
    Result result =
        explore(script, {.strategy = Strategy::Random, .executions_max = 50, .seed = seed});
    return result.steps;
  };
  EXPECT_EQ(outcomes(1), outcomes(1));
  EXPECT_NE(outcomes(1), outcomes(2));
}

TEST(Explore, NamesWhoWaitsForWhatInADeadlock) {
  Script script = deadlock();
  Result result = explore(script, {});
  ASSERT_TRUE(result.counterexample.has_value());
  EXPECT_EQ(result.counterexample->rule, "R-LIVE");
  trace::Record record = replay(script, result.counterexample->schedule);
  ASSERT_TRUE(record.violation.has_value());
  EXPECT_NE(record.violation->what.find("T0 waits for w1"), std::string::npos);
  EXPECT_NE(record.violation->what.find("T1 waits for w0"), std::string::npos);
  EXPECT_EQ(record.steps.size(), 2u);
}

TEST(Explore, ReportsALoopWithoutProgress) {
  for (Strategy strategy : {Strategy::Naive, Strategy::Dpor, Strategy::Random}) {
    Script script({0});
    script.thread([](Script& p) {
      while (p.read(0) == 0) continue;
    });
    Result result = explore(script, {.strategy = strategy, .steps_max = 100});
    ASSERT_TRUE(result.counterexample.has_value());
    EXPECT_EQ(result.counterexample->rule, "R-LIVE");
  }
}

TEST(Explore, LocalCodeBeforeTheFirstStepRunsAtTheStart) {
  Script script({0});
  std::string order;
  script.thread([&order](Script& p) {
    order += "a";
    p.write(0, 1);
    order += "c";
  });
  script.thread([&order](Script& p) {
    order += "b";
    p.write(0, 2);
    order += "d";
  });
  explore(script, {.executions_max = 1});
  // Where steps are not taken back, the next execution has begun when the search ends.
  EXPECT_EQ(order.substr(0, 4), "abcd");
}

TEST(Explore, AViolationBeforeTheFirstStep) {
  Script script({0});
  script.thread([](Script& p) { p.violate("R-TEST"); });
  Result result = explore(script, {});
  ASSERT_TRUE(result.counterexample.has_value());
  EXPECT_EQ(result.counterexample->rule, "R-TEST");
  EXPECT_TRUE(result.counterexample->schedule.empty());
  EXPECT_TRUE(replay(script, {}).violation.has_value());
}

TEST(Explore, ExceptionsLeaveFibersAndHandlers) {
  for (Strategy strategy : {Strategy::Naive, Strategy::Dpor, Strategy::Random}) {
    Script script({0});
    script.thread([](Script& p) {
      p.write(0, 1);
      throw InternalError("thrown in a fiber");
    });
    EXPECT_THROW(explore(script, {.strategy = strategy}), InternalError);
  }
  Script script({0, 0});
  script.thread([](Script& p) { p.write(0, 1); });
  script.handler(0, 1, 1, 0, [](Script&) { throw InternalError("thrown in a handler"); });
  EXPECT_THROW(explore(script, {}), InternalError);
}

TEST(Explore, MisuseIsAnInternalError) {
  Script early({0});
  early.thread([](Script& p) { p[0].write(1); });
  EXPECT_THROW(explore(early, {}), InternalError);
  Script stepping({0, 0});
  stepping.thread([](Script& p) { p.write(0, 1); });
  stepping.handler(0, 1, 1, 0, [](Script& p) { p.step(); });
  EXPECT_THROW(explore(stepping, {}), InternalError);
}

TEST(Handlers, RunWheneverBothGuardsHoldAndMayStayBlocked) {
  Script script({0, 0, 0});
  script.thread([](Script& p) {
    p.write(0, 1);
    p.write(1, 1);
    p.step_when(p[0].is(0));
    p.write(0, 1);
    p.step_when(p[0].is(0));
  });
  script.handler(0, 1, 1, 1, [](Script& p) {
    p[0].write(0);
    p[2].write(p[2].read() + 1);
  });
  script.at_end([](Script& p) {
    if (p[2].peek() != 2) p.violate("R-TEST");
  });
  Result result = explore(script, {});
  EXPECT_TRUE(result.complete);
  EXPECT_FALSE(result.counterexample.has_value());
  EXPECT_EQ(result.executions, 1u);
}

TEST(Handlers, RunToTheEndAfterTheThreads) {
  Script script({0, 0, 0});
  script.thread([](Script& p) { p.write(0, 1); });
  script.handler(0, 1, 1, 0, [](Script& p) {
    p[0].write(0);
    p[2].write(7);
  });
  script.at_end([](Script& p) { p.execution().outcome(p[2].peek()); });
  unsigned nr_outcomes = 0;
  Result result = explore(script, {}, [&](std::uint64_t) { ++nr_outcomes; });
  EXPECT_EQ(result.steps, 2u);
  EXPECT_EQ(nr_outcomes, 1u);
}

TEST(Handlers, MayViolate) {
  Script script({0, 0});
  script.thread([](Script& p) { p.write(0, 1); });
  script.handler(0, 1, 1, 0, [](Script& p) {
    p[0].write(0);
    p.violate("R-TEST");
  });
  Result result = explore(script, {});
  ASSERT_TRUE(result.counterexample.has_value());
  EXPECT_EQ(result.counterexample->steps, 2u);
  trace::Record record = replay(script, result.counterexample->schedule);
  EXPECT_TRUE(record.steps[1].interrupt);
}

TEST(Order, HappensBeforeCountsConflictsAndNotTime) {
  Script script({0, 0, 0});
  bool ordered_unrelated = false;
  bool ordered_after_read = false;
  bool fresh = true;
  EventId store = kNoEvent;
  script.thread([&](Script& p) {
    p.step();
    p[0].write(1);
    store = p.execution().current_event();
  });
  script.thread([&](Script& p) {
    p.step_when(p[2].is(0));
    if (store == kNoEvent || !fresh) return;
    fresh = false;
    ordered_unrelated = p.execution().ordered_before(store);
    p[0].read();
    ordered_after_read = p.execution().ordered_before(store);
    EXPECT_TRUE(p.execution().ordered_before(kNoEvent));
    EXPECT_TRUE(p.execution().ordered_before(p.execution().current_event()));
  });
  explore(script, {.executions_max = 1});
  EXPECT_FALSE(fresh);
  EXPECT_FALSE(ordered_unrelated);
  EXPECT_TRUE(ordered_after_read);
}

class StaleOrFresh final : public Alternatives {
 public:
  StaleOrFresh(const Execution& execution, EventId store) : execution_(execution), store_(store) {}
  unsigned list(std::span<std::uint64_t, kMax> out) const override {
    out[0] = 0;
    if (store_ == kNoEvent || execution_.covered_by_reordering(store_)) return 1;
    out[1] = 1;
    return 2;
  }

 private:
  const Execution& execution_;
  EventId store_;
};

// A stale read is an alternative only where moving the read before the store is impossible.
TEST(Order, AlternativesCoveredByReorderingAreNotOffered) {
  for (bool ordered : {false, true}) {
    Script script({0, 0});
    EventId store = kNoEvent;
    script.thread([&, ordered](Script& p) {
      store = kNoEvent;
      p.step();
      p[0].write(1);
      store = p.execution().current_event();
      if (ordered) p.write(1, 1);
    });
    script.thread([&, ordered](Script& p) {
      if (ordered) p.step_when(p[1].is(1));
      // The store may come between the announcement and the step, as it may in the model.
      struct Late final : public Alternatives {
        Late(const Execution& e, const EventId& s) : execution(e), store(s) {}
        unsigned list(std::span<std::uint64_t, kMax> out) const override {
          return StaleOrFresh(execution, store).list(out);
        }
        const Execution& execution;
        const EventId& store;
      } labels(p.execution(), store);
      std::uint64_t stale = p.execution().step_choose(labels, {.format = "load"});
      std::uint64_t value = p[0].read();
      p.execution().note({.format = stale != 0 || value == 0 ? "old" : "new"});
    });
    Result result = explore(script, {.on_violation = OnViolation::Continue});
    EXPECT_EQ(result.executions, 2u) << ordered;
  }
}

TEST(Replay, GivesTheSameRecordTwice) {
  Script script = race({.nr_writers = 2, .buggy = true});
  Result result = explore(script, {});
  ASSERT_TRUE(result.counterexample.has_value());
  trace::Schedule schedule = result.counterexample->schedule;
  trace::Record first = replay(script, schedule);
  trace::Record second = replay(script, trace::decode(trace::encode(schedule)));
  ASSERT_EQ(first.steps.size(), second.steps.size());
  EXPECT_EQ(first.schedule, second.schedule);
  for (std::size_t i = 0; i < first.steps.size(); ++i) {
    EXPECT_EQ(first.steps[i].text, second.steps[i].text);
    EXPECT_EQ(first.steps[i].event, EventId{static_cast<std::uint32_t>(i)});
    ASSERT_EQ(first.steps[i].changes.size(), second.steps[i].changes.size());
    for (std::size_t k = 0; k < first.steps[i].changes.size(); ++k) {
      EXPECT_EQ(first.steps[i].changes[k].object, second.steps[i].changes[k].object);
      EXPECT_EQ(first.steps[i].changes[k].after, second.steps[i].changes[k].after);
    }
  }
}

TEST(Replay, GoesOnWhereTheScheduleEnds) {
  Script script = lockinc(3);
  trace::Record record = replay(script, trace::decode("1"));
  EXPECT_EQ(record.steps.size(), 12u);
  EXPECT_EQ(record.steps[0].thread, ThreadId{1});
  EXPECT_EQ(record.steps[0].text, "lock");
  ASSERT_EQ(record.steps[0].changes.size(), 1u);
  EXPECT_EQ(record.steps[0].changes[0].object, "w0");
  EXPECT_EQ(record.steps[0].changes[0].before, "0");
  EXPECT_EQ(record.steps[0].changes[0].after, "1");
}

TEST(Replay, RefusesWhatIsNotPossible) {
  Script script = lockinc(2);
  EXPECT_THROW(replay(script, trace::decode("0.1")), InputError);      // 1 waits for the lock
  EXPECT_THROW(replay(script, trace::decode("7")), InputError);        // no such thread
  EXPECT_THROW(replay(script, trace::decode("0:3")), InputError);      // no such alternative
  EXPECT_THROW(replay(script, trace::decode("0*4.1*5")), InputError);  // one step too many
  try {
    replay(script, trace::decode("0*4.1*5"));
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("choice 9"), std::string::npos) << error.what();
  }
}

TEST(Straighten, PutsWhatDoesNotMatterAfterwards) {
  Script script({0, 0});
  script.thread([](Script& p) {
    p.write(0, 1);
    p.write(0, 2);
  });
  script.thread([](Script& p) {
    if (p.read(0) == 2) p.violate("R-TEST");
  });
  script.thread([](Script& p) {
    for (unsigned i = 0; i < 3; ++i) p.write(1, i);
  });
  trace::Schedule schedule = straighten(script, trace::decode("2.0.2.0.2.1"));
  EXPECT_EQ(trace::encode(schedule), "0*2.1");
}

TEST(Straighten, KeepsTheOrderOfDependentSteps) {
  Script script = two_increments();
  trace::Schedule schedule = straighten(script, trace::decode("1.0.1.0"));
  ASSERT_TRUE(replay(script, schedule).violation.has_value());
  EXPECT_EQ(schedule.size(), 4u);
}

TEST(Straighten, TheStepsThatBreakTheRuleComeBeforeTheirDetection) {
  Script script({0, 0});
  EventId store = kNoEvent;
  script.thread([&](Script& p) {
    p.step();
    p[0].write(1);
    store = p.execution().current_event();
  });
  script.thread([&](Script& p) {
    for (unsigned i = 0; i < 3; ++i) p.write(1, i);
    if (p.read(0) == 1) p.violate("R-TEST", {store});
  });
  Result result = explore(script, {.on_violation = OnViolation::Continue});
  ASSERT_TRUE(result.counterexample.has_value());
  EXPECT_EQ(result.counterexample->steps, 1u);
  EXPECT_EQ(result.counterexample->context_switches, 0u);
  EXPECT_EQ(result.counterexample->schedule.size(), 5u);
}

}  // namespace
}  // namespace mmcheck::explore

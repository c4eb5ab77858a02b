// SPDX-License-Identifier: Apache-2.0
// Bounded search against brute force: every schedule, with its preemptions counted by definition.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "compare.h"
#include "explore/straighten.h"
#include "programs.h"

namespace mmcheck::explore {
namespace {

/// What there is within a number of preemptions.
struct Within {
  std::set<std::uint64_t> classes;     ///< of executions that no step cut short
  std::set<std::uint64_t> violations;  ///< each with all that happens before it
  std::uint64_t nr_schedules = 0;
};

/// Runs the schedule and continues with the first thread and alternative. Appends what it chose,
/// and returns the number of preemptions; `others` are the choices not made, each as a schedule.
unsigned run(Engine& engine, trace::Schedule& schedule, std::vector<trace::Schedule>& others) {
  engine.begin();
  engine.log().truncate(0);
  const std::size_t given = schedule.size();
  unsigned preemptions = 0;
  for (std::size_t i = 0; !engine.violated() && engine.enabled() != 0; ++i) {
    const std::uint32_t enabled = engine.enabled();
    if (i >= given) {
      trace::Schedule prefix = schedule;
      std::uint64_t labels[Alternatives::kMax];
      for (unsigned t = 0; t < engine.nr_threads(); ++t) {
        if (((enabled >> t) & 1u) == 0) continue;
        const unsigned nr_labels = engine.list(t, labels);
        for (unsigned k = 0; k < nr_labels; ++k) {
          const trace::Choice choice{ThreadId{static_cast<std::uint8_t>(t)}, labels[k]};
          if (schedule.size() == i) {
            schedule.push_back(choice);
          } else {
            others.push_back(prefix);
            others.back().push_back(choice);
          }
        }
      }
    }
    if (i > 0 && schedule[i].thread != schedule[i - 1].thread) {
      const unsigned last = to_index(schedule[i - 1].thread);
      if (!engine.is_handler(last) && ((enabled >> last) & 1u) != 0) ++preemptions;
    }
    engine.run(to_index(schedule[i].thread), schedule[i].alternative);
    engine.append_step();
  }
  engine.conclude();
  return preemptions;
}

/// By number of preemptions, each including the ones below. Empty: too many schedules.
std::vector<Within> brute_force(Program& program, std::size_t schedules_max) {
  Engine engine(program, {});
  std::vector<trace::Schedule> todo(1);
  std::vector<Within> found;
  std::size_t nr_run = 0;
  while (!todo.empty()) {
    if (++nr_run > schedules_max) return {};
    trace::Schedule schedule = std::move(todo.back());
    todo.pop_back();
    const unsigned preemptions = run(engine, schedule, todo);
    if (found.size() <= preemptions) found.resize(preemptions + 1);
    Within& within = found[preemptions];
    ++within.nr_schedules;
    const auto& reported = engine.reported();
    if (reported && reported->ended_by_step) {
      within.violations.insert(straight_bound(engine.log(), *reported).identity);
    } else {
      within.classes.insert(class_of(engine.log()));
    }
  }
  for (std::size_t i = 1; i < found.size(); ++i) {
    found[i].nr_schedules += found[i - 1].nr_schedules;
    found[i].classes.insert(found[i - 1].classes.begin(), found[i - 1].classes.end());
    found[i].violations.insert(found[i - 1].violations.begin(), found[i - 1].violations.end());
  }
  return found;
}

TEST(Bounded, SeesWhatBruteForceSeesWithinTheBound) {
  unsigned nr_compared = 0;
  unsigned nr_needing_two = 0;
  for (std::uint64_t seed = 1; nr_compared < 400; ++seed) {
    RandomProgram program(
        seed, {.violations = seed % 3 == 0, .steps_max = 2 + static_cast<unsigned>(seed % 4)});
    const std::vector<Within> all = brute_force(program, 3000);
    if (all.empty()) continue;
    ++nr_compared;
    if (all.size() > 2 && all[2].classes.size() > all[1].classes.size()) ++nr_needing_two;
    for (unsigned bound = 0; bound <= all.size(); ++bound) {
      const Within& within = all[std::min<std::size_t>(bound, all.size() - 1)];
      const Seen seen = look(program, {.strategy = Strategy::Bounded, .preemptions_max = bound});
      EXPECT_EQ(seen.classes, within.classes) << "seed " << seed << ", bound " << bound << "\n"
                                              << program.text();
      EXPECT_EQ(seen.violations, within.violations) << "seed " << seed << ", bound " << bound;
      EXPECT_EQ(seen.nr_whole, seen.classes.size()) << "doubles: seed " << seed;
      // Complete only if all classes were seen; and for sure if no schedule needs more.
      if (seen.result.complete) {
        EXPECT_EQ(seen.classes, all.back().classes) << "seed " << seed << ", bound " << bound;
        EXPECT_EQ(seen.violations, all.back().violations) << "seed " << seed;
      } else {
        EXPECT_EQ(seen.result.coverage, Coverage::Bounded);
        EXPECT_EQ(seen.result.preemptions, bound);
        EXPECT_LT(bound + 1, all.size()) << "seed " << seed;
      }
    }
    if (HasFailure()) break;
  }
  EXPECT_GT(nr_needing_two, 20u);
}

TEST(Bounded, GoesFromBoundToBoundAndTakesNoScheduleTwice) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    RandomProgram program(seed, {.steps_max = 4});
    RandomProgram again(seed, {.steps_max = 4});
    std::set<std::string> schedules;
    std::uint64_t nr_ended = 0;
    unsigned latest = 0;
    Engine other(again, {});
    explore_observed(program, {},
                     {.strategy = Strategy::Bounded,
                      .on_violation = OnViolation::Continue,
                      .executions_max = 300},
                     {}, [&](const Engine& engine, Ending) {
                       trace::Schedule schedule;
                       for (std::uint32_t e = 0; e < engine.log().size(); ++e) {
                         const LoggedEvent& event = engine.log().event(e);
                         schedule.push_back({ThreadId{event.thread}, event.label});
                       }
                       ++nr_ended;
                       schedules.insert(trace::encode(schedule));
                       std::vector<trace::Schedule> others;
                       const unsigned preemptions = run(other, schedule, others);
                       EXPECT_LE(latest, preemptions);
                       latest = preemptions;
                     });
    EXPECT_EQ(schedules.size(), nr_ended);
    EXPECT_LE(latest, 2u);
  }
}

Script lost_update() {
  Script s({0});
  for (unsigned i = 0; i < 2; ++i) {
    s.thread([](Script& p) { p.write(0, p.read(0) + 1); });
  }
  s.at_end([](Script& p) {
    if (p[0].peek() != 2) p.violate("R-LOST");
  });
  return s;
}

TEST(Bounded, FindsABugAtTheFirstBoundThatHasIt) {
  Script script = lost_update();
  const Result none = explore(script, {.strategy = Strategy::Bounded, .preemptions_max = 0});
  EXPECT_FALSE(none.counterexample.has_value());
  EXPECT_EQ(none.executions, 2u);
  EXPECT_EQ(none.coverage, Coverage::Bounded);
  EXPECT_FALSE(none.complete);
  EXPECT_EQ(none.preemptions, 0u);
  const Result one = explore(script, {.strategy = Strategy::Bounded, .preemptions_max = 5});
  ASSERT_TRUE(one.counterexample.has_value());
  EXPECT_EQ(one.preemptions, 0u);  // the bound before: this one was not searched to its end
  EXPECT_EQ(one.coverage, Coverage::Bounded);
  EXPECT_TRUE(replay(script, one.counterexample->schedule).violation.has_value());
}

TEST(Bounded, IsCompleteWhereNothingNeedsMore) {
  Script script = ainc(4);  // each thread is one step, after which it has finished
  const Result result = explore(script, {.strategy = Strategy::Bounded, .preemptions_max = 0});
  EXPECT_EQ(result.executions, 24u);
  EXPECT_EQ(result.coverage, Coverage::Complete);
  EXPECT_TRUE(result.complete);
}

TEST(Bounded, SaysHowFarItCameWhereItIsCutShort) {
  Script script = race({.nr_writers = 2, .nr_cleaners = 2});
  const Result result =
      explore(script, {.strategy = Strategy::Bounded, .executions_max = 100, .preemptions_max = 9});
  EXPECT_EQ(result.executions, 100u);
  EXPECT_EQ(result.coverage, Coverage::CutShort);
  EXPECT_EQ(result.preemptions, 0u);
}

// An interrupt between two steps of a thread is a preemption; that it ends is none.
TEST(Bounded, AnInterruptIsAPreemption) {
  Script script({1, 0, 0});
  script.thread([](Script& p) {
    p.write(1, 1);
    if (p.read(2) == 1) p.violate();
  });
  script.handler(0, 1, 1, 1, [](Script& p) {
    p[0].write(0);
    p[2].write(1);
  });
  const auto with = [&](unsigned preemptions) {
    return explore(script, {.strategy = Strategy::Bounded, .preemptions_max = preemptions});
  };
  EXPECT_FALSE(with(0).counterexample.has_value());
  EXPECT_TRUE(with(1).counterexample.has_value());
}

}  // namespace
}  // namespace mmcheck::explore

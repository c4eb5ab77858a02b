// SPDX-License-Identifier: Apache-2.0
// Random walks and PCT: estimates against programs of known size, PCT against its guarantee.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "compare.h"
#include "explore/sample.h"
#include "programs.h"

namespace mmcheck::explore {
namespace {

/// SV-COMP fib_bench: two threads n times i += j and j += i, a third reads both.
Script fib_bench(unsigned n) {
  Script s({1, 1});
  for (unsigned own = 0; own < 2; ++own) {
    s.thread([n, own](Script& p) {
      for (unsigned i = 0; i < n; ++i) {
        const std::uint64_t sum = p.read(own) + p.read(1 - own);
        p.write(own, sum);
      }
    });
  }
  s.thread([](Script& p) {
    p.read(0);
    p.read(1);
  });
  return s;
}

std::uint64_t count_schedules(Program& program) {
  return explore(program, {.strategy = Strategy::Naive, .on_violation = OnViolation::Continue})
      .executions;
}

std::uint64_t count_classes(Program& program) {
  return explore(program, {.on_violation = OnViolation::Continue}).executions;
}

Result walk(Program& program, std::uint64_t nr_walks, std::uint64_t seed) {
  return explore(program, {.strategy = Strategy::Random,
                           .on_violation = OnViolation::Continue,
                           .executions_max = nr_walks,
                           .seed = seed});
}

// The mean of many estimates must come close to the truth, and single ones must seldom be off by
// more than three standard errors. Where few schedules are unlikely and stand for many, as in the
// race, that takes more walks: until one of those is met, estimate and error are both too small.
void expect_estimates(Program& program, std::uint64_t nr_walks, unsigned nr_far_max) {
  const auto truth = static_cast<double>(count_schedules(program));
  constexpr unsigned kSeeds = 40;
  unsigned nr_far = 0;
  double sum = 0;
  double variance = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Result result = walk(program, nr_walks, seed);
    ASSERT_TRUE(result.sample.has_value());
    ASSERT_TRUE(result.sample->schedules.has_value());
    const Estimate estimate = *result.sample->schedules;
    sum += estimate.value;
    variance += estimate.error * estimate.error;
    if (std::abs(estimate.value - truth) > 3 * estimate.error + 1e-6 * truth) ++nr_far;
  }
  EXPECT_LE(nr_far, nr_far_max);
  EXPECT_NEAR(sum / kSeeds, truth, 4 * std::sqrt(variance) / kSeeds + 1e-6 * truth);
}

TEST(Random, EstimatesTheNumberOfSchedules) {
  Script increments = ainc(6);
  EXPECT_DOUBLE_EQ(walk(increments, 10, 1).sample->schedules->value, 720);
  EXPECT_NEAR(walk(increments, 10, 1).sample->schedules->error, 0, 1e-3);
  Script locks = lockinc(3);
  expect_estimates(locks, 500, 0);
  Script fib = fib_bench(2);
  expect_estimates(fib, 500, 2);
  Script small_race = race({});
  expect_estimates(small_race, 5000, 8);
}

TEST(Random, CountsClassesAsTheReductionDoes) {
  for (unsigned n = 2; n <= 5; ++n) {
    Script script = ainc(n);
    const Result result = walk(script, 5000, 1);
    EXPECT_EQ(result.sample->classes, count_classes(script));
    EXPECT_DOUBLE_EQ(result.sample->classes_at_least, static_cast<double>(count_classes(script)));
    EXPECT_DOUBLE_EQ(result.sample->next_is_new, 0);
  }
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    RandomProgram program(seed, {.steps_max = 3});
    const Seen all = look(program, Strategy::Dpor, 2000);
    if (!all.result.complete) continue;
    const Seen seen = look(program, Strategy::Random, 300);
    EXPECT_EQ(seen.result.sample->classes, seen.classes.size()) << program.text();
  }
}

TEST(Random, EstimatesTheClassesThatItDidNotSee) {
  Script script = fib_bench(3);  // 1698 classes
  const Result result = walk(script, 1000, 1);
  EXPECT_LT(result.sample->classes, 1000u);
  EXPECT_GT(result.sample->classes_at_least, 1.2 * static_cast<double>(result.sample->classes));
  EXPECT_LT(result.sample->classes_at_least, 1698 * 1.1);  // a lower bound, up to chance
  EXPECT_GT(result.sample->next_is_new, 0.1);
  EXPECT_LT(result.sample->next_is_new, 1);
}

TEST(TreeEstimate, DoesNotOverflow) {
  TreeEstimate estimate;
  EXPECT_FALSE(estimate.result().has_value());
  estimate.add(1.0);
  EXPECT_FALSE(estimate.result().has_value());  // there is no error yet
  estimate.add(1.0);
  EXPECT_DOUBLE_EQ(estimate.result()->value, std::exp(1.0));
  estimate.add(std::log(1e300));
  EXPECT_NEAR(estimate.result()->value / 1e300, 1.0 / 3, 1e-6);
  estimate.add(1e5);
  EXPECT_FALSE(estimate.result().has_value());
}

// Each thread reads, then writes: a lost update needs both a place and an order, so its depth is 2.
// Around it there are steps that do not matter.
Script lost_update_with_noise() {
  Script s({0, 0, 0});
  for (unsigned i = 0; i < 2; ++i) {
    s.thread([i](Script& p) {
      p.write(1 + i, 1);
      const std::uint64_t value = p.read(0);
      p.write(0, value + 1);
      p.write(1 + i, 2);
      p.write(1 + i, 3);
    });
  }
  s.at_end([](Script& p) {
    if (p[0].peek() != 2) p.violate("R-LOST");
  });
  return s;
}

TEST(Pct, FindsABugAsOftenAsItsGuaranteeSays) {
  constexpr unsigned kSeeds = 2000;
  for (unsigned depth : {2u, 3u}) {
    unsigned nr_found = 0;
    double guaranteed = 0;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      Script script = lost_update_with_noise();
      const Result result = explore(
          script, {.strategy = Strategy::Pct, .executions_max = 1, .depth = depth, .seed = seed});
      if (result.counterexample) ++nr_found;
      guaranteed = result.sample->guarantee->per_execution;
    }
    EXPECT_DOUBLE_EQ(guaranteed, 1 / (2 * std::pow(10.0, depth - 1.0)));
    EXPECT_GE(nr_found, guaranteed * kSeeds) << depth;
  }
}

TEST(Pct, WithoutChangesRunsEachThreadAsFarAsItCan) {
  Script script = lost_update_with_noise();
  std::set<std::string> schedules;
  const Result result = explore_observed(
      script, {}, {.strategy = Strategy::Pct, .executions_max = 50, .depth = 1}, {},
      [&](const Engine& engine, Ending) {
        trace::Schedule schedule;
        for (std::uint32_t e = 0; e < engine.log().size(); ++e) {
          schedule.push_back({ThreadId{engine.log().event(e).thread}, engine.log().event(e).label});
        }
        schedules.insert(trace::encode(schedule));
      });
  EXPECT_EQ(schedules, (std::set<std::string>{"0*5.1*5", "1*5.0*5"}));
  EXPECT_FALSE(result.counterexample.has_value());
  EXPECT_EQ(result.sample->classes, 2u);
}

TEST(Pct, SaysWhatItsRunsComeTo) {
  Script script = ainc(4);
  const Result result =
      explore(script, {.strategy = Strategy::Pct, .executions_max = 100, .depth = 2, .seed = 3});
  ASSERT_TRUE(result.sample && result.sample->guarantee);
  const Guarantee& guarantee = *result.sample->guarantee;
  EXPECT_EQ(guarantee.threads, 4u);
  EXPECT_EQ(guarantee.steps, 4u);
  EXPECT_EQ(guarantee.depth, 2u);
  EXPECT_DOUBLE_EQ(guarantee.per_execution, 1.0 / 16);
  EXPECT_NEAR(guarantee.in_all, 1 - std::pow(15.0 / 16, 100), 1e-12);
  EXPECT_EQ(result.coverage, Coverage::Sampled);
  EXPECT_FALSE(result.complete);
}

TEST(Samples, AreDeterminedByTheirSeed) {
  for (Strategy strategy : {Strategy::Random, Strategy::Pct}) {
    const auto steps = [&](std::uint64_t seed) {
      Script script = race({.nr_writers = 2});
      return explore(script, {.strategy = strategy, .executions_max = 50, .seed = seed}).steps;
    };
    EXPECT_EQ(steps(1), steps(1));
    EXPECT_NE(steps(1), steps(2));
  }
}

TEST(Samples, FindOnlyWhatThereIsAndWhatTheyFindCanBeReplayed) {
  for (std::uint64_t seed = 3; seed <= 90; seed += 3) {
    for (Strategy strategy : {Strategy::Random, Strategy::Pct}) {
      RandomProgram program(seed, {.violations = true, .steps_max = 3});
      const Seen all = look(program, Strategy::Dpor, 4000);
      if (!all.result.complete) continue;
      const Seen sample = look(program, strategy, 200);
      EXPECT_EQ(sample.result.coverage, Coverage::Sampled);
      for (std::uint64_t hash : sample.classes) EXPECT_EQ(all.classes.count(hash), 1u);
      for (std::uint64_t hash : sample.violations) EXPECT_EQ(all.violations.count(hash), 1u);
      if (!sample.result.counterexample) continue;
      EXPECT_TRUE(replay(program, sample.result.counterexample->schedule).violation.has_value());
    }
  }
}

TEST(Progress, IsReportedNowAndThen) {
  for (Strategy strategy :
       {Strategy::Naive, Strategy::Dpor, Strategy::Bounded, Strategy::Random, Strategy::Pct}) {
    Script script = race({.nr_writers = 3, .nr_cleaners = 2});
    std::vector<Progress> reports;
    explore(script,
            {.strategy = strategy,
             .executions_max = 3000,
             .on_progress = [&](const Progress& progress) { reports.push_back(progress); }});
    ASSERT_FALSE(reports.empty());
    EXPECT_EQ(reports[0].executions, 1024u);
    for (const Progress& report : reports) {
      EXPECT_GE(report.fraction, 0);
      EXPECT_LE(report.fraction, 1 + 1e-9);
    }
    if (strategy == Strategy::Random) {
      EXPECT_NEAR(reports[1].fraction, 2048.0 / 3000, 1e-9);
    }
  }
}

}  // namespace
}  // namespace mmcheck::explore

// SPDX-License-Identifier: Apache-2.0
// The reduction against brute force. bench/explore/brute_force.cc does the same on more programs.
#include <gtest/gtest.h>

#include "compare.h"
#include "sanitized.h"

namespace mmcheck::explore {
namespace {

TEST(Reduction, SeesWhatBruteForceSees) {
  unsigned nr_compared = 0;
  for (std::uint64_t seed = 1; nr_compared < fewer_if_sanitized(800); ++seed) {
    RandomProgram program(seed, options_of(seed));
    Seen naive = look(program, Strategy::Naive, kNaiveMax);
    if (!naive.result.complete) continue;
    ++nr_compared;
    Seen dpor = look(program, Strategy::Dpor, ~std::uint64_t{0});
    ASSERT_TRUE(dpor.result.complete);
    EXPECT_EQ(difference(naive, dpor), "") << "seed " << seed << "\n" << program.text();
    if (HasFailure()) break;
  }
}

TEST(Reduction, SeesWhatSleepSetsSee) {
  for (const auto options_of_kind : {options_of, foreseeable_options_of}) {
    for (std::uint64_t seed = 2001; seed <= 2000 + fewer_if_sanitized(1000); ++seed) {
      const RandomOptions options = options_of_kind(seed);
      RandomProgram program(seed, options);
      const Seen all = look_by_sleep_sets(program, kNaiveMax);
      if (!all.result.complete) continue;
      EXPECT_EQ(all.classes.size(), all.nr_whole) << "seed " << seed;
      const Seen dpor = look(program, Strategy::Dpor, ~std::uint64_t{0});
      ASSERT_EQ(difference(all, dpor), "")
          << "seed " << seed << (options.foreseeable ? ", foreseeable" : "") << "\n"
          << program.text();
    }
  }
}

TEST(Straighten, NoScheduleHasFewerContextSwitches) {
  unsigned nr_compared = 0;
  for (std::uint64_t seed = 3; nr_compared < fewer_if_sanitized(100); seed += 3) {
    RandomProgram program(seed, {.violations = true, .steps_max = 3});
    Seen naive = look(program, Strategy::Naive, kNaiveMax);
    if (!naive.result.complete || naive.violations.empty()) continue;
    Seen dpor = look(program, Strategy::Dpor, ~std::uint64_t{0});
    ASSERT_TRUE(dpor.result.counterexample.has_value());
    // A deadlock can be the shorter counterexample; brute force looked for reports by steps only.
    if (dpor.result.counterexample->rule != "R-TEST") continue;
    ++nr_compared;
    EXPECT_EQ(dpor.result.counterexample->context_switches, naive.fewest_switches)
        << "seed " << seed << "\n"
        << program.text();
    trace::Record record = replay(program, dpor.result.counterexample->schedule);
    ASSERT_TRUE(record.violation.has_value());
    EXPECT_EQ(record.violation->rule, "R-TEST");
    EXPECT_EQ(to_index(record.violation->broken_at) + 1, dpor.result.counterexample->steps);
  }
}

// Each of these once had a class too few, for reasons that are told where they are seen to. A
// change of the generator makes them other programs: find such anew with
// bench/explore/brute_force.cc.
TEST(Reduction, SeesWhatItOnceMissed) {
  const auto compare = [](std::uint64_t seed, const RandomOptions& options) {
    RandomProgram program(seed, options);
    const Seen all = look_by_sleep_sets(program, 50'000);
    ASSERT_TRUE(all.result.complete);
    EXPECT_EQ(difference(all, look(program, Strategy::Dpor, ~std::uint64_t{0})), "")
        << "seed " << seed << "\n"
        << program.text();
  };
  for (const std::uint64_t seed :
       {1733, 1749, 2413, 2950, 3313, 3642, 4946, 5452, 20890, 29468, 82215, 84421, 85866, 92260}) {
    compare(seed, options_of(seed));
  }
  RandomOptions breaks_a_rule = foreseeable_options_of(16095);
  breaks_a_rule.violations = true;
  compare(16095, breaks_a_rule);
  RandomOptions waits = foreseeable_options_of(19305);
  waits.violations = true;
  compare(19305, waits);
  compare(44788, foreseeable_options_of(44788));
}

TEST(Random, FindsOnlyWhatThereIs) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    RandomProgram program(seed, {.steps_max = 3});
    Seen dpor = look(program, Strategy::Dpor, kNaiveMax);
    if (!dpor.result.complete) continue;
    std::set<std::uint64_t> outcomes;
    Seen random = look(program, Strategy::Random, 200);
    EXPECT_FALSE(random.result.complete);
    for (std::uint64_t outcome : random.outcomes) EXPECT_EQ(dpor.outcomes.count(outcome), 1u);
  }
}

}  // namespace
}  // namespace mmcheck::explore

// SPDX-License-Identifier: Apache-2.0
// Lanes against a search in order.
#include <gtest/gtest.h>

#include <atomic>

#include "compare.h"
#include "explore/lane.h"
#include "sanitized.h"

namespace mmcheck::explore {
namespace {

/// Empty, or what lanes see otherwise. Programs that are too large or too small are left out.
std::string wrong_in_lanes(std::uint64_t seed, const RandomOptions& options, unsigned nr_speeds) {
  RandomProgram program(seed, options);
  const Seen alone = look(program, Strategy::Dpor, 20'000);
  if (!alone.result.complete || alone.nr_whole < 4) return {};
  for (std::uint64_t i = 0; i < nr_speeds; ++i) {
    const Seen seen = look_in_lanes(seed, options, lanes_of_speeds(seed * 1000 + i));
    if (!seen.result.complete) return "not complete";
    std::string result = difference(alone, seen);
    if (!result.empty()) return result + "seed " + std::to_string(seed) + "\n" + program.text();
  }
  return {};
}

TEST(Lanes, SeeTheSameAtOnce) {
  unsigned nr_compared = 0;
  for (std::uint64_t seed = 1; nr_compared < fewer_if_sanitized(300); ++seed) {
    const RandomOptions options = options_of(seed);
    RandomProgram program(seed, options);
    const Seen alone = look(program, Strategy::Dpor, 2000);
    if (!alone.result.complete || alone.nr_whole < 4) continue;
    ++nr_compared;
    const Lanes lanes{.nr = 2 + static_cast<unsigned>(seed % 3), .round = 1 + seed % 7};
    const Seen seen = look_in_lanes(seed, options, lanes);
    ASSERT_TRUE(seen.result.complete);
    ASSERT_EQ(difference(alone, seen), "") << "seed " << seed << "\n" << program.text();
    EXPECT_EQ(alone.nr_whole, seen.nr_whole);
  }
}

// What lanes know of each other depends on how fast they are.
TEST(Lanes, SeeTheSameWhateverTheirSpeeds) {
  for (std::uint64_t seed = 1; seed <= fewer_if_sanitized(500); ++seed) {
    ASSERT_EQ(wrong_in_lanes(seed, options_of(seed), 2), "");
    ASSERT_EQ(wrong_in_lanes(seed, foreseeable_options_of(seed), 2), "");
  }
}

// For reasons that are told where they are seen to. A change of the generator makes them other
// programs: find such anew with bench/explore/brute_force.cc.
TEST(Lanes, SeeWhatTheyOnceMissed) {
  for (const std::uint64_t seed :
       {242, 557, 730, 813, 826, 4831, 7199, 7234, 21929, 23881, 24171, 29329}) {
    EXPECT_EQ(wrong_in_lanes(seed, options_of(seed), 12), "");
  }
  for (const std::uint64_t seed : {390, 2542, 2970, 5392, 15616, 27647}) {
    EXPECT_EQ(wrong_in_lanes(seed, foreseeable_options_of(seed), 12), "");
  }
}

// Nobody waits for a lane that has long to go.
TEST(Lanes, EndARoundTogether) {
  RandomProgram program(1, {.steps_max = 4});
  const Options options{};
  const OutcomeFunction on_outcome;
  const EndFunction on_end;
  Lane lane(program, options, on_outcome, on_end, {.patience = 2});
  lane.begin();
  std::atomic<bool> over = true;
  lane.run(1000, over);
  EXPECT_EQ(lane.tally().nr_executions(), 2u);
  ASSERT_FALSE(lane.idle());
  over = false;
  lane.run(1000, over);
  EXPECT_TRUE(lane.idle());
  EXPECT_TRUE(over);
}

}  // namespace
}  // namespace mmcheck::explore

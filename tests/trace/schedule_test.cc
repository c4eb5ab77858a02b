// SPDX-License-Identifier: Apache-2.0
#include "trace/schedule.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/error.h"

namespace mmcheck::trace {
namespace {

Choice choice(unsigned thread, std::uint64_t alternative = 0) {
  return {static_cast<ThreadId>(thread), alternative};
}

std::string message_of(std::string_view text) {
  try {
    decode(text);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Schedule, EncodesRunsAndLabels) {
  const Schedule schedule = {choice(0),    choice(0),    choice(0), choice(0), choice(2),
                             choice(1, 7), choice(1, 7), choice(0), choice(0)};
  EXPECT_EQ(encode(schedule), "0*4.2.1:7.1:7.0*2");
  EXPECT_EQ(decode("0*4.2.1:7.1:7.0*2"), schedule);
}

TEST(Schedule, ALabelEndsARun) {
  EXPECT_EQ(encode({choice(3), choice(3), choice(3, 1), choice(3)}), "3*2.3:1.3");
}

TEST(Schedule, NothingIsTheEmptySchedule) {
  EXPECT_EQ(encode({}), "");
  EXPECT_EQ(decode(""), Schedule{});
}

TEST(Schedule, EveryScheduleSurvivesTheRoundTrip) {
  const bool ok = rc::check([] {
    Schedule schedule;
    const auto pairs = *rc::gen::arbitrary<std::vector<std::pair<std::uint8_t, std::uint64_t>>>();
    for (const auto& [thread, alternative] : pairs) {
      // Few threads and mostly no alternatives, so that there are runs.
      schedule.push_back(choice(thread % 4u, alternative % 3 == 0 ? alternative : 0));
    }
    const std::string text = encode(schedule);
    RC_ASSERT(text.find_first_not_of("0123456789.*:") == std::string::npos);
    RC_ASSERT(decode(text) == schedule);
    RC_ASSERT(encode(decode(text)) == text);
  });
  EXPECT_TRUE(ok);
}

TEST(Schedule, TakesTheLargestNumbers) {
  const Schedule schedule = {choice(255, 18446744073709551615u)};
  EXPECT_EQ(encode(schedule), "255:18446744073709551615");
  EXPECT_EQ(decode("255:18446744073709551615"), schedule);
  EXPECT_EQ(decode("0*1000000").size(), 1'000'000u);
}

TEST(Schedule, SaysAtWhichCharacterWhatWasExpected) {
  const auto at = [](unsigned character, const std::string& rest) {
    return "schedule, character " + std::to_string(character) + ": " + rest;
  };
  EXPECT_EQ(message_of("x"), at(1, "expected a thread number, found 'x'"));
  EXPECT_EQ(message_of(".0"), at(1, "expected a thread number, found '.'"));
  EXPECT_EQ(message_of("0."), at(3, "expected a thread number, found the end"));
  EXPECT_EQ(message_of("0..1"), at(3, "expected a thread number, found '.'"));
  EXPECT_EQ(message_of("-1"), at(1, "expected a thread number, found '-'"));
  EXPECT_EQ(message_of("0*"), at(3, "expected a run length, found the end"));
  EXPECT_EQ(message_of("0*0"), at(3, "the run length is 0; it must be at least 1"));
  EXPECT_EQ(message_of("0:"), at(3, "expected a label, found the end"));
  EXPECT_EQ(message_of("0:a"), at(3, "expected a label, found 'a'"));
  EXPECT_EQ(message_of("0*3:1"), at(4, "expected '.', found ':'"));
  EXPECT_EQ(message_of("0:3*2"), at(4, "expected '.', found '*'"));
  EXPECT_EQ(message_of("0 1"), at(2, "expected '.', '*' or ':', found ' '"));
  EXPECT_EQ(message_of("0\n"), at(2, "expected '.', '*' or ':', found byte 0x0a"));
  EXPECT_EQ(message_of("0\xff"), at(2, "expected '.', '*' or ':', found byte 0xff"));
}

TEST(Schedule, RefusesNumbersThatAreTooLarge) {
  EXPECT_EQ(message_of("0.256"), "schedule, character 3: a thread number is at most 255");
  EXPECT_EQ(message_of("1:18446744073709551616"),
            "schedule, character 3: a label is at most 18446744073709551615");
  EXPECT_EQ(message_of("0*1000001"), "schedule, character 3: a run length is at most 1000000");
  EXPECT_EQ(message_of("0*1000000.1"),
            "schedule, character 11: the schedule is longer than 1000000 steps");
}

}  // namespace
}  // namespace mmcheck::trace

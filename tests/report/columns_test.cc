// SPDX-License-Identifier: Apache-2.0
// The golden texts are what users paste into mails: read them when they change.
#include "report/columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "sample.h"

namespace mmcheck::report {
namespace {

using testing::HasSubstr;
using testing::Not;

ColumnsOptions options_with(Steps steps, const std::string& replay = "") {
  return {.steps = steps, .replay = replay};
}

TEST(Columns, TwoCpus) {
  const std::string text =
      columns(two_cpus(), options_with(Steps::Essential, "munmap+store@linux-6.1:0*4.1.0*2"));
  EXPECT_EQ(text, golden("two_cpus.txt", text));
}

TEST(Columns, TwoCpusWithAllSteps) {
  const std::string text = columns(two_cpus(), options_with(Steps::All));
  EXPECT_EQ(text, golden("two_cpus_all_steps.txt", text));
}

TEST(Columns, ThreeCpusWithAnInterrupt) {
  const std::string text = columns(
      three_cpus(), options_with(Steps::Essential, "munmap+store+msync@linux-6.1:0*3.2*2.1.0.3.0"));
  EXPECT_EQ(text, golden("three_cpus.txt", text));
}

TEST(Columns, NeverExceedAHundredCharactersWithUpToFourCpus) {
  for (unsigned nr_cpus = 1; nr_cpus <= 4; ++nr_cpus) {
    for (unsigned length = 1; length <= 160; length += 3) {
      trace::Record record;
      for (unsigned cpu = 0; cpu < nr_cpus; ++cpu) {
        record.threads.push_back({std::string(length % 40, 't'), static_cast<CpuId>(cpu), false});
        trace::StepRecord step;
        step.event = static_cast<EventId>(cpu + 998);
        step.thread = static_cast<ThreadId>(cpu);
        step.cpu = static_cast<CpuId>(cpu);
        step.text = std::string(length, 'x') + " (page 1)";
        step.changes = {{std::string(length, 'o'), "old", std::string(length, 'n')}};
        step.notes = {std::string(length, 'r')};
        record.steps.push_back(step);
      }
      record.violation = trace::ViolationRecord{
          "R-WRITE", std::string(length, 'w'), std::string(length, 'y'), EventId{998}, {}};
      std::string replay = "a+b@linux-6.1:0";
      for (unsigned i = 0; i < length; ++i) replay += ".1:7";
      for (Steps steps : {Steps::Essential, Steps::All}) {
        const std::string text = columns(record, options_with(steps, replay));
        ASSERT_LE(longest_line(text), 100u) << text;
      }
    }
  }
}

TEST(Columns, HideMinorStepsThatChangeNothingMajor) {
  const std::string text = columns(two_cpus(), options_with(Steps::Essential));
  EXPECT_THAT(text, Not(HasSubstr("down_write")));
  EXPECT_THAT(text, HasSubstr("free page 1"));  // minor, but changes something major
  EXPECT_THAT(text, HasSubstr("spin_unlock"));  // major; what it changes is minor
  EXPECT_THAT(text, Not(HasSubstr("ptl: held")));
  EXPECT_THAT(text, HasSubstr("not shown: 1 minor step, 2 steps after the rule is broken"));
}

TEST(Columns, ShowAMinorStepThatIsPartOfTheViolation) {
  trace::Record record = two_cpus();
  record.violation->events = {EventId{0}, EventId{4}};
  EXPECT_THAT(columns(record, options_with(Steps::Essential)), HasSubstr("1*  down_write"));
}

TEST(Columns, NumberStepsAlikeWhicheverAreShown) {
  EXPECT_THAT(columns(two_cpus(), options_with(Steps::Essential)), HasSubstr("2*  ptep_get"));
  EXPECT_THAT(columns(two_cpus(), options_with(Steps::All)), HasSubstr("2*  ptep_get"));
}

TEST(Columns, NameTheThreadWhereACpuHasSeveral) {
  trace::Record record = two_cpus();
  record.threads[1].cpu = CpuId{0};
  for (trace::StepRecord& step : record.steps) step.cpu = CpuId{0};
  const std::string text = columns(record, options_with(Steps::Essential));
  EXPECT_THAT(text, HasSubstr("CPU0 munmap, store"));
  EXPECT_THAT(text, HasSubstr("store: store x = 2"));
}

TEST(Columns, SayThatNothingIsBroken) {
  trace::Record record = two_cpus();
  record.violation.reset();
  const std::string text = columns(record, options_with(Steps::Essential));
  EXPECT_THAT(text, HasSubstr("verdict:   no rule is broken in this execution"));
  EXPECT_THAT(text, HasSubstr("flush_tlb_mm_range"));
  EXPECT_THAT(text, Not(HasSubstr("why:")));
  EXPECT_THAT(columns(record, {.only_rule = "R-FS"}),
              HasSubstr("verdict:   R-FS is not broken in this execution"));
}

TEST(Columns, AreEmptyForAnEmptyRecord) {
  EXPECT_EQ(columns({}, {}), "    what changed\nverdict:   no rule is broken in this execution\n");
}

TEST(Columns, AreColouredOnlyOnRequest) {
  ColumnsOptions options;
  EXPECT_THAT(columns(three_cpus(), options), Not(HasSubstr("\x1b")));
  options.colour = Colour::Yes;
  std::string text = columns(three_cpus(), options);
  EXPECT_THAT(text, HasSubstr("\x1b[1;31m<-- R-WRITE broken"));
  for (const std::string code : {"\x1b[1;31m", "\x1b[1m", "\x1b[0m"}) {
    for (std::size_t at = 0; (at = text.find(code)) != std::string::npos;)
      text.erase(at, code.size());
  }
  std::istringstream coloured(text);
  std::istringstream plain(columns(three_cpus(), {}));
  for (std::string a, b; std::getline(coloured, a) && std::getline(plain, b);) {
    EXPECT_EQ(a.substr(0, a.find_last_not_of(' ') + 1), b);
  }
}

std::string replay_line(const std::string& replay, unsigned label_width, unsigned width) {
  return replay_command({.width = width, .replay = replay}, label_width);
}

TEST(ReplayCommand, IsBrokenAfterDotsOfTheScheduleOnly) {
  EXPECT_EQ(replay_line("a b@linux-6.1:0*2.1", 11, 100), "mmcheck replay 'a b@linux-6.1:0*2.1'");
  EXPECT_EQ(replay_line("a b@linux-6.1:0*2.1.2.3", 4, 40),
            "mmcheck replay 'a b@linux-6.1:0*2.1.\n    2.3'");
  EXPECT_EQ(replay_line("a.path/name@linux-6.1:0.1", 4, 43),
            "mmcheck replay 'a.path/name@linux-6.1:\n    0.1'");
}

TEST(ReplayCommand, IsContinuedWhereTheNameOfTheProgramLeavesNoRoom) {
  EXPECT_EQ(
      replay_command({.width = 34, .replay = "a@d:0*2.1.2.3.2.1", .program = "/a/long/path"}, 17),
      "/a/long/path replay \\\n"
      "                 'a@d:0*2.1.2.3.2.\n"
      "                 1'");
  // To the character: the head just fits, and just does not.
  EXPECT_EQ(replay_line("a@d:0.1", 0, 20), "mmcheck replay 'a@d:\n0.1'");
  EXPECT_EQ(replay_line("a@d:0.1", 0, 19), "mmcheck replay \\\n'a@d:0.1'");
}

TEST(ReplayCommand, IsQuotedForAShell) {
  EXPECT_EQ(replay_line("it's@d:0", 0, 100), "mmcheck replay 'it'\\''s@d:0'");
}

TEST(ReplayCommand, NamesTheProgramAndTheRule) {
  EXPECT_EQ(replay_command({.replay = "a@d:0", .program = "./run", .only_rule = "R-FS"}, 0),
            "./run replay --rule R-FS 'a@d:0'");
  EXPECT_THAT(columns(two_cpus(), {.replay = "a@d:0", .program = "./run", .only_rule = "R-FS"}),
              HasSubstr("\nreplay:    ./run replay --rule R-FS 'a@d:0'\n"));
}

TEST(ShellWord, IsQuotedOnlyWhereItHasToBe) {
  EXPECT_EQ(shell_word("./run"), "./run");
  EXPECT_EQ(shell_word("/usr/bin/mmcheck-0.1_x"), "/usr/bin/mmcheck-0.1_x");
  EXPECT_EQ(shell_word("my tools/run"), "'my tools/run'");
  EXPECT_EQ(shell_word("it's/run"), "'it'\\''s/run'");
  EXPECT_EQ(shell_word("a$b"), "'a$b'");
  EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace mmcheck::report

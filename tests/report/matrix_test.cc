// SPDX-License-Identifier: Apache-2.0
#include "report/matrix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample.h"

namespace mmcheck::report {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kScenarios[] = {"anon-munmap+folio-referenced",
                                      "batch-overflow+store+msync",
                                      "dontneed+dontneed",
                                      "dontneed+fault",
                                      "dontneed+store+msync",
                                      "dontneed+store+writeback-evict",
                                      "exit+store+msync",
                                      "exit+store+writeback-evict",
                                      "mapfixed+store+msync",
                                      "mapfixed+store+writeback-evict",
                                      "munmap+store+msync",
                                      "munmap+store+reclaim",
                                      "munmap+store+writeback-evict"};
constexpr const char* kDesigns[] = {"linux-6.1",
                                    "linux-6.2",
                                    "linux-6.12",
                                    "torvalds-dirty-in-batch",
                                    "torvalds-rmap-at-free",
                                    "zijlstra-force-flush",
                                    "flush-every-page",
                                    "linux-6.1-s390"};

std::vector<Verdict> catalog() {
  std::vector<Verdict> verdicts;
  std::uint64_t executions = 3;
  for (const char* scenario : kScenarios) {
    for (const char* design : kDesigns) {
      executions = executions * 31 % 60'013;
      verdicts.push_back(executions % 3 == 0 ? violated(scenario, design, "R-WRITE", executions)
                                             : held(scenario, design, executions));
    }
  }
  return verdicts;
}

TEST(Matrix, OfTheWholeCatalogFitsIntoAHundredCharacters) {
  const std::string text = matrix_table(catalog(), Colour::No) + "\n" + summary(catalog());
  EXPECT_EQ(text, golden("matrix.txt", text));
  EXPECT_LE(longest_line(text), 100u);
}

TEST(Matrix, MarksWhatIsNotAsExpected) {
  std::vector<Verdict> verdicts = {held("a", "linux-6.1", 7),
                                   violated("a", "linux-6.2", "R-FREE", 12)};
  verdicts[1].met = Met::No;
  verdicts[1].expected = Expectation{};
  EXPECT_EQ(matrix_table(verdicts, Colour::No),
            "           a\n"
            "linux-6.1  held     7\n"
            "linux-6.2  R-FREE! 12\n");
  EXPECT_THAT(summary(verdicts), HasSubstr("1 expectation is NOT met"));
  EXPECT_THAT(matrix_table(verdicts, Colour::Yes), HasSubstr("\x1b[1;31mR-FREE!"));
}

TEST(Matrix, LeavesACellEmptyThatWasNotSearched) {
  EXPECT_EQ(matrix_table(std::vector{held("a", "d", 1), held("b", "e", 2)}, Colour::No),
            "   a       b\n"
            "d  held 1\n"
            "e          held 2\n");
}

// Two parts, as the line is short: each row has a cell in one of them.
TEST(Matrix, LeavesOutRowsWithoutACell) {
  const std::vector verdicts{held("a-scenario", "d", 1), held("b-scenario", "e", 2)};
  EXPECT_EQ(matrix_table(verdicts, Colour::No, 16),
            "   a-scenario\n"
            "d  held 1\n"
            "\n"
            "   b-scenario\n"
            "e  held 2\n");
}

TEST(Matrix, OfNothingIsEmpty) {
  EXPECT_EQ(matrix_table({}, Colour::No), "");
  EXPECT_EQ(summary({}), "0 cells: 0 held, 0 violated; 0 executions\n");
}

TEST(Summary, NamesRulesThatNoCellExercised) {
  std::vector<Verdict> verdicts = {held("a", "d", 1), held("a", "e", 2)};
  EXPECT_EQ(summary(verdicts),
            "2 cells: 2 held, 0 violated; 3 executions\n"
            "every expectation is met\n"
            "never exercised, so nothing is said about them: R-ANON\n");
  verdicts[1].vacuous.clear();
  EXPECT_THAT(summary(verdicts), Not(HasSubstr("never exercised")));
}

TEST(Summary, TellsUndecidedFromUnexpected) {
  std::vector<Verdict> verdicts = {held("a", "d", 1), violated("a", "e", "R-FREE", 2)};
  verdicts[0].outcome = Outcome::Incomplete;
  verdicts[0].met = Met::Unknown;
  verdicts[0].seed = 9;
  verdicts[1].expected.reset();
  verdicts[1].met = Met::Unknown;
  verdicts[1].vacuous.clear();
  EXPECT_EQ(summary(verdicts),
            "2 cells: 0 held, 1 violated, 1 incomplete; 3 executions\n"
            "1 expectation is undecided: the search was cut short; 1 cell has no expectation; "
            "1 of them violated\n"
            "a random sample (seed 9): what it did not find may still be there\n");
}

TEST(Summary, SaysOnceThatOnlyOneRuleWasWatched) {
  std::vector<Verdict> verdicts = {held("a", "c", 1), violated("a", "d", "R-WRITE", 2),
                                   violated("a", "e", "R-WRITE", 3)};
  for (Verdict& verdict : verdicts) {
    verdict.only_rule = "R-WRITE";
    verdict.vacuous.clear();
  }
  EXPECT_EQ(summary(verdicts),
            "3 cells: 1 held, 2 violated; 6 executions\n"
            "only R-WRITE was watched\n"
            "every expectation is met\n");
  verdicts[0].met = Met::Unknown;
  verdicts[1].met = Met::Unknown;
  verdicts[1].expected = Expectation{Outcome::Violated, "R-FREE"};
  EXPECT_EQ(summary(verdicts),
            "3 cells: 1 held, 2 violated; 6 executions\n"
            "only R-WRITE was watched\n"
            "1 expectation is met; 2 expectations are undecided: other rules would have to be "
            "watched\n");
  EXPECT_EQ(verdict_line(verdicts[1], 1, Colour::No), "  d  R-WRITE           2 executions\n");
}

TEST(VerdictLine, SaysWhatWasNotExercisedAndWhatWasExpected) {
  EXPECT_EQ(verdict_line(held("a", "linux-6.2", 2184), 10, Colour::No),
            "  linux-6.2   held           2184 executions  complete; not exercised: R-ANON\n");
  Verdict verdict = violated("a", "linux-6.1", "R-WRITE", 1);
  EXPECT_EQ(verdict_line(verdict, 10, Colour::No), "  linux-6.1   R-WRITE           1 execution\n");
  verdict.expected = Expectation{};
  verdict.met = Met::No;
  EXPECT_EQ(verdict_line(verdict, 10, Colour::No),
            "  linux-6.1   R-WRITE           1 execution   <-- expected: held\n");
}

TEST(VerdictLine, SaysHowFarASearchWentThatWasNotComplete) {
  Verdict bounded = held_bounded("a", "linux-6.2", 383, 2);
  bounded.vacuous.clear();
  EXPECT_EQ(verdict_line(bounded, 10, Colour::No),
            "  linux-6.2   held, bounded      383 executions  all schedules with at most 2 "
            "preemptions\n");
  bounded.preemptions = 0;
  EXPECT_THAT(verdict_line(bounded, 10, Colour::No),
              HasSubstr("executions  all schedules without preemptions\n"));
  bounded.outcome = Outcome::Incomplete;
  bounded.coverage = Coverage::CutShort;
  EXPECT_EQ(verdict_line(bounded, 10, Colour::No),
            "  linux-6.2   incomplete         383 executions  all schedules without preemptions; "
            "cut short after\n"
            "                                                 these\n");
  bounded.preemptions.reset();
  EXPECT_EQ(verdict_line(bounded, 10, Colour::No),
            "  linux-6.2   incomplete         383 executions\n");
  Verdict sampled = held_sampled("a", "linux-6.2", 10'000);
  sampled.vacuous.clear();
  EXPECT_EQ(verdict_line(sampled, 10, Colour::No),
            "  linux-6.2   held, sampled    10000 executions  random walks: 731 classes seen of "
            "about 812 or\n"
            "                                                 more; about 2.1e5 schedules in all "
            "(+- 3.1e4)\n");
  sampled.sample->schedules.reset();
  sampled.sample->guarantee = Guarantee{3, 40, 3, 1.0 / 4800, 0.1239};
  EXPECT_EQ(
      verdict_line(sampled, 10, Colour::No),
      "  linux-6.2   held, sampled    10000 executions  PCT: 731 classes seen of about 812 or "
      "more; finds a\n"
      "                                                 bug of depth 3 with probability 2.0e-4 "
      "or more,\n"
      "                                                 0.123 in all\n");
}

TEST(VerdictLine, SaysHowFewPreemptionsAViolationNeeds) {
  Verdict verdict = violated("a", "linux-6.1", "R-WRITE", 12);
  verdict.coverage = Coverage::Bounded;
  verdict.bounds.preemptions_max = 2;
  verdict.preemptions = 0;
  EXPECT_EQ(verdict_line(verdict, 10, Colour::No),
            "  linux-6.1   R-WRITE             12 executions  1 preemption, none with fewer\n");
  verdict.preemptions.reset();
  EXPECT_EQ(verdict_line(verdict, 10, Colour::No),
            "  linux-6.1   R-WRITE             12 executions  0 preemptions\n");
}

TEST(Summary, CountsWhatWasBoundedOrASample) {
  std::vector<Verdict> verdicts = {held("a", "d", 1), held_bounded("a", "e", 2, 1)};
  verdicts[0].bounds.preemptions_max = 1;
  EXPECT_THAT(summary(verdicts), HasSubstr("2 cells: 1 held, 0 violated, 1 bounded; 3 executions\n"
                                           "1 expectation is met; 1 expectation is undecided: the "
                                           "search was bounded\n"
                                           "bounded: what takes more than 1 preemption was not "
                                           "searched\n"));
  EXPECT_THAT(summary(std::vector{held_sampled("a", "d", 5)}),
              HasSubstr("1 cell: 0 held, 0 violated, 1 sampled; 5 executions\n"
                        "1 expectation is undecided: the search was a sample\n"
                        "a random sample (seed 1): what it did not find may still be there\n"));
}

TEST(VerdictLine, IsWrappedAtAHundredCharacters) {
  Verdict verdict = held("a", "linux-6.12/scan-only-the-active-batch", 60'000);
  verdict.vacuous = {"R-WRITE", "R-FREE", "R-COUNT", "R-ANON", "R-FS", "R-PERM", "R-COHERE"};
  const std::string text = verdict_line(verdict, 40, Colour::No);
  EXPECT_LE(longest_line(text), 100u);
  EXPECT_THAT(text, HasSubstr("R-COHERE"));
}

}  // namespace
}  // namespace mmcheck::report

// SPDX-License-Identifier: Apache-2.0
#include "report/verdict.h"

#include <gtest/gtest.h>

#include "sample.h"

namespace mmcheck::report {
namespace {

TEST(Judge, ComparesWithTheExpectation) {
  const Expectation expect_held{Outcome::Held, ""};
  const Expectation expect_write{Outcome::Violated, "R-WRITE"};
  const Expectation expect_any{Outcome::Violated, ""};
  EXPECT_EQ(judge(Outcome::Held, "", expect_held), Met::Yes);
  EXPECT_EQ(judge(Outcome::Violated, "R-FREE", expect_held), Met::No);
  EXPECT_EQ(judge(Outcome::Incomplete, "", expect_held), Met::Unknown);
  EXPECT_EQ(judge(Outcome::Violated, "R-WRITE", expect_write), Met::Yes);
  EXPECT_EQ(judge(Outcome::Violated, "R-FREE", expect_write), Met::No);
  EXPECT_EQ(judge(Outcome::Held, "", expect_write), Met::No);
  EXPECT_EQ(judge(Outcome::Incomplete, "", expect_write), Met::No);
  EXPECT_EQ(judge(Outcome::Violated, "R-FREE", expect_any), Met::Yes);
  EXPECT_EQ(judge(Outcome::Held, "", std::nullopt), Met::Unknown);
}

TEST(Judge, LeavesUndecidedWhatSpeaksOfRulesThatWereNotWatched) {
  const Expectation expect_held{Outcome::Held, ""};
  const Expectation expect_write{Outcome::Violated, "R-WRITE"};
  const Expectation expect_free{Outcome::Violated, "R-FREE"};
  const Expectation expect_any{Outcome::Violated, ""};
  const auto judge_write = [](Outcome outcome, std::string_view rule, const Expectation& expected) {
    return judge(outcome, rule, expected, "R-WRITE");
  };
  EXPECT_EQ(judge_write(Outcome::Held, "", expect_held), Met::Unknown);
  EXPECT_EQ(judge_write(Outcome::Violated, "R-WRITE", expect_held), Met::No);
  EXPECT_EQ(judge_write(Outcome::Violated, "R-WRITE", expect_write), Met::Yes);
  EXPECT_EQ(judge_write(Outcome::Held, "", expect_write), Met::No);
  EXPECT_EQ(judge_write(Outcome::Incomplete, "", expect_write), Met::No);
  EXPECT_EQ(judge_write(Outcome::Held, "", expect_free), Met::Unknown);
  EXPECT_EQ(judge_write(Outcome::Violated, "R-WRITE", expect_free), Met::Unknown);
  EXPECT_EQ(judge_write(Outcome::Held, "", expect_any), Met::Unknown);
  EXPECT_EQ(judge_write(Outcome::Violated, "R-WRITE", expect_any), Met::Yes);
  // Deadlock is found whatever is watched.
  EXPECT_EQ(judge_write(Outcome::Violated, "R-LIVE", Expectation{Outcome::Violated, "R-LIVE"}),
            Met::Yes);
  EXPECT_EQ(judge_write(Outcome::Violated, "R-LIVE", expect_write), Met::No);
}

TEST(IsFailure, ForUnmetExpectationsAndUnexpectedViolations) {
  EXPECT_FALSE(is_failure(held("a", "d", 1)));
  Verdict verdict = violated("a", "d", "R-WRITE", 1);
  EXPECT_FALSE(is_failure(verdict));
  verdict.expected.reset();
  verdict.met = Met::Unknown;
  EXPECT_TRUE(is_failure(verdict));
  verdict.outcome = Outcome::Held;
  EXPECT_FALSE(is_failure(verdict));
  verdict.met = Met::No;
  EXPECT_TRUE(is_failure(verdict));
}

TEST(IsFailure, NotForAViolationWhoseExpectationIsUndecided) {
  Verdict verdict = violated("a", "d", "R-WRITE", 1);
  verdict.only_rule = "R-WRITE";
  verdict.expected = Expectation{Outcome::Violated, "R-FREE"};
  verdict.met = Met::Unknown;
  EXPECT_FALSE(is_failure(verdict));
}

TEST(IsFailure, ForConditionsThatAreAsserted) {
  Verdict verdict = held("a", "d", 1);
  verdict.condition = Condition{"exists", "0:r0=1", false};
  EXPECT_FALSE(is_failure(verdict));
  verdict.condition->quantifier = "~exists";
  EXPECT_TRUE(is_failure(verdict));
  verdict.condition->held = true;
  EXPECT_FALSE(is_failure(verdict));
}

TEST(Judge, LeavesUndecidedWhereNotAllWasSearched) {
  const Expectation expect_held{Outcome::Held, ""};
  const Expectation expect_write{Outcome::Violated, "R-WRITE"};
  for (Outcome outcome : {Outcome::Bounded, Outcome::Sampled}) {
    EXPECT_EQ(judge(outcome, "", expect_held), Met::Unknown);
    EXPECT_EQ(judge(outcome, "", expect_write), Met::No);
  }
}

TEST(Numbers, AreShort) {
  EXPECT_EQ(roughly(0), "0");
  EXPECT_EQ(roughly(9999), "9999");
  EXPECT_EQ(roughly(12'345), "1.2e4");
  EXPECT_EQ(roughly(212'345), "2.1e5");
  EXPECT_EQ(roughly(3.26e123), "3.3e123");
  EXPECT_EQ(probability_text(0), "0");
  EXPECT_EQ(probability_text(1), "1");
  EXPECT_EQ(probability_text(0.99999), "0.999");
  EXPECT_EQ(probability_text(0.0689), "0.068");
  EXPECT_EQ(probability_text(1.0 / 4800), "2.0e-4");
  EXPECT_EQ(probability_text(3.19e-12), "3.1e-12");
}

TEST(CounterexampleHeading, SaysHowMinimalItIs) {
  Verdict verdict = violated("a+b", "linux-6.1", "R-WRITE", 37);
  EXPECT_EQ(counterexample_heading(verdict),
            "a+b on linux-6.1: R-WRITE broken at step 8, after 3 context switches\n"
            "(the search stops at the first, after 37 executions; this is the shortest of all 42)");
  verdict.counterexample->minimality = Minimality::Capped;
  EXPECT_EQ(counterexample_heading(verdict),
            "a+b on linux-6.1: R-WRITE broken at step 8, after 3 context switches\n"
            "(the search stops at the first, after 37 executions; this is the shortest of 42, not "
            "of all)");
  verdict.counterexample->minimality = Minimality::First;
  verdict.counterexample->context_switches = 1;
  EXPECT_EQ(counterexample_heading(verdict),
            "a+b on linux-6.1: R-WRITE broken at step 8, after 1 context switch\n"
            "(the first one found, after 37 executions)");
  verdict.executions = 1;
  EXPECT_EQ(counterexample_heading(verdict),
            "a+b on linux-6.1: R-WRITE broken at step 8, after 1 context switch\n"
            "(the first one found, after 1 execution)");
}

TEST(CounterexampleHeading, FitsIntoAHundredCharacters) {
  Verdict verdict = violated(std::string(30, 's'), std::string(30, 'd'), "R-COHERE", 1);
  verdict.executions = 12'345'678;
  verdict.counterexample->searched = 98'765'432;
  for (Minimality minimality : {Minimality::First, Minimality::Shortest, Minimality::Capped}) {
    verdict.counterexample->minimality = minimality;
    EXPECT_LE(longest_line(counterexample_heading(verdict)), 100u);
  }
}

}  // namespace
}  // namespace mmcheck::report

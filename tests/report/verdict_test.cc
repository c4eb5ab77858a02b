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

TEST(IsFailure, ForConditionsThatAreAsserted) {
  Verdict verdict = held("a", "d", 1);
  verdict.condition = Condition{"exists", "0:r0=1", false};
  EXPECT_FALSE(is_failure(verdict));
  verdict.condition->quantifier = "~exists";
  EXPECT_TRUE(is_failure(verdict));
  verdict.condition->held = true;
  EXPECT_FALSE(is_failure(verdict));
}

TEST(CounterexampleHeading, SaysHowMinimalItIs) {
  Verdict verdict = violated("a+b", "linux-6.1", "R-WRITE", 37);
  EXPECT_EQ(counterexample_heading(verdict),
            "a+b on linux-6.1: R-WRITE broken at step 8, after 3 context switches\n"
            "(the shortest of all 42 executions)");
  verdict.counterexample->minimality = Minimality::Capped;
  EXPECT_EQ(counterexample_heading(verdict),
            "a+b on linux-6.1: R-WRITE broken at step 8, after 3 context switches\n"
            "(the shortest of the 42 executions searched, not of all)");
  verdict.counterexample->minimality = Minimality::First;
  verdict.counterexample->context_switches = 1;
  EXPECT_EQ(counterexample_heading(verdict),
            "a+b on linux-6.1: R-WRITE broken at step 8, after 1 context switch\n"
            "(the first one found)");
}

}  // namespace
}  // namespace mmcheck::report

// SPDX-License-Identifier: Apache-2.0
// What a program has gathered over its executions can be told to another one like it: so one search
// can be made by several programs, and gone on with later.
#include <gtest/gtest.h>

#include "model.h"

namespace mmcheck::testing {
namespace {

constexpr const char* kStoreBuffering = R"(C test
{ x = 0; y = 0; }
P0() { WRITE_ONCE(*x, 1); r0 = READ_ONCE(*y); }
P1() { WRITE_ONCE(*y, 1); r0 = READ_ONCE(*x); }
forall (0:r0=1 \/ 1:r0=1))";

const design::Design& linux_6_12() { return *design::find_design("linux-6.12"); }

TEST(Findings, AreTheRulesThatWereExercisedAndWhatTheConditionWas) {
  const workload::Scenario scenario = catalog("munmap+store+msync");
  workload::ScenarioProgram program(scenario, linux_6_12());
  EXPECT_EQ(program.findings(), "");
  explore::explore(program, {});
  EXPECT_NE(program.findings().find("R-WRITE"), std::string::npos);

  workload::ScenarioProgram other(scenario, linux_6_12());
  other.add_findings(program.findings());
  EXPECT_EQ(other.findings(), program.findings());
  EXPECT_EQ(other.exercised(), program.exercised());
  other.forget_findings();
  EXPECT_EQ(other.findings(), "");
  EXPECT_EQ(other.exercised(), rules::RuleSet{});
}

TEST(Findings, AreMerged) {
  const workload::Scenario scenario = workload::parse_scenario(kStoreBuffering, "test");
  workload::ScenarioProgram program(scenario, linux_6_12());
  program.add_findings("met R-FREE");
  EXPECT_TRUE(program.condition_held());
  program.add_findings("R-WRITE unmet");
  EXPECT_FALSE(program.condition_held());
  EXPECT_EQ(program.findings(), "R-WRITE R-FREE met unmet");
  program.add_findings("");
  EXPECT_EQ(program.findings(), "R-WRITE R-FREE met unmet");
}

TEST(Findings, OfSomethingElseAreRefused) {
  const workload::Scenario scenario = catalog("munmap+store+msync");
  workload::ScenarioProgram program(scenario, linux_6_12());
  EXPECT_THROW(program.add_findings("R-WRITE R-NONE"), InputError);
}

TEST(Findings, AreThoseOfAllThreadsOfASearch) {
  const workload::Scenario scenario = catalog("dontneed+store+msync");
  workload::ScenarioProgram alone(scenario, linux_6_12());
  const explore::Result expected = explore::explore(alone, {});
  workload::ScenarioProgram first(scenario, linux_6_12());
  explore::Options options;
  options.jobs = 3;
  const explore::Result result = explore::explore(
      first, [&] { return std::make_unique<workload::ScenarioProgram>(scenario, linux_6_12()); },
      options);
  EXPECT_TRUE(result.complete);
  EXPECT_EQ(result.executions, expected.executions);
  EXPECT_EQ(first.findings(), alone.findings());
}

TEST(Findings, AreSavedWithTheSearch) {
  const workload::Scenario scenario = catalog("dontneed+store+msync");
  workload::ScenarioProgram whole(scenario, linux_6_12());
  explore::Options options;
  std::string state;
  options.checkpoints.due = [&] { return state.empty(); };
  options.checkpoints.save = [&](const std::string& saved) { state = saved; };
  const explore::Result expected = explore::explore(whole, options);
  ASSERT_FALSE(state.empty());
  workload::ScenarioProgram rest(scenario, linux_6_12());
  explore::Options resume;
  resume.checkpoints.resume = state;
  EXPECT_EQ(explore::explore(rest, resume).executions, expected.executions);
  EXPECT_EQ(rest.findings(), whole.findings());
}

}  // namespace
}  // namespace mmcheck::testing

// SPDX-License-Identifier: Apache-2.0
// The list of the model's steps is read out of its sources. Here it is held against what runs.
#include "hunt/model_steps.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "explore/explorer.h"
#include "explore/step_coverage.h"
#include "workload/program.h"

namespace mmcheck::hunt {
namespace {

void run(const workload::Scenario& scenario, std::string_view name,
         explore::StepCoverage& coverage) {
  explore::Options options;
  options.executions_max = 300;
  options.coverage = &coverage;
  try {
    workload::ScenarioProgram program(scenario, *design::find_design(name));
    explore::explore(program, options);
  } catch (const InputError&) {
    // The design has not what the scenario needs.
  }
}

/// What the catalog makes, under the designs that have steps of their own and those it names.
std::set<std::string> made_by_the_catalog() {
  explore::StepCoverage coverage;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("catalog")) {
    if (entry.path().extension() != ".litmus") continue;
    const workload::Scenario scenario = workload::load_scenario(entry.path().string());
    for (const design::Design& design : design::designs()) run(scenario, design.name, coverage);
    for (const workload::Expectation& expectation : scenario.expectations) {
      if (expectation.design != "*") run(scenario, expectation.design, coverage);
    }
  }
  const std::set<std::string_view> steps = coverage.steps();
  return {steps.begin(), steps.end()};
}

TEST(ModelSteps, HaveAllThatTheCatalogMakesAndLittleMore) {
  const std::set<std::string> made = made_by_the_catalog();
  std::set<std::string> listed;
  for (const ModelStep& step : model_steps()) listed.emplace(step.text);
  EXPECT_EQ(listed.size(), model_steps().size());
  std::vector<std::string> missing;
  std::set_difference(made.begin(), made.end(), listed.begin(), listed.end(),
                      std::back_inserter(missing));
  EXPECT_EQ(missing, std::vector<std::string>{}) << "made, but not in the list";
  std::vector<std::string> never;
  std::set_difference(listed.begin(), listed.end(), made.begin(), made.end(),
                      std::back_inserter(never));
  // Some steps are made in programs only that no scenario is, and some by system calls that
  // scenarios have not: mincore(2), pipes. Were other texts taken for steps, there would be many
  // more.
  EXPECT_LT(never.size(), listed.size() / 7) << testing::PrintToString(never);
}

}  // namespace
}  // namespace mmcheck::hunt

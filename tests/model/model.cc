// SPDX-License-Identifier: Apache-2.0
#include "model.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"

namespace mmcheck::testing {

std::vector<std::string> catalog_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("catalog")) {
    if (entry.path().extension() == ".litmus") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

workload::Scenario catalog(const std::string& name) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator("catalog")) {
    if (entry.path().stem() == name) return workload::load_scenario(entry.path().string());
  }
  throw InputError("no scenario of the catalog is called " + name);
}

std::vector<const design::Design*> designs_of(const workload::Scenario& scenario) {
  std::vector<const design::Design*> all;
  for (const design::Design& design : design::designs()) all.push_back(&design);
  for (const workload::Expectation& expectation : scenario.expectations) {
    if (expectation.design == "*") continue;
    const design::Design* named = design::find_design(expectation.design);
    if (named == nullptr) throw InputError(expectation.place, "no such design");
    if (std::find(all.begin(), all.end(), named) == all.end()) all.push_back(named);
  }
  return all;
}

Cell search(const workload::Scenario& scenario, const design::Design& design,
            const explore::Options& options, explore::MemoryModel memory) {
  workload::ScenarioProgram program(scenario, design, memory);
  Cell cell{.result = explore::explore(program, options), .verdict = {}};
  cell.verdict = cell.result.counterexample ? cell.result.counterexample->rule
                 : cell.result.complete     ? "held"
                                            : "incomplete";
  return cell;
}

}  // namespace mmcheck::testing

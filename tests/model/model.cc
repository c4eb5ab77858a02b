// SPDX-License-Identifier: Apache-2.0
#include "model.h"

#include <algorithm>
#include <filesystem>

namespace mmcheck::testing {

std::vector<std::string> catalog_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator("catalog")) {
    if (entry.path().extension() == ".litmus") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

workload::Scenario catalog(const std::string& name) {
  return workload::load_scenario("catalog/" + name + ".litmus");
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

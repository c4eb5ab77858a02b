// SPDX-License-Identifier: Apache-2.0
// Pins the verdict and the number of executions of every cell of the matrix: a change of either is
// a change of the model or of the search, and must be seen in review. MMCHECK_UPDATE_GOLDEN=1
// writes the file anew.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "model.h"

namespace mmcheck::testing {
namespace {

constexpr const char* kGolden = "tests/model/matrix.golden";

TEST(Matrix, VerdictsAndCountsArePinned) {
  std::string text;
  for (const std::string& name : catalog_names()) {
    const workload::Scenario scenario = catalog(name);
    for (const design::Design* design : designs_of(scenario)) {
      const Cell cell = search(scenario, *design);
      text += fmt::format("{:<32} {:<26} {:<10} {}\n", name, design->name, cell.verdict,
                          cell.result.executions);
    }
  }
  if (std::getenv("MMCHECK_UPDATE_GOLDEN") != nullptr) std::ofstream(kGolden) << text;
  std::ifstream file(kGolden);
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(text, golden.str()) << "run again with MMCHECK_UPDATE_GOLDEN=1 if this is meant";
}

}  // namespace
}  // namespace mmcheck::testing

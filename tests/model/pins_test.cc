// SPDX-License-Identifier: Apache-2.0
// Pins the verdict and the number of executions of every cell of the matrix: a change of either is
// a change of the model or of the search, and must be seen in review. MMCHECK_UPDATE_GOLDEN=1
// writes the file anew.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "model.h"

namespace mmcheck::testing {
namespace {

constexpr const char* kGolden = "tests/model/matrix.golden";

std::set<std::string> lines_of(std::istream& stream) {
  std::set<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.insert(line);
  return lines;
}

std::string missing_in(const std::set<std::string>& some, const std::set<std::string>& all) {
  std::string missing;
  for (const std::string& line : all) {
    if (some.count(line) == 0) missing += line + "\n";
  }
  return missing;
}

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
  const std::set<std::string> pinned = lines_of(file);
  std::istringstream stream(text);
  const std::set<std::string> found = lines_of(stream);
  EXPECT_FALSE(found.empty());
  EXPECT_EQ(missing_in(found, pinned), "") << "pinned, and not what comes out";
  EXPECT_EQ(missing_in(pinned, found), "")
      << "comes out, and is not pinned: MMCHECK_UPDATE_GOLDEN=1 if this is meant";
}

}  // namespace
}  // namespace mmcheck::testing

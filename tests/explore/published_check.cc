// SPDX-License-Identifier: Apache-2.0
#include "published_check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <ostream>
#include <set>

#include "classic.h"
#include "compare.h"
#include "explore/search.h"

namespace classic {

using namespace mmcheck::explore;

std::vector<Row> rows(Cost cost) {
  std::vector<Row> result;
  std::ranges::copy_if(published_counts(), std::back_inserter(result),
                       [=](const Row& row) { return row.cost == cost; });
  return result;
}

std::string test_name(const Row& row) {
  std::string name(row.program);
  for (unsigned number : row.numbers) name += "_" + std::to_string(number);
  name += row.source.starts_with("GenMC ") ? "_genmc" : "_others";
  for (char& c : name) {
    if (c == '+') c = 'X';
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}

std::ostream& operator<<(std::ostream& out, const Row& row) {
  out << row.program;
  for (unsigned number : row.numbers) out << ' ' << number;
  return out << ": " << row.executions << " (" << row.source << ")";
}

void check(const Row& row) {
  Scenario scenario;
  build(scenario, row.program, row.numbers);
  Counts counts = count(scenario);
  EXPECT_TRUE(counts.result.complete);
  EXPECT_EQ(row.counted == Counted::All ? counts.result.executions : counts.finished,
            row.executions);
  EXPECT_EQ(counts.result.blocked, 0u);
  bool broken = counts.result.counterexample.has_value();
  EXPECT_EQ(broken, row.program == "bug_after_1k");
}

bool check_by_brute_force(const Row& row, std::uint64_t executions_max) {
  Scenario scenario;
  build(scenario, row.program, row.numbers);
  constexpr std::uint64_t kStepsMax = 100;  // to tell a class takes the square of its steps
  std::set<std::uint64_t> finished, all;
  bool is_long = false;
  auto on_end = [&](const Engine& engine, Ending) {
    is_long = is_long || engine.at_step_limit();
    if (is_long) return;
    std::uint64_t id = class_of(engine.log());
    all.insert(id);
    if (engine.unfinished() == 0) finished.insert(id);
  };
  Result result = explore_observed(scenario, {},
                                   {.strategy = Strategy::Naive,
                                    .on_violation = OnViolation::Continue,
                                    .executions_max = executions_max,
                                    .steps_max = kStepsMax},
                                   {}, on_end);
  if (!result.complete || is_long) return false;
  EXPECT_EQ(row.counted == Counted::All ? all.size() : finished.size(), row.executions) << row;
  return true;
}

}  // namespace classic

// SPDX-License-Identifier: Apache-2.0
// The search finds the published numbers of executions, and does not begin one in vain.
#include <gtest/gtest.h>

#include "classic.h"
#include "published_check.h"

namespace classic {
namespace {

class Published : public testing::TestWithParam<Row> {};

TEST_P(Published, Count) { check(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Below1s, Published, testing::ValuesIn(rows(Cost::Below1s)),
                         [](const auto& row) { return test_name(row.param); });

// That the programs are the published ones does not depend on the reduction.
TEST(PublishedByBruteForce, Counts) {
  constexpr std::uint64_t kExecutionsMax = 3'000;
  unsigned nr_compared = 0;
  for (const Row& row : published_counts()) {
    if (check_by_brute_force(row, kExecutionsMax)) ++nr_compared;
  }
  EXPECT_GE(nr_compared, 90u);
}

}  // namespace
}  // namespace classic

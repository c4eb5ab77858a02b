// SPDX-License-Identifier: Apache-2.0
// Whether the nested rule of tlb_finish_mmu() is needed besides a flush under the PTL: claim 5.
#include <gtest/gtest.h>

#include "model.h"

namespace mmcheck::testing {
namespace {

std::string without_nested_rule(const char* name) {
  const design::Design& base = *design::find_design(name);
  mm::Policies policies = *base.policies;
  policies.nested_rule = mm::NestedRule::Dropped;
  const design::Design changed{base.name, base.summary, base.source, &policies};
  return search(catalog("claim-05"), changed).verdict;
}

TEST(NestedRule, IsNeededWhereTheFlushComesAfterThePtlIsDropped) {
  EXPECT_EQ(without_nested_rule("linux-6.1"), "R-PERM");
  EXPECT_EQ(without_nested_rule("linux-6.12"), "R-PERM");
}

TEST(NestedRule, IsNotNeededWhereTheFlushIsForced) {
  EXPECT_EQ(without_nested_rule("zijlstra-force-flush"), "held");
  EXPECT_EQ(without_nested_rule("flush-every-page"), "held");
  EXPECT_EQ(without_nested_rule("linux-6.1-s390"), "held");
}

}  // namespace
}  // namespace mmcheck::testing

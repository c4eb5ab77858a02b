// SPDX-License-Identifier: Apache-2.0
// Which walk of the reverse map needs PVMW_SYNC: Amit's question of 30 Oct 2022, walk by walk.
#include <gtest/gtest.h>

#include "model.h"

namespace mmcheck::testing {
namespace {

template <typename Change>
std::string verdict(const char* scenario, Change change) {
  mm::Policies policies = *design::find_design("linux-6.12")->policies;
  change(policies);
  const design::Design changed{"changed", "", "", &policies};
  return search(catalog(scenario), changed).verdict;
}

TEST(PvmwSync, IsNeededByTheCleanerOnly) {
  using mm::PvmwSync;
  for (const PvmwSync sync : {PvmwSync::No, PvmwSync::Yes}) {
    for (const char* scenario : {"claim-16", "load+reclaim", "store+swap-out"}) {
      SCOPED_TRACE(scenario);
      EXPECT_EQ(verdict(scenario, [=](mm::Policies& p) { p.reclaim.unmap_walk = sync; }), "held");
      EXPECT_EQ(verdict(scenario, [=](mm::Policies& p) { p.reclaim.referenced_walk = sync; }),
                "held");
    }
  }
  EXPECT_EQ(verdict("claim-16", [](mm::Policies& p) { p.mkclean_walk = PvmwSync::No; }), "R-FS");
}

}  // namespace
}  // namespace mmcheck::testing

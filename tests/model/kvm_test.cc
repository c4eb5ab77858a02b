// SPDX-License-Identifier: Apache-2.0
// What relies on the IPI of a flush, and does not have it under KVM. Zijlstra, 24 Oct 2022: that
// page tables are freed after a grace period is what makes paravirtual flushes possible.
#include <gtest/gtest.h>

#include "model.h"

namespace mmcheck::testing {
namespace {

template <typename Change>
std::string verdict(const char* scenario, const machine::Arch& arch, Change change) {
  const design::Design& base = *design::find_design("linux-6.12");
  mm::Policies policies = *base.policies;
  policies.arch = &arch;
  change(policies);
  const design::Design changed{base.name, base.summary, base.source, &policies};
  return search(catalog(scenario), changed).verdict;
}

TEST(Kvm, TablesAreFreedAfterAGracePeriod) {
  const auto as_it_is = [](mm::Policies&) {};
  const auto at_once = [](mm::Policies& p) { p.table_free = mm::TableFree::WithPages; };
  EXPECT_EQ(verdict("gup-fast+munmap", machine::x86_64(), as_it_is), "held");
  EXPECT_EQ(verdict("gup-fast+munmap", machine::x86_64(), at_once), "held");
  EXPECT_EQ(verdict("gup-fast+munmap", machine::x86_64_kvm(), as_it_is), "held");
  EXPECT_EQ(verdict("gup-fast+munmap", machine::x86_64_kvm(), at_once), "R-TABLE");
}

TEST(Kvm, GupFastLooksAtTheEntryAgain) {
  const auto as_it_is = [](mm::Policies&) {};
  const auto once = [](mm::Policies& p) { p.gup_recheck = mm::GupRecheck::None; };
  EXPECT_EQ(verdict("claim-01a", machine::x86_64(), once), "held");
  EXPECT_EQ(verdict("claim-01a", machine::x86_64_kvm(), as_it_is), "held");
  EXPECT_EQ(verdict("claim-01a", machine::x86_64_kvm(), once), "R-PIN");
}

}  // namespace
}  // namespace mmcheck::testing

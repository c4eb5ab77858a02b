// SPDX-License-Identifier: Apache-2.0
#include "design/composition.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/reflect.h"
#include "design/policy_table.h"

namespace mmcheck::design {
namespace {

const Design& linux_612() { return *find_design("linux-6.12"); }

/// All that zap can ask about.
std::vector<mm::zap_entry> all_entries() {
  std::vector<mm::zap_entry> entries;
  for (unsigned bits = 0; bits < 32; ++bits) {
    mm::zap_entry entry = entry_of((bits & 1u) != 0 ? EntryKind::Dirty : EntryKind::Clean);
    entry.anon = (bits & 2u) != 0;
    entry.fullmm = (bits & 4u) != 0;
    entry.dontneed = (bits & 8u) != 0;
    entry.write_locked = (bits & 16u) != 0;
    entries.push_back(entry);
  }
  return entries;
}

void expect_same(const mm::Policies& a, const mm::Policies& b, std::string_view what) {
  for (const Policy& policy : policy_table()) {
    if (policy.is_field) {
      EXPECT_EQ(policy.get(a), policy.get(b)) << what << ": " << policy.name;
    }
  }
  EXPECT_EQ(a.gather, b.gather) << what;
  for (const mm::zap_entry& entry : all_entries()) {
    const mm::ZapPolicy::Treatment of_a = a.zap->treat(entry);
    const mm::ZapPolicy::Treatment of_b = b.zap->treat(entry);
    EXPECT_EQ(of_a.rmap, of_b.rmap) << what;
    EXPECT_EQ(of_a.dirty, of_b.dirty) << what;
    EXPECT_EQ(of_a.flush, of_b.flush) << what;
  }
}

TEST(Reflect, NamesEnumeratorsAndMembers) {
  EXPECT_EQ(name_of<mm::FlushTime::BeforeUnlock>(), "BeforeUnlock");
  EXPECT_EQ(name_of<&mm::Policies::ptl_at_flush>(), "ptl_at_flush");
  EXPECT_EQ(kWord<mm::FlushTime::BeforeUnlock>, "before-unlock");
  EXPECT_EQ(nr_enumerators<mm::FlushTime>(), 3u);
  EXPECT_EQ(nr_members<mm::ChargeMover>(), 2u);
}

TEST(PolicyTable, HasEachPolicyOnceAndWithAChoice) {
  std::set<std::string_view> names;
  for (const Policy& policy : policy_table()) {
    EXPECT_TRUE(names.insert(policy.name).second) << policy.name;
    EXPECT_GT(policy.values.size(), 1u) << policy.name;
    EXPECT_FALSE(policy.meaning.empty()) << policy.name;
    EXPECT_EQ(find_policy(policy.name), &policy);
  }
  EXPECT_EQ(find_policy("flush"), nullptr);
}

TEST(PolicyTable, SetsWhatItGetsAndNothingElse) {
  for (const Policy& policy : policy_table()) {
    for (unsigned value = 0; value < policy.values.size(); ++value) {
      // Each a value of its own, so that no other policy is in the way.
      Composition composition(*linux_612().policies);
      if (!policy.get(composition.policies()) && policy.is_field) composition.generations();
      Composition untouched(composition.policies());
      policy.set(composition, value);
      if (policy.name == "zap") {
        // It is behind those by kind.
        EXPECT_NE(composition.zap().otherwise, nullptr);
        continue;
      }
      EXPECT_EQ(policy.get(composition.policies()), value) << policy.name;
      for (const Policy& other : policy_table()) {
        if (other.name == policy.name) continue;
        EXPECT_EQ(other.get(composition.policies()), other.get(untouched.policies()))
            << policy.name << " changes " << other.name;
      }
    }
  }
}

TEST(Composition, IsTheBaseUntilItIsChanged) {
  for (const Design& design : designs()) {
    expect_same(Composition(*design.policies).policies(), *design.policies, design.name);
  }
}

/// So `without` asks what the mutations ask.
TEST(Composition, AppliesEachMutationAndVariant) {
  for (const auto& list : {mutations(), variants()}) {
    for (const Design& change : list) {
      const Design* original = original_of(change);
      if (original == nullptr) continue;
      Composition composition(*original->policies);
      const bool changed = composition.apply(*change.policies, *original->policies);
      EXPECT_TRUE(changed || change.policies->arch != original->policies->arch) << change.name;
      expect_same(composition.policies(), *change.policies, change.name);
    }
  }
}

TEST(Composition, KeepsOutWhatNobodyThereAsks) {
  Composition composition(*linux_612().policies);
  const Design& change = *find_design("amit-tlb-generation/no-zap-check");
  EXPECT_FALSE(composition.apply(*change.policies, *original_of(change)->policies));
  EXPECT_EQ(composition.policies().generations, nullptr);
}

TEST(FindChange, TakesTheWordsOfAStep) {
  const Design* no_flush = find_design("linux-6.12/no-flush");
  EXPECT_EQ(find_change("flush", "linux-6.12"), no_flush);
  EXPECT_EQ(find_change("no-flush", "linux-6.12"), no_flush);
  EXPECT_EQ(find_change("linux-6.12/no-flush", "linux-6.1"), no_flush);
  EXPECT_EQ(find_change("exit-among-threads", "linux-6.12-arm64")->name,
            "linux-6.12-arm64/exit-among-threads");
  EXPECT_EQ(find_change("frobnicate", "linux-6.12"), nullptr);
}

}  // namespace
}  // namespace mmcheck::design

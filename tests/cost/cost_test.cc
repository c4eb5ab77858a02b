// SPDX-License-Identifier: Apache-2.0
// What designs cost, where it is known beforehand what they must.
#include "cost/cost.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace mmcheck::cost {
namespace {

Cost munmap_cost(std::string_view design, unsigned pages) {
  return measure(*design::find_design(design), {Work::Munmap, pages, "munmap"});
}

// One flush of dirty pages under each table's lock, since a table has 512 entries; one more where
// the tables are freed.
TEST(Cost, DirtyPagesAreFlushedOnceATable) {
  for (const char* design : {"linux-6.1", "linux-6.12", "zijlstra-force-flush"}) {
    SCOPED_TRACE(design);
    EXPECT_EQ(munmap_cost(design, 1).flushes, 2u);
    EXPECT_EQ(munmap_cost(design, 512).flushes, 2u);
    EXPECT_EQ(munmap_cost(design, 10'000).flushes, 21u);
  }
}

// The series as posted starts no further batch while removals are outstanding: 8 pages a flush,
// which is what linux-6.12 allows a second batch for.
TEST(Cost, TheSeriesAsPostedFlushesAfterEachBundle) {
  EXPECT_EQ(munmap_cost("linux-6.2", 8).flushes, 2u);
  EXPECT_EQ(munmap_cost("linux-6.2", 512).flushes, 65u);
}

TEST(Cost, FlushingEveryPageCostsAFlushAPage) {
  EXPECT_EQ(munmap_cost("flush-every-page", 512).flushes, 513u);
}

TEST(Cost, EachFlushInterruptsTheOtherCpu) {
  for (const char* design : {"linux-6.1", "linux-6.2", "flush-every-page"}) {
    const Cost cost = munmap_cost(design, 8);
    EXPECT_EQ(cost.ipis, cost.flushes) << design;
  }
  EXPECT_EQ(munmap_cost("linux-6.1-s390", 8).ipis, 0u);
}

TEST(Cost, TheLockIsHeldForOneTableAtMost) {
  const Cost table = munmap_cost("linux-6.12", 512);
  EXPECT_GT(table.ptl_steps, 4u * 512u);
  EXPECT_EQ(table.ptl_steps, table.ptl_longest);
  const Cost many = munmap_cost("linux-6.12", 10'000);
  EXPECT_EQ(many.ptl_longest, table.ptl_longest);
  EXPECT_GT(many.steps, many.ptl_steps);
}

// The child alone runs in its address space, so that only the parent's flush interrupts anybody.
TEST(Cost, AForkInterruptsOnceAndTheExitOfTheChildNever) {
  const auto all = cases();
  const auto fork = std::find_if(all.begin(), all.end(),
                                 [](const Case& what) { return what.work == Work::ForkExit; });
  ASSERT_NE(fork, all.end());
  for (const char* design : {"linux-6.1", "linux-6.12", "flush-every-page"}) {
    EXPECT_EQ(measure(*design::find_design(design), *fork).ipis, 1u) << design;
  }
}

TEST(Cost, IsKnownOfEveryDesignAndBreaksNoRule) {
  for (const design::Design& design : design::designs()) {
    for (const Case& what : cases()) {
      const Cost cost = measure(design, what);
      EXPECT_GT(cost.flushes, 0u) << design.name << ", " << what.name;
      EXPECT_GE(cost.steps, cost.ptl_steps);
    }
  }
}

}  // namespace
}  // namespace mmcheck::cost

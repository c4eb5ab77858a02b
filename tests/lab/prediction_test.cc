// SPDX-License-Identifier: Apache-2.0
#include "lab/prediction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "catalog_scenario.h"
#include "explore/fiber.h"
#include "lab/rounds.h"

namespace mmcheck::lab {
namespace {

using explore::LegEnd;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;
using Outcome = SegmentResult::Outcome;

class PredictionTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!explore::Fibers::can_restore()) GTEST_SKIP() << "states cannot be told in this build";
  }
};

Prediction prediction(const std::string& scenario_name, const std::string& design,
                      const std::string& order) {
  const workload::Scenario scenario = catalog_scenario(scenario_name);
  return predict(scenario, *design::find_design(design), parse_forced_schedule(order, scenario));
}

TEST_F(PredictionTest, TheThreadsOrderLosesAWriteWhereTheRmapGoesFirst) {
  const std::string order = "P0@flush_tlb_mm_range P2 ~P1";
  const Prediction before = prediction("dontneed+store+msync", "linux-6.1", order);
  EXPECT_THAT(before.is_lost(), Optional(true));
  const Prediction after = prediction("dontneed+store+msync", "linux-6.12", order);
  EXPECT_THAT(after.is_lost(), Optional(false));
  // Writeback waits for the lock of the page table.
  EXPECT_THAT(after.blocked(false), Optional(ElementsAre(1u)));
}

TEST_F(PredictionTest, NothingIsLostWhereOneOfTheStepsComesElsewhere) {
  for (const char* order : {"P0 P2 P1", "P0@flush_tlb_mm_range ~P1 P2", "P0@flush_tlb_mm_range ~P1",
                            "P0@flush_tlb_mm_range+ P2 P1"}) {
    EXPECT_THAT(prediction("dontneed+store+msync", "linux-6.1", order).is_lost(), Optional(false))
        << order;
  }
}

TEST_F(PredictionTest, AnAccessThatNeedsNoStaleEntryMayFault) {
  const Prediction both =
      prediction("dontneed+store+msync", "linux-6.1", "P0@flush_tlb_mm_range P2 P1");
  EXPECT_EQ(both.is_lost(), std::nullopt);
}

std::string refusal(const std::string& order) {
  try {
    prediction("dontneed+store+msync", "linux-6.1", order);
  } catch (const InputError& error) {
    return error.what();
  }
  return {};
}

TEST_F(PredictionTest, SaysWhyThereIsNone) {
  EXPECT_EQ(refusal("P0#1"), "an order that counts statements");
  EXPECT_EQ(refusal("P0@try_to_free_pages"),
            "an order in which it does not come to try_to_free_pages");
  // Also where the thread goes on to its end, and no TLB has the entry then.
  EXPECT_EQ(refusal("P0@__cond_resched P2 ~P1"),
            "an order in which it does not come to __cond_resched");
  EXPECT_EQ(refusal("P0@unmap_page_range+"), "where unmap_page_range returns");
}

RoundResult round_of(bool lost, const std::vector<Outcome>& outcomes) {
  RoundResult round;
  for (const Outcome outcome : outcomes) round.segments.push_back({.outcome = outcome});
  round.pages.push_back({.stored = 2, .on_disk = lost ? 1u : 2u});
  return round;
}

TEST_F(PredictionTest, AllowsWhatItForesees) {
  const std::string order = "P0@flush_tlb_mm_range P2 ~P1";
  const Prediction before = prediction("dontneed+store+msync", "linux-6.1", order);
  const std::vector<Outcome> none_blocked(3, Outcome::Reached);
  EXPECT_TRUE(before.allows(round_of(true, none_blocked)));
  EXPECT_FALSE(before.allows(round_of(false, none_blocked)));
  const Prediction after = prediction("dontneed+store+msync", "linux-6.12", order);
  const std::vector<Outcome> blocked = {Outcome::Reached, Outcome::Blocked, Outcome::Reached};
  EXPECT_TRUE(after.allows(round_of(false, blocked)));
  EXPECT_FALSE(after.allows(round_of(true, blocked)));
  EXPECT_FALSE(after.allows(round_of(false, none_blocked)));
}

TEST_F(PredictionTest, AfterTheFlushNoTlbHasTheEntry) {
  const Prediction after = prediction("dontneed+store+msync", "linux-6.1", "P0 ~P1");
  EXPECT_TRUE(after.is_impossible());
  EXPECT_EQ(after.is_lost(), std::nullopt);
  EXPECT_TRUE(after.allows(round_of(false, {Outcome::Reached, Outcome::Faulted})));
  EXPECT_FALSE(after.allows(round_of(false, {Outcome::Reached, Outcome::Reached})));
}

TEST_F(PredictionTest, AFaultUnderTheLockOfAVmaIsAFault) {
  workload::Scenario scenario = catalog_scenario("dontneed+store+msync");
  scenario.vma_locks = true;
  const design::Design& design = *design::find_design("linux-6.12");
  const ForcedSchedule stale = parse_forced_schedule("P0 ~P1", scenario);
  EXPECT_TRUE(predict(scenario, design, stale).is_impossible());
  const ForcedSchedule any = parse_forced_schedule("P0 P1", scenario);
  EXPECT_THAT(predict(scenario, design, any).is_lost(), Optional(false));
}

TEST_F(PredictionTest, AFunctionBeginsWhereItDoesInTheKernel) {
  // folio_clear_dirty_for_io() calls folio_mkclean() first: no entry is read-only yet.
  for (const char* order : {"P2@folio_clear_dirty_for_io P1 P0", "P2@folio_mkclean P1 P0"}) {
    const Prediction before = prediction("dontneed+store+msync", "linux-6.1", order);
    EXPECT_THAT(before.blocked(false), Optional(testing::IsEmpty())) << order;
  }
}

TEST_F(PredictionTest, AKernelHasItsOwnSizesOfTheGather) {
  // The scenario's gather holds one page. All three are one call of tlb_flush_rmaps().
  const Prediction first =
      prediction("batch-overflow+store+msync", "linux-6.12", "P0@tlb_flush_rmaps+ P2 P1");
  EXPECT_THAT(first.is_lost(), Optional(false));
  try {
    prediction("batch-overflow+store+msync", "linux-6.12", "P0@tlb_flush_rmaps+*2 P2 P1");
    ADD_FAILURE() << "there is one call";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "an order in which it does not come to tlb_flush_rmaps");
  }
}

TEST_F(PredictionTest, ReclaimFlushesByAnotherFunction) {
  const workload::Scenario scenario = workload::load_scenario("docs/findings/reclaim.litmus");
  const design::Design& design = *design::find_design("linux-6.12");
  const auto of = [&](const char* order) {
    return predict(scenario, design, parse_forced_schedule(order, scenario));
  };
  EXPECT_THAT(of("P0@try_to_unmap_flush P2 ~P1").is_lost(), Optional(true));
  EXPECT_THROW(of("P0@flush_tlb_mm_range P2 ~P1"), InputError);
  EXPECT_THROW(of("P2@try_to_unmap_flush P1"), InputError);
}

TEST_F(PredictionTest, AFunctionIsOverBeforeWhatFollowsIt) {
  // The folio is locked until it is under writeback: the store's fault waits for it.
  const Prediction within =
      prediction("dontneed+store+msync", "linux-6.1", "P2@folio_mkclean+ P1 P0");
  EXPECT_THAT(within.blocked(false), Optional(ElementsAre(1u)));
}

TEST(PredictionOfHand, AWriteThatIsLostEarlySaysNothingOfWhatFollows) {
  Prediction early;
  early.ends.push_back({.lost = true, .segments = {LegEnd::Reached, LegEnd::Open}});
  EXPECT_TRUE(early.allows(round_of(true, {Outcome::Reached, Outcome::Reached})));
  EXPECT_TRUE(early.allows(round_of(true, {Outcome::Reached, Outcome::Blocked})));
  EXPECT_FALSE(early.allows(round_of(true, {Outcome::Blocked, Outcome::Reached})));
  // But that the order was kept.
  EXPECT_FALSE(early.allows(round_of(true, {Outcome::Reached, Outcome::TimedOut})));
}

}  // namespace
}  // namespace mmcheck::lab

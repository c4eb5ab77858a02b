// SPDX-License-Identifier: Apache-2.0
#include "cli/on_kernel_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "workload/scenario.h"

namespace mmcheck::cli {
namespace {

using explore::LegEnd;
using lab::SegmentResult;
using testing::HasSubstr;
using testing::Not;
using Outcome = SegmentResult::Outcome;

class OnKernelReport : public testing::Test {
 protected:
  OnKernelReport() {
    plan_.release = "6.12-test";
    plan_.schedule = lab::parse_forced_schedule("P0@flush_tlb_mm_range P2 ~P1", scenario_);
    plan_.design = "linux-6.12";
    plan_.prediction = lab::Prediction{
        .ends = {{.lost = false, .segments = {LegEnd::Reached, LegEnd::Blocked, LegEnd::Reached}}},
        .states = 7};
  }

  static Round round(bool lost, Outcome second, Outcome third = Outcome::Reached) {
    Round round;
    round.result.segments = {{.outcome = Outcome::Reached},
                             {.outcome = second, .functions = {"spin", "folio_mkclean"}},
                             {.outcome = third}};
    round.result.pages = {{.file = 0, .page = 0, .stored = 2, .on_disk = lost ? 1u : 2u}};
    round.result.faults.assign(3, 0);
    return round;
  }

  std::string text(const std::vector<Round>& rounds) const {
    std::ostringstream out, err;
    const Console console{.out = out, .err = err};
    OnKernelText report(plan_, scenario_, console);
    report.print_plan();
    unsigned number = 0;
    for (const Round& one : rounds) report.print_round(++number, one);
    report.print_totals(total(rounds, plan_), boot_);
    return out.str();
  }

  workload::Scenario scenario_ = workload::load_scenario("catalog/dontneed+store+msync.litmus");
  OrderPlan plan_;
  LabBoot boot_{.seconds = 4.5, .boots = 1, .log = "kernel.log"};
};

TEST_F(OnKernelReport, SaysThatTheyAgreeOnlyIfEachRoundIsAsTheModelSays) {
  const std::vector<Round> alike = {round(false, Outcome::Blocked), round(false, Outcome::Blocked)};
  EXPECT_TRUE(has_agreed(total(alike, plan_), plan_));
  EXPECT_THAT(text(alike), HasSubstr("the model of linux-6.12 says: KEPT, P2 is blocked (all that "
                                     "can come of it: 7 states)"));
  EXPECT_THAT(text(alike), HasSubstr("KEPT 2 of 2; a thread was blocked in 2"));
  EXPECT_THAT(text(alike), HasSubstr("the model and the kernel agree"));
  for (const Round& other : {round(true, Outcome::Blocked), round(false, Outcome::Reached),
                             round(false, Outcome::TimedOut)}) {
    const std::vector<Round> rounds = {alike.front(), other};
    EXPECT_FALSE(has_agreed(total(rounds, plan_), plan_));
    EXPECT_THAT(text(rounds), HasSubstr("DISAGREE in 1 of 2"));
    EXPECT_THAT(text(rounds), HasSubstr("this is not what the model says"));
  }
}

TEST_F(OnKernelReport, AnOrderThatCannotBeHasToBeRefused) {
  plan_.prediction->ends.clear();
  const std::vector<Round> refused = {round(false, Outcome::Blocked, Outcome::Faulted)};
  EXPECT_TRUE(has_agreed(total(refused, plan_), plan_));
  EXPECT_THAT(text(refused), HasSubstr("says: impossible"));
  EXPECT_THAT(text(refused), HasSubstr("the order was refused in 1\n"));
  EXPECT_FALSE(has_agreed(total({round(false, Outcome::Blocked)}, plan_), plan_));
}

TEST_F(OnKernelReport, WhereTheModelSaysNothingTheOrderHasToBeKept) {
  plan_.prediction.reset();
  plan_.unpredicted = "an order that counts statements";
  const std::vector<Round> kept = {round(true, Outcome::Reached)};
  EXPECT_TRUE(has_agreed(total(kept, plan_), plan_));
  EXPECT_THAT(text(kept), HasSubstr("says nothing of an order that counts statements"));
  EXPECT_THAT(text(kept), Not(HasSubstr("agree")));
  EXPECT_FALSE(has_agreed(total({round(true, Outcome::TimedOut)}, plan_), plan_));
}

TEST_F(OnKernelReport, GivesJson) {
  const Json json = on_kernel_json(
      plan_, scenario_, {round(false, Outcome::Blocked), round(true, Outcome::Blocked)}, boot_);
  EXPECT_EQ(json["order"], "P0@flush_tlb_mm_range P2 ~P1");
  EXPECT_EQ(json["model"]["ends"][0]["segments"][1], "blocked");
  EXPECT_EQ(json["rounds"][0]["segments"][1]["functions"][1], "folio_mkclean");
  EXPECT_EQ(json["rounds"][1]["pages"][0]["on_disk"], 1);
  EXPECT_EQ(json["rounds"][1]["foreseen"], false);
  EXPECT_EQ(json["lost"], 1);
  EXPECT_EQ(json["agree"], false);
  plan_.prediction.reset();
  EXPECT_TRUE(on_kernel_json(plan_, scenario_, {}, boot_)["agree"].is_null());
}

}  // namespace
}  // namespace mmcheck::cli

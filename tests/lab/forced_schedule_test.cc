// SPDX-License-Identifier: Apache-2.0
#include "lab/forced_schedule.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "catalog_scenario.h"
#include "design/design.h"
#include "explore/explorer.h"
#include "kernels.h"
#include "lab/steps.h"
#include "workload/program.h"

namespace mmcheck::lab {
namespace {

using workload::Scenario;

trace::Record counterexample(const Scenario& scenario) {
  workload::ScenarioProgram program(scenario, *design::find_design("linux-6.1"));
  const explore::Result result = explore::explore(program, {});
  return explore::replay(program,
                         explore::straighten(program, result.counterexample.value().schedule));
}

std::string derived(const std::string& name, const Symbols& symbols) {
  const Scenario scenario = catalog_scenario(name);
  return to_string(derive(counterexample(scenario), scenario, StepTable(symbols)));
}

TEST(ForcedSchedule, IsTheOrderOfTheCounterexample) {
  const Symbols before = symbols_of_6_1();
  EXPECT_EQ(derived("munmap+store+msync", before),
            "P0@page_remove_rmap+ P2@folio_end_writeback ~P1");
  EXPECT_EQ(derived("dontneed+store+msync", before),
            "P0@page_remove_rmap+ P2@folio_end_writeback ~P1");
  const Symbols after = symbols_of_6_12();
  EXPECT_EQ(derived("munmap+store+msync", after),
            "P0@flush_tlb_mm_range P2@folio_end_writeback ~P1");
}

TEST(ForcedSchedule, OfAHugeEntryIsTheSameOnBothKernels) {
  const Symbols before = symbols_of_6_1();
  const Symbols after = symbols_of_6_12();
  for (const Symbols* symbols : {&before, &after}) {
    EXPECT_EQ(derived("thread/claim-20", *symbols),
              "P0@folio_mark_dirty+ P2@folio_end_writeback ~P1");
  }
}

TEST(ForcedSchedule, CountsTheCallsOfAFunctionThatStandForSteps) {
  const Symbols before = symbols_of_6_1();
  EXPECT_EQ(derived("batch-overflow+store+msync", before),
            "P0@page_remove_rmap+*3 P2@folio_end_writeback*3 ~P1");
}

TEST(ForcedSchedule, KnowsWhichAccessNeedsAStaleEntry) {
  const Scenario scenario = catalog_scenario("munmap+store+msync");
  const Symbols symbols = symbols_of_6_1();
  const ForcedSchedule schedule = derive(counterexample(scenario), scenario, StepTable(symbols));
  ASSERT_EQ(schedule.segments.size(), 3u);
  EXPECT_FALSE(schedule.segments[0].stale);
  EXPECT_TRUE(schedule.segments[2].stale);
}

TEST(ForcedSchedule, IsReadAsItIsWritten) {
  const Scenario scenario = catalog_scenario("munmap+store+msync");
  const std::string text = "P0@flush_tlb_mm_range P0@f+ P2#1 P0@f+*3 ~P1#1 ~P1 P2";
  EXPECT_EQ(to_string(parse_forced_schedule(text, scenario)), text);
}

TEST(ForcedSchedule, SaysWhatIsWrongWithAnOrder) {
  const Scenario scenario = catalog_scenario("munmap+store+msync");
  const auto error = [&](const std::string& text) -> std::string {
    try {
      parse_forced_schedule(text, scenario);
    } catch (const InputError& what) {
      return what.what();
    }
    return {};
  };
  EXPECT_EQ(error(""), "an order names at least one thread");
  EXPECT_EQ(error("P7"), "'P7': the scenario has no thread P7");
  EXPECT_THAT(error("P0#x"), testing::StartsWith("'P0#x': expected THREAD, ~THREAD"));
  for (const char* word : {"P0@f*", "P0@f*0", "P0#0", "P0@", "P0@+"}) {
    EXPECT_THAT(error(word), testing::StartsWith(fmt::format("'{}': expected", word)));
  }
}

}  // namespace
}  // namespace mmcheck::lab

// SPDX-License-Identifier: Apache-2.0
// Every mutation of linux-6.12 must be caught, by a rule that fits. A checker that stays green when
// the kernel is broken is the worst bug that this project can have.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "model.h"

namespace mmcheck::testing {
namespace {

bool is_mutation(const design::Design& design) {
  const auto mutations = design::mutations();
  return std::any_of(mutations.begin(), mutations.end(),
                     [&](const design::Design& mutation) { return &mutation == &design; });
}

// Which scenario catches which mutation, and by which rule, is said in the scenario files; that it
// is so is pinned with the rest of the matrix.
TEST(Mutations, EachIsCaughtByAScenarioUnderWhichTheDesignItselfHolds) {
  std::set<std::string> caught;
  for (const std::string& name : catalog_names()) {
    const workload::Scenario scenario = catalog(name);
    std::set<std::string> searched;
    for (const workload::Expectation& expectation : scenario.expectations) {
      const design::Design* mutation = design::find_design(expectation.design);
      if (mutation == nullptr || !is_mutation(*mutation)) continue;
      if (expectation.expected == workload::Expected::Held) continue;
      SCOPED_TRACE(name + " on " + expectation.design);
      // "linux-6.12/no-flush" is linux-6.12 without its flush.
      const std::string sound = expectation.design.substr(0, expectation.design.find('/'));
      if (searched.insert(sound).second) {
        EXPECT_EQ(search(scenario, *design::find_design(sound)).verdict, "held");
      }
      caught.insert(expectation.design);
    }
  }
  for (const design::Design& mutation : design::mutations()) {
    EXPECT_TRUE(caught.contains(std::string(mutation.name))) << mutation.name;
  }
}

TEST(Mutations, AreCaughtWithStoreBuffersToo) {
  for (const char* name : {"munmap+store+msync", "batch-overflow+store+msync",
                           "anon-munmap+folio-referenced", "dontneed+dontneed"}) {
    const workload::Scenario scenario = catalog(name);
    for (const workload::Expectation& expectation : scenario.expectations) {
      const design::Design* mutation = design::find_design(expectation.design);
      if (mutation == nullptr || !is_mutation(*mutation)) continue;
      SCOPED_TRACE(std::string(name) + " on " + expectation.design);
      EXPECT_EQ(search(scenario, *mutation, {}, explore::MemoryModel::Tso).verdict,
                expectation.rule);
    }
  }
}

// Few preemptions come first, so that the race of the thread is found at once in whatever form.
TEST(LostWrite, IsFoundWithin100Executions) {
  const design::Design& design = *design::find_design("linux-6.1");
  unsigned nr_found = 0;
  for (const std::string& name : catalog_names()) {
    if (name.find("store") == std::string::npos || name.starts_with("exit")) continue;
    // Other races, or no file.
    if (name.find("swap") != std::string::npos || name.starts_with("mprotect") ||
        name.starts_with("mremap") || name.starts_with("madv-free") || name.starts_with("fork") ||
        name.starts_with("cow")) {
      continue;
    }
    const Cell cell = search(catalog(name), design, {.executions_max = 100});
    EXPECT_EQ(cell.verdict, "R-WRITE") << name;
    ++nr_found;
  }
  EXPECT_EQ(nr_found, 8u);
}

// The counterexample replays to the same violation, step by step.
TEST(Counterexample, ReplaysAndSaysWhatTheMailSays) {
  const workload::Scenario scenario = catalog("munmap+store+msync");
  workload::ScenarioProgram program(scenario, *design::find_design("linux-6.1"));
  explore::Options options;
  options.on_violation = explore::OnViolation::Continue;
  const explore::Result result = explore::explore(program, options);
  ASSERT_TRUE(result.complete);
  ASSERT_TRUE(result.counterexample.has_value());
  EXPECT_EQ(result.counterexample->rule, "R-WRITE");
  EXPECT_EQ(result.counterexample->context_switches, 3u);
  const trace::Record record = explore::replay(program, result.counterexample->schedule);
  ASSERT_TRUE(record.violation.has_value());
  EXPECT_EQ(record.violation->rule, "R-WRITE");
  // Amit, 28 Oct 2022: the entry is cleared, the page marked dirty, the rmap removed; writeback
  // then finds the page not mapped and cleans it; the store through the stale entry comes last.
  std::vector<std::string> told;
  for (const trace::StepRecord& step : record.steps) {
    if (step.event > record.violation->broken_at) break;
    for (const char* word : {"ptep_get_and_clear", "page_remove_rmap", "folio_mkclean",
                             "clear_page_dirty_for_io", "device reads", "user store x = 2"}) {
      if (step.text.find(word) != std::string::npos) told.emplace_back(word);
    }
  }
  EXPECT_EQ(told, (std::vector<std::string>{"ptep_get_and_clear", "page_remove_rmap",
                                            "folio_mkclean", "clear_page_dirty_for_io",
                                            "device reads", "user store x = 2"}));
}

// Random walks, which leave out no alternative for the sake of another schedule, must not break a
// rule where the reduced search says that none can be broken; bounded search neither.
TEST(Sampling, FindsNothingInCellsThatHold) {
  for (const char* name : {"munmap+store+msync", "dontneed+store+msync", "dontneed+dontneed",
                           "munmap+store+reclaim", "anon-munmap+folio-referenced"}) {
    const workload::Scenario scenario = catalog(name);
    const Cell cell = search(scenario, *design::find_design("linux-6.12"),
                             {.strategy = explore::Strategy::Random, .executions_max = 3'000});
    EXPECT_EQ(cell.verdict, "incomplete") << name;
    const Cell bounded = search(scenario, *design::find_design("linux-6.12"),
                                {.strategy = explore::Strategy::Bounded, .preemptions_max = 1});
    EXPECT_FALSE(bounded.result.counterexample.has_value()) << name;
    EXPECT_EQ(bounded.result.preemptions, 1u) << name;
  }
}

// The order of the bounds is worth something: the bug of the mail thread is at the first.
TEST(Bounded, FindsTheLostWriteWithoutAnyPreemption) {
  const workload::Scenario scenario = catalog("munmap+store+msync");
  workload::ScenarioProgram program(scenario, *design::find_design("linux-6.1"));
  const explore::Result result =
      explore::explore(program, {.strategy = explore::Strategy::Bounded});
  ASSERT_TRUE(result.counterexample.has_value());
  EXPECT_EQ(result.counterexample->rule, "R-WRITE");
  EXPECT_FALSE(result.preemptions.has_value());  // no bound was searched to its end
  const trace::Record record = explore::replay(program, result.counterexample->schedule);
  ASSERT_TRUE(record.violation.has_value());
  EXPECT_EQ(record.violation->rule, "R-WRITE");
}

}  // namespace
}  // namespace mmcheck::testing

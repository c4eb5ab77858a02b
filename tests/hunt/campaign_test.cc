// SPDX-License-Identifier: Apache-2.0
#include "hunt/campaign.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "explore/explorer.h"
#include "explore/fiber.h"
#include "spaces.h"
#include "workload/program.h"

namespace mmcheck::hunt {
namespace {

class NoJournal final : public Journal {
 public:
  void add(const Level&, std::span<const Finding>) override {}
};

struct Found {
  std::vector<Level> levels;
  std::vector<Finding> findings;
  bool complete = false;
};

Found run(const Space& space, const char* design, const Options& options = {}) {
  NoJournal journal;
  Campaign campaign(space, *design::find_design(design), options, journal);
  campaign.run();
  return {campaign.levels(), campaign.findings(), campaign.complete()};
}

explore::StepCoverage coverage_of(const Space& space, Options options) {
  NoJournal journal;
  Campaign campaign(space, *design::find_design("linux-6.12"), options, journal);
  campaign.run();
  std::uint64_t explored = 0;
  for (const Level& level : campaign.levels()) explored += level.programs;
  EXPECT_EQ(campaign.nr_covered(), explored);
  return campaign.coverage();
}

std::vector<std::string> names(const Space& space, const Found& found) {
  std::vector<std::string> out;
  for (const Finding& finding : found.findings) {
    out.push_back(finding.rule + " " + space.name(finding.program));
  }
  return out;
}

Space small_space() {
  return space_of({.operations = 3, .threads = 3}, {"store", "munmap", "fsync"});
}

// The lost write of the thread: three operations in three threads, and no smaller program. Two
// threads do as well: who cleans the page may be who writes to it through his stale entry.
TEST(Campaign, FindsTheLostWrite) {
  const Space space = small_space();
  const Found found = run(space, "linux-6.1");
  EXPECT_TRUE(found.complete);
  EXPECT_EQ(names(space, found),
            (std::vector<std::string>{"R-WRITE store+munmap+fsync", "R-WRITE fsync.store+munmap"}));
}

// Who counts a generation before he has cleared the entry must not be flushed for in between, which
// takes two page tables. A walk of the reverse map misses what is moved to a mapping before it.
TEST(Campaign, FindsWhatNeedsTwoMappings) {
  const std::vector<std::string_view> zaps = {"munmap", "dontneed"};
  const Space once = space_of({.operations = 2, .threads = 2}, zaps);
  EXPECT_TRUE(run(once, "amit-tlb-generation/count-early").findings.empty());
  const Space twice = space_of({.operations = 2, .threads = 2}, zaps, {"twice"});
  EXPECT_EQ(names(twice, run(twice, "amit-tlb-generation/count-early", {.first = true})),
            (std::vector<std::string>{"R-PERM munmap+dontneed-again"}));
  const Space moved = space_of({.operations = 3, .threads = 3, .pages = 2},
                               {"munmap", "mremap", "fsync"}, {"twice"});
  EXPECT_EQ(names(moved, run(moved, "linux-6.12/mremap-no-rmap-locks", {.first = true})),
            (std::vector<std::string>{"R-FS munmap2+mremap2-again+fsync"}));
}

TEST(Campaign, GathersTheStepsOfAllPrograms) {
  const Space space = small_space();
  const explore::StepCoverage coverage = coverage_of(space, {.coverage = true});
  const std::set<std::string_view> steps = coverage.steps();
  EXPECT_TRUE(steps.contains("munmap({}): mmap_write_lock()"));
  EXPECT_TRUE(steps.contains("flush_tlb_func() for CPU{}"));
  EXPECT_FALSE(steps.contains("msync({}): mmap_read_lock()"));  // is not in this space
  using Pair = explore::StepCoverage::Pair;
  const std::set<Pair> pairs = coverage.pairs();
  EXPECT_TRUE(pairs.contains(Pair{"folio_unlock({})", "folio_lock({})"}));
  EXPECT_FALSE(pairs.contains(Pair{"folio_lock({})", "folio_unlock({})"}));
  EXPECT_TRUE(pairs.contains(Pair{"folio_mkclean({}): mapped?", "page_remove_rmap({})"}));
  EXPECT_TRUE(pairs.contains(Pair{"page_remove_rmap({})", "folio_mkclean({}): mapped?"}));
  const explore::StepCoverage same = coverage_of(space, {.jobs = 3, .coverage = true});
  EXPECT_EQ(same.steps(), steps);
  EXPECT_EQ(same.pairs(), pairs);
  EXPECT_TRUE(coverage_of(space, {}).steps().empty());
}

TEST(Campaign, FindsNothingWhereTheFlushIsForced) {
  const Found found = run(small_space(), "linux-6.12");
  EXPECT_TRUE(found.complete);
  EXPECT_TRUE(found.findings.empty());
  ASSERT_EQ(found.levels.size(), 3u);
  EXPECT_EQ(found.levels[0].programs, 3u);
  EXPECT_TRUE(found.levels[2].exercised.contains(rules::RuleId::Write));
}

// Against brute force: a program is found exactly if it breaks the rule, and no part of it does.
// Two operations do here, so that many of three contain what breaks it.
TEST(Campaign, FindsThePartsThatBreakARuleAndNoMore) {
  const Space space =
      space_of({.operations = 3, .threads = 3}, {"load", "munmap", "fadvise", "msync"});
  const design::Design& design = *design::find_design("linux-6.12/put-before-rmap");
  rules::RuleSet count;
  count.add(rules::RuleId::Count);
  const Found found = run(space, "linux-6.12/put-before-rmap", {.rules = count});
  std::vector<Program> broken;
  std::vector<std::string> minimal;
  for (unsigned operations = 1; operations <= 3; ++operations) {
    Enumeration all(space, operations);
    while (const Program* program = all.next()) {
      const workload::Scenario scenario = workload::parse_scenario(space.text(*program), "");
      workload::ScenarioProgram explored(scenario, design);
      explored.watch_only(count);
      const explore::Result result = explore::explore(explored, {});
      if (!result.counterexample) continue;
      EXPECT_EQ(result.counterexample->rule, "R-COUNT");
      bool part_breaks = false;
      for (std::size_t t = 0; t < program->threads.size(); ++t) {
        for (std::size_t i = 0; i < program->threads[t].size(); ++i) {
          const std::optional<Program> part = space.without(*program, t, i);
          part_breaks |= part && std::count(broken.begin(), broken.end(), *part) != 0;
        }
      }
      broken.push_back(*program);
      if (!part_breaks) minimal.push_back("R-COUNT " + space.name(*program));
    }
  }
  EXPECT_FALSE(minimal.empty());
  EXPECT_GT(broken.size(), minimal.size());
  EXPECT_EQ(names(space, found), minimal);
}

TEST(Campaign, FindsTheSameHoweverManyJobs) {
  const Space space = small_space();
  const Found one = run(space, "linux-6.1", {.jobs = 1});
  const Found four = run(space, "linux-6.1", {.jobs = 4});
  EXPECT_EQ(names(space, one), names(space, four));
  ASSERT_EQ(one.levels.size(), four.levels.size());
  for (std::size_t i = 0; i < one.levels.size(); ++i) {
    EXPECT_EQ(one.levels[i].programs, four.levels[i].programs);
    EXPECT_EQ(one.levels[i].executions, four.levels[i].executions);
  }
}

TEST(Campaign, StopsAtTheFirst) {
  const Space space =
      space_of({.operations = 3, .threads = 3}, {"store", "munmap", "dontneed", "fsync"});
  const Found found = run(space, "linux-6.1", {.first = true, .jobs = 2});
  EXPECT_FALSE(found.complete);
  EXPECT_EQ(found.findings.size(), 1u);
}

TEST(Campaign, LooksForTheRulesThatAreAskedFor) {
  rules::RuleSet free;
  free.add(rules::RuleId::Free);
  EXPECT_TRUE(run(small_space(), "linux-6.1", {.rules = free}).findings.empty());
}

TEST(Campaign, NamesTheFunctionsThatBreakTheRule) {
  const Found found = run(small_space(), "linux-6.1");
  ASSERT_EQ(found.findings.size(), 2u);
  EXPECT_EQ(found.findings[0].cause, "clear_page_dirty_for_io, device reads, user store");
}

// linux-6.1 breaks R-WRITE with the same programs as the design that forces nothing.
TEST(Campaign, LeavesOutWhatAnotherDesignBreaksToo) {
  const Found found =
      run(small_space(), "linux-6.12/unforced", {.against = design::find_design("linux-6.1")});
  EXPECT_TRUE(found.findings.empty());
  EXPECT_TRUE(found.complete);
  const Found other =
      run(small_space(), "linux-6.12/unforced", {.against = design::find_design("linux-6.12")});
  EXPECT_EQ(other.findings.size(), 2u);
}

// Most programs of this space have more than ten executions: their states are searched.
TEST(Campaign, FindsTheSameByStates) {
  if (!explore::Fibers::can_restore()) GTEST_SKIP() << "states cannot be told in this build";
  const Space space = small_space();
  const Found by_states = run(space, "linux-6.1", {.executions_max = 10});
  EXPECT_EQ(names(space, by_states), names(space, run(space, "linux-6.1")));
  EXPECT_GT(by_states.levels[2].states, 0u);
  EXPECT_TRUE(by_states.complete);
}

TEST(Campaign, SamplesNothingWhereThereIsNothing) {
  const Space space = space_of({.operations = 2, .threads = 1}, {"dirty", "put"});
  const Found found = run(space, "linux-6.12", {.programs = 5});
  EXPECT_TRUE(found.complete);
  EXPECT_EQ(found.levels[1].programs, 0u);
}

TEST(Campaign, DrawsSamples) {
  const Space space = small_space();
  const Found found = run(space, "linux-6.12", {.programs = 20, .seed = 3});
  ASSERT_EQ(found.levels.size(), 3u);
  EXPECT_EQ(found.levels[2].programs, 20u);
}

}  // namespace
}  // namespace mmcheck::hunt

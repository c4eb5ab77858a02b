// SPDX-License-Identifier: Apache-2.0
#include "sample.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string_view>

namespace mmcheck::report {
namespace {

using trace::Change;
using trace::Detail;

struct Builder {
  trace::Record record;

  trace::StepRecord& step(unsigned thread, std::string text, std::vector<Change> changes = {}) {
    trace::StepRecord step;
    step.event = static_cast<EventId>(record.steps.size());
    step.thread = static_cast<ThreadId>(thread);
    step.cpu = record.threads[thread].cpu;
    step.interrupt = record.threads[thread].interrupt;
    step.text = std::move(text);
    step.changes = std::move(changes);
    record.steps.push_back(std::move(step));
    record.schedule.push_back({static_cast<ThreadId>(thread), 0});
    return record.steps.back();
  }
};

}  // namespace

trace::Record two_cpus() {
  Builder b;
  b.record.threads = {{"munmap", CpuId{0}, false}, {"store", CpuId{1}, false}};
  b.step(0, "down_write(mmap_lock)", {{"mmap_lock", "free", "write", Detail::Minor}}).detail =
      Detail::Minor;
  b.step(0, "ptep_get_and_clear(x)", {{"pte(x)", "page 1, dirty", "none", Detail::Major}});
  b.step(0, "spin_unlock(ptl)", {{"ptl", "held", "free", Detail::Minor}});
  b.step(0, "free page 1", {{"page 1", "in use", "free", Detail::Major}}).detail = Detail::Minor;
  b.step(1, "store x = 2", {{"page 1", "1", "2", Detail::Major}}).notes = {
      "through a stale TLB entry"};
  b.step(0, "flush_tlb_mm_range(x)");
  b.step(0, "exit").detail = Detail::Minor;
  b.record.violation = trace::ViolationRecord{
      "R-FREE",
      "the store to x goes to a page that is free",
      "the flush must be complete before the page is freed; see tlb_finish_mmu().",
      EventId{4},
      {EventId{1}, EventId{3}, EventId{4}}};
  return b.record;
}

trace::Record three_cpus() {
  Builder b;
  b.record.threads = {{"munmap", CpuId{0}, false},
                      {"store", CpuId{1}, false},
                      {"msync", CpuId{2}, false},
                      {"IPI to CPU1", CpuId{1}, true}};
  b.step(0, "ptep_get_and_clear(x)",
         {{"pte(x)", "page 1, writable, dirty, accessed", "none", Detail::Major}});
  b.step(0, "set_page_dirty(page 1)",
         {{"page 1", "clean", "dirty", Detail::Major},
          {"tag(f, 0)", "clean", "dirty", Detail::Major}});
  b.step(0, "page_remove_rmap(page 1)", {{"_mapcount(page 1)", "1", "0", Detail::Major}});
  b.step(2, "folio_clear_dirty_for_io(page 1): folio_mkclean finds no mapping",
         {{"page 1", "dirty", "clean", Detail::Major}});
  b.step(2, "the disk takes its snapshot of page 1", {{"disk(f, 0)", "0", "1", Detail::Major}});
  b.step(1, "store x = 2", {{"page 1", "1", "2", Detail::Major}}).notes = {
      "through a stale TLB entry that is dirty: no page table is touched"};
  b.step(0, "flush_tlb_mm_range(x)", {{"IPI to CPU1", "none", "pending", Detail::Major}});
  b.step(3, "flush_tlb_func(x)",
         {{"TLB of CPU1", "x -> page 1, writable, dirty", "empty", Detail::Major}});
  b.step(0, "free_pages_and_swap_cache(page 1)", {{"_refcount(page 1)", "2", "1", Detail::Major}});
  b.record.violation = trace::ViolationRecord{
      "R-WRITE",
      "the store x = 2 is neither on disk nor in a page that is known to be dirty",
      "page_remove_rmap() before the flush hides the page from folio_mkclean() while CPU1 can "
      "still "
      "write to it; the rmap has to go after the flush.",
      EventId{8},
      {EventId{2}, EventId{3}, EventId{4}, EventId{5}}};
  return b.record;
}

Verdict held(const std::string& scenario, const std::string& design, std::uint64_t executions) {
  Verdict verdict;
  verdict.scenario = scenario;
  verdict.file = "catalog/" + scenario + ".litmus";
  verdict.design = design;
  verdict.strategy = "dpor";
  verdict.executions = executions;
  verdict.steps = executions * 40;
  verdict.seconds = 0.25;
  verdict.complete = true;
  verdict.coverage = Coverage::Complete;
  verdict.expected = Expectation{};
  verdict.met = Met::Yes;
  verdict.vacuous = {"R-ANON"};
  verdict.bounds.steps_max = 10'000;
  return verdict;
}

Verdict violated(const std::string& scenario, const std::string& design, const std::string& rule,
                 std::uint64_t executions) {
  Verdict verdict = held(scenario, design, executions);
  verdict.outcome = Outcome::Violated;
  verdict.rule = rule;
  verdict.expected = Expectation{Outcome::Violated, rule};
  Counterexample example;
  example.schedule = trace::decode("0*4.2.1:7.0*2");
  example.context_switches = 3;
  example.steps = 8;
  example.minimality = Minimality::Shortest;
  example.searched = executions + 5;
  verdict.counterexample = example;
  verdict.replay = scenario + "@" + design + ":0*4.2.1:7.0*2";
  return verdict;
}

Verdict held_bounded(const std::string& scenario, const std::string& design,
                     std::uint64_t executions, unsigned preemptions) {
  Verdict verdict = held(scenario, design, executions);
  verdict.strategy = "bounded";
  verdict.outcome = Outcome::Bounded;
  verdict.coverage = Coverage::Bounded;
  verdict.complete = false;
  verdict.met = Met::Unknown;
  verdict.preemptions = preemptions;
  verdict.bounds.preemptions_max = preemptions;
  return verdict;
}

Verdict held_sampled(const std::string& scenario, const std::string& design,
                     std::uint64_t executions) {
  Verdict verdict = held(scenario, design, executions);
  verdict.strategy = "random";
  verdict.outcome = Outcome::Sampled;
  verdict.coverage = Coverage::Sampled;
  verdict.complete = false;
  verdict.met = Met::Unknown;
  verdict.seed = 1;
  verdict.bounds.executions_max = executions;
  verdict.sample = Sample{.classes = 731,
                          .classes_at_least = 812.4,
                          .next_is_new = 0.03,
                          .schedules = Estimate{212'345, 31'000},
                          .guarantee = {}};
  return verdict;
}

std::string golden(const std::string& name, const std::string& actual) {
  const std::string path = "tests/report/golden/" + name;
  const char* update = std::getenv("MMCHECK_UPDATE_GOLDEN");
  if (update != nullptr && std::string_view(update) == "1") {
    std::ofstream(path, std::ios::binary) << actual;
  }
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::size_t longest_line(const std::string& text) {
  std::size_t longest = 0;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) longest = std::max(longest, line.size());
  return longest;
}

}  // namespace mmcheck::report

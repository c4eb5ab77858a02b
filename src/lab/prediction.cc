// SPDX-License-Identifier: Apache-2.0
#include "lab/prediction.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/error.h"
#include "lab/rounds.h"
#include "rules/rules.h"
#include "workload/program.h"

namespace mmcheck::lab {
namespace {

using explore::Leg;
using explore::LegEnd;

constexpr std::string_view kLostWrite = "R-WRITE";
/// A store that faults has not gone through the entry that its TLB had.
constexpr std::string_view kFault = "page fault";

/// Functions of the kernel, and the steps of the model that are their calls.
struct Spelling {
  std::string_view function;
  std::array<std::string_view, 2> in_model = {};     ///< none: spelt alike
  std::array<std::string_view, 2> followed_by = {};  ///< see Leg
};

// linux v6.1 and v6.12
constexpr Spelling kSpellings[] = {
    {.function = "set_page_dirty"},
    {.function = "folio_mark_dirty", .in_model = {"set_page_dirty"}},
    {.function = "page_remove_rmap", .in_model = {"page_remove_rmap", "folio_remove_rmap_pmd"}},
    {.function = "folio_remove_rmap_ptes", .in_model = {"page_remove_rmap"}},
    {.function = "folio_remove_rmap_pmd"},
    {.function = "flush_tlb_mm_range"},
    // It does nothing else for each page. mm/mmu_gather.c: tlb_flush_rmap_batch
    {.function = "tlb_flush_rmaps", .in_model = {"page_remove_rmap"}},
    // Reclaim's, when its list is through. mm/rmap.c: try_to_unmap_flush, arch_tlbbatch_flush
    {.function = "try_to_unmap_flush", .in_model = {"flush_tlb_mm_range"}},
    {.function = "arch_tlbbatch_flush", .in_model = {"flush_tlb_mm_range"}},
    // mm/page-writeback.c: folio_clear_dirty_for_io, which calls it
    {.function = "folio_mkclean", .followed_by = {"set_page_dirty", "clear_page_dirty_for_io"}},
    {.function = "folio_clear_dirty_for_io", .in_model = {"clear_page_dirty_for_io"}},
    {.function = "__folio_start_writeback", .in_model = {"folio_start_writeback"}},
    {.function = "folio_end_writeback"},
    // mm/truncate.c: the caller has locked the folio
    {.function = "mapping_evict_folio", .followed_by = {"folio_unlock"}},
};

std::vector<std::string_view> given(const std::array<std::string_view, 2>& names) {
  std::vector<std::string_view> list;
  std::copy_if(names.begin(), names.end(), std::back_inserter(list),
               [](std::string_view name) { return !name.empty(); });
  return list;
}

void add_place(Leg& leg, const Stop& stop) {
  leg.until = stop.kind == Stop::Kind::Entry ? Leg::Until::Before : Leg::Until::After;
  const auto* spelling =
      std::find_if(std::begin(kSpellings), std::end(kSpellings),
                   [&](const Spelling& of) { return of.function == stop.function; });
  if (spelling == std::end(kSpellings)) {
    leg.functions = {stop.function};
    if (leg.until == Leg::Until::Before) return;
    throw InputError(fmt::format("where {} returns", stop.function));
  }
  leg.functions = given(spelling->in_model);
  if (leg.functions.empty()) leg.functions = {spelling->function};
  leg.followed_by = given(spelling->followed_by);
}

Leg leg_of(const Segment& segment) {
  Leg leg{.thread = segment.thread};
  leg.time = segment.stop.time;
  if (segment.stale) leg.without = kFault;
  switch (segment.stop.kind) {
    case Stop::Kind::End:
      return leg;
    case Stop::Kind::Statement:
      throw InputError("an order that counts statements");
    case Stop::Kind::Entry:
    case Stop::Kind::Return:
      add_place(leg, segment.stop);
      break;
  }
  return leg;
}

/// A segment that no execution brings to its place: not because the order keeps the thread from it,
/// but as the thread has no such step.
void check_places(const Prediction& prediction, const ForcedSchedule& schedule) {
  for (std::size_t i = 0; i < schedule.segments.size(); ++i) {
    const bool missed =
        std::any_of(prediction.ends.begin(), prediction.ends.end(),
                    [&](const PredictedEnd& end) { return end.segments[i] == LegEnd::Missed; });
    if (!missed) continue;
    throw InputError(fmt::format("an order in which it does not come to {}",
                                 schedule.segments[i].stop.function));
  }
}

using Outcome = SegmentResult::Outcome;

bool agree(LegEnd predicted, Outcome seen) {
  switch (predicted) {
    case LegEnd::Open:
      return true;
    case LegEnd::Reached:
      return seen == Outcome::Reached;
    case LegEnd::Blocked:
      return seen == Outcome::Blocked;
    case LegEnd::Missed:
      return seen == Outcome::NotReached;
  }
  return false;
}

std::vector<unsigned> blocked_segments(const PredictedEnd& end) {
  std::vector<unsigned> blocked;
  for (unsigned i = 0; i < end.segments.size(); ++i) {
    if (end.segments[i] == LegEnd::Blocked) blocked.push_back(i);
  }
  return blocked;
}

}  // namespace

std::optional<bool> Prediction::is_lost() const {
  if (is_impossible()) return std::nullopt;
  const bool lost = ends.front().lost;
  const bool all = std::all_of(ends.begin(), ends.end(),
                               [&](const PredictedEnd& end) { return end.lost == lost; });
  return all ? std::optional(lost) : std::nullopt;
}

std::optional<std::vector<unsigned>> Prediction::blocked(bool lost) const {
  std::optional<std::vector<unsigned>> blocked;
  for (const PredictedEnd& end : ends) {
    if (end.lost != lost) continue;
    std::vector<unsigned> of_this = blocked_segments(end);
    if (blocked && *blocked != of_this) return std::nullopt;
    blocked = std::move(of_this);
  }
  return blocked;
}

bool Prediction::allows(const RoundResult& round) const {
  if (is_impossible()) return round.has_faulted();
  return std::any_of(ends.begin(), ends.end(), [&](const PredictedEnd& end) {
    if (end.lost != round.is_lost()) return false;
    for (std::size_t i = 0; i < end.segments.size(); ++i) {
      if (!agree(end.segments[i], round.segments[i].outcome)) return false;
    }
    return true;
  });
}

Prediction predict(const workload::Scenario& scenario, const design::Design& design,
                   const ForcedSchedule& schedule) {
  std::vector<Leg> legs;
  for (const Segment& segment : schedule.segments) legs.push_back(leg_of(segment));
  workload::ScenarioProgram program(scenario, design);
  rules::RuleSet watched;
  watched.add(rules::find_rule(kLostWrite)->id);
  program.watch_only(watched);
  const explore::OrderedResult result =
      explore::explore_ordered(program, legs, static_cast<unsigned>(scenario.threads.size()));
  if (!result.complete) throw InputError("an order with so many states");
  Prediction prediction;
  prediction.states = result.states;
  for (const auto& [end, execution] : result.ends) {
    prediction.ends.push_back({.lost = end.rule == kLostWrite, .segments = end.legs});
  }
  check_places(prediction, schedule);
  return prediction;
}

}  // namespace mmcheck::lab

// SPDX-License-Identifier: Apache-2.0
#include "lab/prediction.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/error.h"
#include "explore/fiber.h"
#include "lab/rounds.h"
#include "rules/rules.h"
#include "workload/program.h"

namespace mmcheck::lab {
namespace {

using explore::Leg;
using explore::LegEnd;

constexpr std::string_view kLostWrite = "R-WRITE";
/// How a fault begins. A store that faults has not gone through the entry that its TLB had.
constexpr std::string_view kFault[] = {"page fault", "lock_vma_under_rcu"};

/// Who calls it in the kernel, where the model has the same steps for both.
enum class Caller : std::uint8_t { Anyone, Reclaim, NotReclaim };

/// Functions of the kernel, and the steps of the model that are their calls.
struct Spelling {
  std::string_view function;
  std::array<std::string_view, 2> in_model = {};     ///< none: spelt alike
  std::array<std::string_view, 2> entry = {};        ///< of the first step, if another one
  std::array<std::string_view, 2> followed_by = {};  ///< see Leg
  bool in_a_row = false;                             ///< see Leg
  Caller caller = Caller::Anyone;
};

// linux v6.1 and v6.12
constexpr Spelling kSpellings[] = {
    {.function = "set_page_dirty"},
    {.function = "folio_mark_dirty", .in_model = {"set_page_dirty"}},
    {.function = "page_remove_rmap", .in_model = {"page_remove_rmap", "folio_remove_rmap_pmd"}},
    {.function = "folio_remove_rmap_ptes", .in_model = {"page_remove_rmap"}},
    {.function = "folio_remove_rmap_pmd"},
    {.function = "flush_tlb_mm_range", .caller = Caller::NotReclaim},
    // Of all pages of the gather: mm/mmu_gather.c: tlb_flush_rmap_batch
    {.function = "tlb_flush_rmaps", .in_model = {"page_remove_rmap"}, .in_a_row = true},
    // When reclaim's list is through. mm/rmap.c: try_to_unmap_flush, arch_tlbbatch_flush
    {.function = "try_to_unmap_flush",
     .in_model = {"flush_tlb_mm_range"},
     .caller = Caller::Reclaim},
    {.function = "arch_tlbbatch_flush",
     .in_model = {"flush_tlb_mm_range"},
     .caller = Caller::Reclaim},
    // mm/page-writeback.c: folio_clear_dirty_for_io, which calls it first
    {.function = "folio_mkclean", .followed_by = {"set_page_dirty", "clear_page_dirty_for_io"}},
    {.function = "folio_clear_dirty_for_io",
     .in_model = {"clear_page_dirty_for_io"},
     .entry = {"folio_mkclean"}},
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

bool reclaims(const workload::ThreadDecl& thread) {
  return std::any_of(thread.body.begin(), thread.body.end(), [](const auto& statement) {
    return statement.expr.kind == workload::ExprKind::Call &&
           statement.expr.operation == workload::Operation::ShrinkFolioList;
  });
}

void add_place(Leg& leg, const Stop& stop, const workload::ThreadDecl& thread) {
  leg.until = stop.kind == Stop::Kind::Entry ? Leg::Until::Before : Leg::Until::After;
  const auto* spelling =
      std::find_if(std::begin(kSpellings), std::end(kSpellings),
                   [&](const Spelling& of) { return of.function == stop.function; });
  if (spelling == std::end(kSpellings)) {
    leg.functions = {stop.function};
    if (leg.until == Leg::Until::Before) return;
    throw InputError(fmt::format("where {} returns", stop.function));
  }
  if (spelling->caller != Caller::Anyone &&
      reclaims(thread) != (spelling->caller == Caller::Reclaim)) {
    throw InputError(fmt::format("where {} calls {}", thread.name, stop.function));
  }
  leg.functions = given(spelling->in_model);
  if (leg.until == Leg::Until::Before && !given(spelling->entry).empty()) {
    leg.functions = given(spelling->entry);
  }
  if (leg.functions.empty()) leg.functions = {spelling->function};
  leg.followed_by = given(spelling->followed_by);
  leg.in_a_row = spelling->in_a_row;
}

Leg leg_of(const Segment& segment, const workload::Scenario& scenario) {
  Leg leg{.thread = segment.thread};
  leg.time = segment.stop.time;
  if (segment.stale) leg.without.assign(std::begin(kFault), std::end(kFault));
  switch (segment.stop.kind) {
    case Stop::Kind::End:
      return leg;
    case Stop::Kind::Statement:
      throw InputError("an order that counts statements");
    case Stop::Kind::Entry:
    case Stop::Kind::Return:
      add_place(leg, segment.stop, scenario.threads[segment.thread]);
      break;
  }
  return leg;
}

/// A segment that no execution brings to its place: not because the order keeps the thread from it,
/// but as the thread has no such step.
void check_places(const explore::OrderedResult& result, const ForcedSchedule& schedule) {
  for (std::size_t i = 0; i < schedule.segments.size(); ++i) {
    const bool comes_there =
        std::any_of(result.ends.begin(), result.ends.end(),
                    [&](const auto& end) { return end.first.legs[i] != LegEnd::Missed; }) ||
        std::any_of(result.left_out.begin(), result.left_out.end(),
                    [&](const auto& legs) { return legs[i] != LegEnd::Missed; });
    if (comes_there) continue;
    throw InputError(fmt::format("an order in which it does not come to {}",
                                 schedule.segments[i].stop.function));
  }
}

using Outcome = SegmentResult::Outcome;

bool agree(LegEnd predicted, Outcome seen) {
  switch (predicted) {
    case LegEnd::Open:
      return seen == Outcome::Reached || seen == Outcome::Blocked;
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
  if (is_impossible()) {
    const auto other = std::find_if(
        round.segments.begin(), round.segments.end(), [](const SegmentResult& segment) {
          return segment.outcome != Outcome::Reached && segment.outcome != Outcome::Blocked;
        });
    return other != round.segments.end() && other->outcome == Outcome::Faulted;
  }
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
  if (!explore::Fibers::can_restore()) throw InputError("any order, in this build");
  std::vector<Leg> legs;
  for (const Segment& segment : schedule.segments) legs.push_back(leg_of(segment, scenario));
  workload::Scenario as_kernel = scenario;
  as_kernel.gather_batch_max = as_kernel.gather_batches_max = as_kernel.gather_tables =
      std::nullopt;
  workload::ScenarioProgram program(as_kernel, design);
  rules::RuleSet watched;
  watched.add(rules::find_rule(kLostWrite)->id);
  program.watch_only(watched);
  const explore::OrderedResult result =
      explore::explore_ordered(program, legs, static_cast<unsigned>(scenario.threads.size()));
  if (!result.complete) throw InputError("an order with so many states");
  if (result.ends.empty() && result.left_out.empty()) throw InputError("an order that has no end");
  check_places(result, schedule);
  Prediction prediction;
  prediction.states = result.states;
  for (const auto& [end, execution] : result.ends) {
    // R-LIVE is always watched.
    if (!end.rule.empty() && end.rule != kLostWrite) {
      throw InputError("an order in which it breaks " + end.rule);
    }
    prediction.ends.push_back({.lost = end.rule == kLostWrite, .segments = end.legs});
  }
  return prediction;
}

}  // namespace mmcheck::lab

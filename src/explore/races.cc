// SPDX-License-Identifier: Apache-2.0
// See dpor.cc for what these computations are part of. In the terms of the paper: E is the log, e
// an event of it, e' the new step, made by thread q.
#include "explore/races.h"

#include <algorithm>
#include <bit>

#include "base/error.h"

namespace mmcheck::explore {

namespace {
constexpr std::uint32_t kNone = 0xffffffff;
constexpr std::size_t kPartsMax = 64;
}  // namespace

void RaceDetector::begin(std::uint32_t event) {
  thread_ = log_.event(event).thread;
  later_ = event;
  nr_before_ = log_.event(event).index - 1u;
  before_ = &log_.clock_of(thread_, nr_before_);
  uses_.clear();
  for (const LoggedAccess& access : log_.accesses_of(event)) {
    uses_.push_back({.access = access.use, .before = access.before, .previous = access.previous});
  }
  guards_ = log_.guards_of(event);
  unknown_ = log_.event(event).asked_order;
}

void RaceDetector::detect(std::uint32_t event) {
  begin(event);
  detect_step();
}

void RaceDetector::detect_unsettled() {
  std::size_t nr_left = 0;
  for (std::size_t i = 0; i < unsettled_.size(); ++i) {
    Unsettled race = unsettled_[i];
    begin(race.later);
    bool settled = insert(race.earlier);
    if (!settled) unsettled_[nr_left++] = race;
  }
  unsettled_.resize(nr_left);
}

void RaceDetector::detect_blocked(unsigned thread) {
  thread_ = thread;
  later_ = kNone;
  nr_before_ = engine_.steps_of(thread);
  before_ = &log_.clock_of(thread, nr_before_);
  guards_ = engine_.guards(thread);
  unknown_ = true;
  uses_.clear();
  for (const Guard& guard : guards_) {
    uses_.push_back({.access = {.object = guard.object, .mode = Mode::Write, .guard = true},
                     .before = engine_.word(guard.object),
                     .previous = log_.last_access(guard.object)});
  }
  detect_step();
}

void RaceDetector::forget(std::uint32_t nr_events) {
  while (!unsettled_.empty() && unsettled_.back().later >= nr_events) unsettled_.pop_back();
}

void RaceDetector::detect_step() {
  find_direct();
  if (!guards_.empty()) {
    detect_guarded();
    return;
  }
  for (unsigned t = 0; t < engine_.nr_threads(); ++t) {
    if (direct_[t] != kNone && !dominated(direct_, t)) settle(direct_[t]);
  }
}

/// The latest conflicting events that do not happen before q's previous step. An earlier step of a
/// thread happens before its later one and can thus be no direct predecessor.
void RaceDetector::find_direct() {
  std::fill(std::begin(direct_), std::end(direct_), kNone);
  for (const GuardedUse& use : uses_) {
    for (std::uint32_t a = use.previous; a != kNoAccess;) {
      const LoggedAccess& earlier = log_.access(a);
      if (conflict(use.access.mode, earlier.use.mode) && !log_.covers(*before_, earlier.event)) {
        EventNumber& latest = direct_[log_.event(earlier.event).thread];
        if (latest == kNone || latest < earlier.event) latest = earlier.event;
      }
      if (earlier.use.mode == Mode::Write) break;
      a = earlier.previous;
    }
  }
}

/// Whether the thread's event happens before another thread's event in the same set.
bool RaceDetector::dominated(const EventNumber* latest, unsigned thread) const {
  for (unsigned t = 0; t < engine_.nr_threads(); ++t) {
    if (t != thread && latest[t] != kNone && log_.happens_before(latest[thread], latest[t])) {
      return true;
    }
  }
  return false;
}

void RaceDetector::detect_guarded() {
  guard_changes_.clear();
  for (const Guard& guard : guards_) find_guard_changes(guard);
  std::fill(std::begin(reversible_), std::end(reversible_), kNone);
  auto reversible = [&](EventNumber event) {
    witness_.begin_without(event, {});
    return possible_after(event, witness_.end());
  };
  for (unsigned t = 0; t < engine_.nr_threads(); ++t) {
    if (direct_[t] == kNone || dominated(direct_, t)) continue;
    if (reversible(direct_[t])) keep_latest(direct_[t]);
  }
  for (EventNumber event : guard_changes_) {
    if (reversible(event)) {
      keep_latest(event);
    } else {
      settle(event);
    }
  }
  for (unsigned t = 0; t < engine_.nr_threads(); ++t) {
    if (reversible_[t] != kNone && !dominated(reversible_, t)) settle(reversible_[t]);
  }
}

void RaceDetector::keep_latest(EventNumber event) {
  EventNumber& latest = reversible_[log_.event(event).thread];
  if (latest == kNone || latest < event) latest = event;
}

void RaceDetector::find_guard_changes(const Guard& guard) {
  const GuardedUse& use = use_of(guard.object);
  std::uint64_t word = use.before;
  for (std::uint32_t a = use.previous; a != kNoAccess;) {
    const LoggedAccess& earlier = log_.access(a);
    if (!conflict(use.access.mode, earlier.use.mode) &&
        ((word ^ (word - earlier.use.delta)) & guard.mask) != 0) {
      throw InternalError(
          "a guard looks at what read_add() changes; its step must also write the word");
    }
    word -= earlier.use.delta;
    bool covered = log_.covers(*before_, earlier.event);
    // All that came before a Write happens before it, so it is covered too.
    if (covered && earlier.use.mode == Mode::Write) break;
    bool races = !covered && conflict(use.access.mode, earlier.use.mode);
    if (races && earlier.use.delta != 0) guard_changes_.push_back(earlier.event);
    a = earlier.previous;
  }
}

const RaceDetector::GuardedUse& RaceDetector::use_of(ObjectId object) const {
  for (const GuardedUse& use : uses_) {
    if (use.access.object == object) return use;
  }
  throw InternalError("a step did not use the word that it waited for");
}

/// Whether e' is enabled after the steps before `state` and those up to `end`.
bool RaceDetector::possible_after(EventNumber state, const Clock& end) const {
  return std::all_of(guards_.begin(), guards_.end(),
                     [&](const Guard& guard) { return holds_after(guard, state, end); });
}

bool RaceDetector::holds_after(const Guard& guard, EventNumber state, const Clock& end) const {
  const GuardedUse& use = use_of(guard.object);
  std::uint64_t word = use.before;
  for (std::uint32_t a = use.previous; a != kNoAccess;) {
    const LoggedAccess& access = log_.access(a);
    if (access.event < state) break;
    if (!log_.covers(end, access.event)) word -= access.use.delta;
    a = access.previous;
  }
  return guard.holds(word);
}

/// Parts of the steps up to `end`, closed under happens-before, after which e' is enabled. Step by
/// step leaves out what changed a word that e' waits for, and what happens after that.
void RaceDetector::find_parts(EventNumber state, const Clock& end) {
  if (parts_seen_.size() >= kPartsMax) return;
  for (const Clock& seen : parts_seen_) {
    if (std::equal(std::begin(seen.lane), std::end(seen.lane), std::begin(end.lane))) return;
  }
  parts_seen_.push_back(end);
  auto failing = std::find_if(guards_.begin(), guards_.end(), [&](const Guard& guard) {
    return !holds_after(guard, state, end);
  });
  if (failing == guards_.end()) {
    parts_.push_back(end);
    return;
  }
  for (std::uint32_t a = use_of(failing->object).previous; a != kNoAccess;) {
    const LoggedAccess& access = log_.access(a);
    a = access.previous;
    if (access.event < state) break;
    if (access.use.delta == 0 || !log_.covers(end, access.event)) continue;
    if (log_.covers(*before_, access.event)) continue;
    find_parts(state, part_without(access.event, state, end));
  }
}

Clock RaceDetector::part_without(EventNumber event, EventNumber state, const Clock& end) const {
  Clock result = end;
  const Clock& before = log_.counts(state);
  for (unsigned t = 0; t < engine_.nr_threads(); ++t) {
    std::span<const std::uint32_t> events = log_.events_of(t);
    while (result.lane[t] > before.lane[t] &&
           log_.happens_before(event, events[result.lane[t] - 1u])) {
      --result.lane[t];
    }
  }
  return result;
}

/// The step waits for one value only, so that this is what it sees in whatever order.
bool RaceDetector::value_is_given(ObjectId object) const {
  return std::any_of(guards_.begin(), guards_.end(), [&](const Guard& guard) {
    return guard.object == object && !guard.negated && guard.mask == ~std::uint64_t{0};
  });
}

/// Whether e' would do the same without e and what happens after it.
bool RaceDetector::behaves_alike_without(EventNumber event) const {
  if (unknown_) return false;
  for (const GuardedUse& use : uses_) {
    if (!use.access.value_read || value_is_given(use.access.object)) continue;
    for (std::uint32_t a = use.previous; a != kNoAccess;) {
      const LoggedAccess& access = log_.access(a);
      if (access.event < event) break;
      if (access.use.mode != Mode::Read && log_.happens_before(event, access.event)) return false;
      a = access.previous;
    }
  }
  return true;
}

RacingStep RaceDetector::racing_step(EventNumber without) {
  step_uses_.clear();
  for (const GuardedUse& use : uses_) {
    step_uses_.push_back({.object = use.access.object, .mode = use.access.mode});
  }
  return {.thread = thread_,
          .event = later_,
          .label = later_ == kNone ? 0 : log_.event(later_).label,
          .uses = step_uses_,
          .known = behaves_alike_without(without),
          .chooses = later_ != kNone && log_.event(later_).chose};
}

/// Sees to it that e' is made before e somewhere.
void RaceDetector::settle(EventNumber event) {
  bool settled = insert(event);
  if (!settled && later_ != kNone) unsettled_.push_back({.earlier = event, .later = later_});
}

bool RaceDetector::insert(EventNumber event) {
  RacingStep step = racing_step(event);
  witness_.begin_without(event, step);
  if (!possible_after(event, witness_.end())) return insert_parts(event, step);
  bool settled = false;
  witness_.shorten();
  if (insert_witness(event, false, settled)) return settled;
  witness_.begin_without(event, step);
  insert_witness(event, true, settled);
  return settled;
}

/// For B2: e' is not possible after all of notdep(e, E), but may be after a part of it.
bool RaceDetector::insert_parts(EventNumber event, const RacingStep& step) {
  parts_.clear();
  parts_seen_.clear();
  find_parts(event, witness_.end());
  bool all_settled = true;
  for (const Clock& part : parts_) {
    bool settled = false;
    witness_.begin_until(event, part, step);
    insert_witness(event, true, settled);
    all_settled = all_settled && settled;
  }
  return all_settled;
}

/// False if a longer witness should be tried, which is not so for the `whole` one. `settled`:
/// nothing more is to be done for this race, however long the witness gets.
bool RaceDetector::insert_witness(EventNumber event, bool whole, bool& settled) {
  using Match = Witness::Match;
  Node& node = path_.node(event);
  Match worst = Match::No;
  for (const Sleeper& sleeper : node.sleepers) {
    Match match =
        witness_.match(sleeper.thread, sleeper.label, false, true, node.uses_of(sleeper));
    if (match == Match::Yes) {
      settled = true;
      return true;
    }
    if (match == Match::ForNow || worst == Match::No) worst = match;
  }
  if (worst == Match::ForNow) return whole;
  if (worst == Match::Unsure && !whole) return false;
  Match inserted = witness_.insert(node.pending, pool_);
  settled = inserted == Match::Yes;
  return settled || whole;
}

}  // namespace mmcheck::explore

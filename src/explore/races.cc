// SPDX-License-Identifier: Apache-2.0
// See dpor.cc for what these computations are part of. In the terms of the paper: E is the log, e
// an event of it, e' the new step.
#include "explore/races.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/error.h"

namespace mmcheck::explore {

namespace {
constexpr std::size_t kPartsMax = 4096;
constexpr std::int64_t kCountMax = 1 << 20;
}  // namespace

void RaceDetector::begin(EventNumber number) {
  later_ = number;
  step_ = &log_.event(number);
  uses_ = log_.accesses_of(number);
  guards_ = log_.guards_of(number);
}

void RaceDetector::detect_latest() {
  begin(log_.size() - 1);
  if (foreseeable_ && is_unforeseen()) throw Unforeseen{};
  detect(log_.latest_direct());
  detect_in_place_of_others();
  note_others(later_);
}

void RaceDetector::detect_again(EventNumber event) {
  begin(event);
  detect_anywhere();
  detect_in_place_of_others();
  note_others(event);
}

/// Where a lane takes one of a thread's labels while another lane searches with another label, it
/// does not hear of the races of that one, which may concern it: with p, q, r of three threads and
/// r's labels r1 and r2, if only r1 and q are in conflict,
///
///   lane A          lane B
///   r1 ...          p r2 q    r2 and q are independent: q is not tried before r2
///   r1 p q          asks for p q: it begins with p, and lane B has begun that
///
/// and p q r1 would be missed. So in lane B the step has the races of the labels that sleep, too.
/// In order there is no such need: p is begun when all that r1 asks for is known.
void RaceDetector::note_others(EventNumber event) {
  const LoggedEvent& step = log_.event(event);
  if (!step.chooses) return;
  const Sleepers& sleepers = path_.node(event).sleepers;
  const bool some = std::any_of(sleepers.begin(), sleepers.end(), [&](const ForeseenStep& other) {
    return other.thread == step.thread && other.elsewhere;
  });
  if (some) in_place_of_others_.push_back(event);
}

bool RaceDetector::others_in_conflict(EventNumber event) const {
  const unsigned thread = log_.event(event).thread;
  const Sleepers& sleepers = path_.node(event).sleepers;
  return std::any_of(sleepers.begin(), sleepers.end(), [&](const ForeseenStep& other) {
    return other.thread == thread && other.elsewhere &&
           in_conflict(other.footprint, step_->footprint);
  });
}

void RaceDetector::detect_in_place_of_others() {
  for (const EventNumber event : in_place_of_others_) {
    if (!log_.happens_before(event, later_) && others_in_conflict(event)) reverse(event);
  }
}

void RaceDetector::detect_unsettled(bool cut) {
  cut_ = cut;
  std::erase_if(unsettled_, [&](Race& race) {
    if (!cut && is_covered_still(race)) return false;
    begin(race.later);
    has_grown_ = false;
    race.covered = settle(race.earlier);
    // What comes after e' in this execution may not come in the next.
    return race.covered.how == Begins::ForGood && !has_grown_;
  });
  cut_ = false;
  nr_judged_ = log_.size();
}

/// Whether nothing was made since that could change how the race is covered. Most often so.
bool RaceDetector::is_covered_still(const Race& race) const {
  // Of a shared node, others take what is pending.
  if (race.covered.how != Begins::Beside || race.earlier < nr_shared_) return false;
  for (EventNumber f = std::max(race.later + 1, nr_judged_); f < log_.size(); ++f) {
    if (race.covered.depends_on(log_.event(f)) && !log_.happens_before(race.earlier, f)) {
      return false;
    }
  }
  return true;
}

void RaceDetector::forget(std::uint32_t nr_events) {
  while (!unsettled_.empty() && unsettled_.back().later >= nr_events) unsettled_.pop_back();
  nr_judged_ = std::min(nr_judged_, nr_events);
  while (!in_place_of_others_.empty() && in_place_of_others_.back() >= nr_events) {
    in_place_of_others_.pop_back();
  }
}

void RaceDetector::detect_blocked(unsigned thread) {
  later_ = log_.size();
  blocked_ = {};
  blocked_.thread = static_cast<std::uint8_t>(thread);
  blocked_.index = static_cast<std::uint16_t>(engine_.steps_of(thread) + 1);
  blocked_.asked_order = true;  // what it would do in another order cannot be told
  step_ = &blocked_;
  guards_ = engine_.guards(thread);
  blocked_uses_.clear();
  for (const Guard& guard : guards_) {
    blocked_uses_.push_back({.use = {.object = guard.object, .mode = Mode::Write, .guard = true},
                             .before = engine_.word(guard.object),
                             .event = later_,
                             .previous = log_.last_access(guard.object)});
  }
  uses_ = blocked_uses_;
  const bool possible = std::all_of(guards_.begin(), guards_.end(),
                                    [&](const Guard& guard) { return within_reach(guard); });
  if (possible) detect_anywhere();
}

/// False: after no part of the execution has the word the value that the step waits for, so that it
/// takes part in no race. What happens before other things comes with the steps of its thread that
/// come before it, so a part has the first so many steps of each thread. What they add to the word
/// lies between the sums, over the threads, of what each adds at the least and at the most. Where a
/// handler waits for a count to be 0, gets and puts that come in pairs are told by this at once.
bool RaceDetector::within_reach(const Guard& guard) const {
  if (guard.negated || guard.mask != ~std::uint64_t{0}) return true;
  struct Sums {
    std::int64_t all = 0;
    std::int64_t least = 0;
    std::int64_t most = 0;
  };
  Sums taken_back[kThreadsMax];  // by leaving out the last so many steps of a thread
  const LoggedAccess& use = use_of(guard.object);
  for (std::uint32_t a = use.previous; a != kNoAccess; a = log_.access(a).previous) {
    const LoggedAccess& access = log_.access(a);
    const auto delta = static_cast<std::int64_t>(access.use.delta);
    if (delta > kCountMax || delta < -kCountMax) return true;  // no count; the sums could overflow
    Sums& own = taken_back[log_.event(access.event).thread];
    own.all -= delta;
    own.least = std::min(own.least, own.all);
    own.most = std::max(own.most, own.all);
  }
  const auto wanted = static_cast<std::int64_t>(guard.expected - use.before);
  std::int64_t least = 0;
  std::int64_t most = 0;
  for (unsigned t = 0; t < engine_.nr_threads(); ++t) {
    least += taken_back[t].least;
    most += taken_back[t].most;
  }
  return least <= wanted && wanted <= most;
}

void RaceDetector::detect_anywhere() {
  Clock clock = before();
  Events direct;
  log_.find_direct(uses_, clock, direct);
  detect(direct);
}

/// `direct`: see TraceLog::find_direct.
void RaceDetector::detect(const Events& direct) {
  if (!guards_.empty()) {
    detect_guarded(direct);
    return;
  }
  for (std::uint32_t rest = direct.threads; rest != 0; rest &= rest - 1) {
    reverse(direct.of[std::countr_zero(rest)]);
  }
}

/// Whether the thread's event happens before another thread's event in the same set.
bool RaceDetector::dominated(const Events& events, unsigned thread) const {
  for (std::uint32_t rest = events.threads & ~(1u << thread); rest != 0; rest &= rest - 1) {
    if (log_.happens_before(events.of[thread], events.of[std::countr_zero(rest)])) return true;
  }
  return false;
}

/// B1 of dpor.cc.
void RaceDetector::detect_guarded(const Events& direct) {
  guard_changes_.clear();
  for (const Guard& guard : guards_) find_guard_changes(guard);
  Events reversible;
  const auto keep_if_reversible = [&](EventNumber event) {
    if (!possible_after(event, all_without(event))) return false;
    reversible.add(log_.event(event).thread, event);
    return true;
  };
  for (std::uint32_t rest = direct.threads; rest != 0; rest &= rest - 1) {
    keep_if_reversible(direct.of[std::countr_zero(rest)]);
  }
  for (EventNumber event : guard_changes_) {
    if (!keep_if_reversible(event)) reverse(event);
  }
  for (std::uint32_t rest = reversible.threads; rest != 0; rest &= rest - 1) {
    auto t = static_cast<unsigned>(std::countr_zero(rest));
    if (!dominated(reversible, t)) reverse(reversible.of[t]);
  }
}

void RaceDetector::find_guard_changes(const Guard& guard) {
  const LoggedAccess& use = use_of(guard.object);
  std::uint64_t word = use.before;
  for (std::uint32_t a = use.previous; a != kNoAccess;) {
    const LoggedAccess& earlier = log_.access(a);
    if (!conflict(use.use.mode, earlier.use.mode) &&
        ((word ^ (word - earlier.use.delta)) & guard.mask) != 0) {
      throw InternalError(
          "a guard looks at what read_add() changes; its step must also write the word");
    }
    word -= earlier.use.delta;
    bool covered = log_.covers(before(), earlier.event);
    // All that came before a Write happens before it, so it is covered too.
    if (covered && earlier.use.mode == Mode::Write) break;
    bool races = !covered && conflict(use.use.mode, earlier.use.mode);
    if (races && earlier.use.delta != 0) guard_changes_.push_back(earlier.event);
    a = earlier.previous;
  }
}

const LoggedAccess& RaceDetector::use_of(ObjectId object) const {
  for (const LoggedAccess& use : uses_) {
    if (use.use.object == object) return use;
  }
  throw InternalError("a step did not use the word that it waited for");
}

/// How far each thread is after the steps that do not happen after e, and are not e.
Clock RaceDetector::all_without(EventNumber event) const {
  Clock result = log_.counts(event);
  for (EventNumber f = event + 1; f < log_.size(); ++f) {
    // What happens after one of a thread's steps happens after the next ones too.
    if (!log_.happens_before(event, f)) ++result.lane[log_.event(f).thread];
  }
  return result;
}

Clock RaceDetector::part_without(EventNumber event, EventNumber state, const Clock& end) const {
  Clock result = end;
  const Clock before = log_.counts(state);
  for (unsigned t = 0; t < engine_.nr_threads(); ++t) {
    std::span<const std::uint32_t> events = log_.events_of(t);
    while (result.lane[t] > before.lane[t] &&
           log_.happens_before(event, events[result.lane[t] - 1u])) {
      --result.lane[t];
    }
  }
  return result;
}

/// Whether e' is enabled after the steps before `state` and those up to `end`.
bool RaceDetector::possible_after(EventNumber state, const Clock& end) const {
  return std::all_of(guards_.begin(), guards_.end(),
                     [&](const Guard& guard) { return holds_after(guard, state, end); });
}

bool RaceDetector::holds_after(const Guard& guard, EventNumber state, const Clock& end) const {
  const LoggedAccess& use = use_of(guard.object);
  std::uint64_t word = use.before;
  for (std::uint32_t a = use.previous; a != kNoAccess;) {
    const LoggedAccess& access = log_.access(a);
    if (access.event < state) break;
    if (!log_.covers(end, access.event)) word -= access.use.delta;
    a = access.previous;
  }
  return guard.holds(word);
}

/// B2 of dpor.cc. Parts of the steps up to `end`, closed under happens-before, after which e' is
/// enabled. Step by step leaves out what changed a word that e' waits for, and what follows it.
void RaceDetector::find_parts(EventNumber state, const Clock& end) {
  if (parts_seen_.size() >= kPartsMax) {
    throw InternalError(
        "too many ways to enable a step that waits; the search would be incomplete");
  }
  for (const Clock& seen : parts_seen_) {
    if (std::equal(std::begin(seen.lane), std::end(seen.lane), std::begin(end.lane))) return;
  }
  parts_seen_.push_back(end);
  auto failing = std::find_if(guards_.begin(), guards_.end(),
                              [&](const Guard& guard) { return !holds_after(guard, state, end); });
  if (failing == guards_.end()) {
    parts_.push_back(end);
    return;
  }
  for (std::uint32_t a = use_of(failing->object).previous; a != kNoAccess;) {
    const LoggedAccess& access = log_.access(a);
    a = access.previous;
    if (access.event < state) break;
    if (access.use.delta == 0 || !log_.covers(end, access.event)) continue;
    if (log_.covers(before(), access.event)) continue;
    find_parts(state, part_without(access.event, state, end));
  }
}

/// The step waits for one value only, so that this is what it sees in whatever order.
bool RaceDetector::value_is_given(ObjectId object) const {
  return std::any_of(guards_.begin(), guards_.end(), [&](const Guard& guard) {
    return guard.object == object && !guard.negated && guard.mask == ~std::uint64_t{0};
  });
}

bool RaceDetector::is_unforeseen() const {
  if (step_->asked_order || step_->chooses) return true;
  return step_->value_read && std::any_of(uses_.begin(), uses_.end(), [&](const LoggedAccess& use) {
           return use.use.value_read && !value_is_given(use.use.object);
         });
}

/// Of what comes before e', what does not come before it in the other order.
bool RaceDetector::is_left_out(EventNumber access, EventNumber event, const Clock* end) const {
  return end != nullptr ? !log_.covers(*end, access) : log_.happens_before(event, access);
}

/// The footprint of e' in the other order, if uses_same_without(): the same, but for comparisons
/// that may come out otherwise.
Footprint RaceDetector::foresee(EventNumber event, const Clock* end) {
  Footprint result = step_->footprint;
  if (!step_->compares) return result;
  for (std::size_t i = 0; i < uses_.size(); ++i) {
    const LoggedAccess& use = uses_[i];
    if (!use.use.compares) continue;
    std::uint64_t word = use.before;
    for (std::uint32_t a = use.previous; a != kNoAccess;) {
      const LoggedAccess& access = log_.access(a);
      if (access.event < event) break;
      if (is_left_out(access.event, event, end)) word -= access.use.delta;
      a = access.previous;
    }
    const Mode mode = word == use.use.expected ? Mode::Write : Mode::Read;
    if (mode == use.use.mode) continue;
    if (result.uses == step_->footprint.uses) {
      foreseen_uses_.assign(result.uses, result.uses + result.size);
      result.uses = foreseen_uses_.data();
    }
    foreseen_uses_[i].mode = mode;
    add_bits(result, foreseen_uses_[i]);
  }
  return result;
}

/// Whether e' would use the same words without e and what happens after it; or, where `end` is
/// given, without all that is not before it.
bool RaceDetector::uses_same_without(EventNumber event, const Clock* end) const {
  if (step_->asked_order || step_->chooses) return false;
  if (!step_->value_read) return true;
  for (const LoggedAccess& use : uses_) {
    if (!use.use.value_read || value_is_given(use.use.object)) continue;
    for (std::uint32_t a = use.previous; a != kNoAccess;) {
      const LoggedAccess& access = log_.access(a);
      if (access.event < event) break;
      if (access.use.mode != Mode::Read && is_left_out(access.event, event, end)) return false;
      a = access.previous;
    }
  }
  return true;
}

/// Sees to it that e' is made before e somewhere.
void RaceDetector::reverse(EventNumber event) {
  const Covered covered = settle(event);
  if (covered.how != Begins::ForGood && later_ < log_.size()) {
    unsettled_.push_back({.earlier = event, .later = later_, .covered = covered});
  }
}

/// If this is for good, nothing more need be done for this race, whatever follows.
Covered RaceDetector::settle(EventNumber event) {
  if (guards_.empty() || possible_after(event, all_without(event))) return add(event, nullptr);
  return settle_parts(event);
}

Covered RaceDetector::settle_parts(EventNumber event) {
  parts_.clear();
  parts_seen_.clear();
  find_parts(event, all_without(event));
  Covered result{.how = Begins::ForGood};
  for (const Clock& part : parts_) {
    if (add(event, &part).how != Begins::ForGood) result.how = Begins::ForNow;
  }
  return result;
}

/// Adds v = notdep(e, E).e', or a part of notdep(e, E) and e', to what is to be made at E'.
Covered RaceDetector::add(EventNumber event, const Clock* end) {
  sequence_.clear();
  if (!foreseeable_ || end != nullptr || cut_) sequence_.do_not_count_beside();
  for (EventNumber f = event + 1; f < log_.size(); ++f) {
    // Unless e' races in place of another label, it is after e, and so is what is after e'.
    if (f == later_ || (f > later_ && log_.happens_before(later_, f))) continue;
    if (end != nullptr ? log_.covers(*end, f) : !log_.happens_before(event, f)) {
      sequence_.push_back(log_.event(f));
      has_grown_ = has_grown_ || f > later_;
    }
  }
  if (step_->value_read || step_->compares || step_->asked_order || step_->chooses) {
    reversed_ = *step_;
    reversed_.footprint = foresee(event, end);
    reversed_.any_label = step_->chooses;
    reversed_.known = uses_same_without(event, end);
    sequence_.push_back(reversed_);
  } else {
    sequence_.push_back(*step_);
  }
  Node& node = path_.node(event);
  const Covered covered = node.covers(sequence_);
  if (covered.how != Begins::No) return covered;
  const bool alone = sequence_.size() == 1;
  Inserted there = request(event, node);
  // What is pending was asked for by a shorter sequence, perhaps. Where steps may do something else
  // after other steps, that it leads to v does not mean that it leads to what v grows to.
  if (!foreseeable_ && !(there.added && alone)) {
    there.covered.how = std::min(there.covered.how, Begins::ForNow);
  }
  return there.covered;
}

/// Enters the sequence among what is pending at the node.
Inserted RaceDetector::request(EventNumber event, Node& node) {
  if (event >= nr_shared_) return insert(sequence_, node.pending, pool_);
  // What is pending may be dropped because it was begun elsewhere, and then stands for nothing that
  // it is merely independent of.
  sequence_.do_not_count_beside();
  OwnSequence whole(sequence_);
  Inserted there = find(sequence_, node.pending_at_owner);
  if (!there.added) return there;
  sequence_ = whole.view();
  Inserted inserted = insert(sequence_, node.pending, pool_);
  if (inserted.added) requests_.push_back({.depth = event, .sequence = std::move(whole)});
  return inserted;
}

}  // namespace mmcheck::explore

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
constexpr std::size_t kSubsetsOfMax = 12;
}  // namespace

void RaceDetector::detect(std::uint32_t event) {
  thread_ = log_.event(event).thread;
  nr_before_ = log_.event(event).index - 1u;
  before_ = &log_.clock_of(thread_, nr_before_);
  uses_.clear();
  for (const LoggedAccess& access : log_.accesses_of(event)) {
    uses_.push_back({.access = access.use, .before = access.before, .previous = access.previous});
  }
  guards_ = log_.guards_of(event);
  unknown_ = log_.event(event).asked_order;
  detect_step();
}

void RaceDetector::detect_blocked(unsigned thread) {
  thread_ = thread;
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

void RaceDetector::detect_step() {
  find_direct();
  if (!guards_.empty()) {
    detect_guarded();
    return;
  }
  for (unsigned t = 0; t < kThreadsMax; ++t) {
    if (direct_[t] != kNone && !dominated(direct_, t)) reverse(direct_[t]);
  }
}

/// The latest conflicting events that do not happen before q's previous step. An earlier step of a
/// thread happens before its later one and can thus be no direct predecessor.
void RaceDetector::find_direct() {
  std::fill(std::begin(direct_), std::end(direct_), kNone);
  for (const Use& use : uses_) {
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
  for (unsigned t = 0; t < kThreadsMax; ++t) {
    if (t != thread && latest[t] != kNone && log_.happens_before(latest[thread], latest[t])) {
      return true;
    }
  }
  return false;
}

void RaceDetector::detect_guarded() {
  guard_changes_.clear();
  for (const Guard& guard : guards_) find_guard_changes(guard);
  auto reversible = [&](EventNumber event) {
    return std::all_of(guards_.begin(), guards_.end(),
                       [&](const Guard& guard) { return holds_without(guard, event); });
  };
  std::fill(std::begin(reversible_), std::end(reversible_), kNone);
  for (unsigned t = 0; t < kThreadsMax; ++t) {
    if (direct_[t] == kNone || dominated(direct_, t)) continue;
    if (reversible(direct_[t])) keep_latest(direct_[t]);
  }
  for (EventNumber event : guard_changes_) {
    if (reversible(event)) {
      keep_latest(event);
    } else if (std::all_of(guards_.begin(), guards_.end(),
                           [&](const Guard& guard) { return may_hold_without(guard, event); })) {
      add_all(event);
    }
  }
  for (unsigned t = 0; t < kThreadsMax; ++t) {
    if (reversible_[t] != kNone && !dominated(reversible_, t)) reverse(reversible_[t]);
  }
}

void RaceDetector::keep_latest(EventNumber event) {
  EventNumber& latest = reversible_[log_.event(event).thread];
  if (latest == kNone || latest < event) latest = event;
}

void RaceDetector::find_guard_changes(const Guard& guard) {
  const Use& use = use_of(guard.object);
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

const RaceDetector::Use& RaceDetector::use_of(ObjectId object) const {
  for (const Use& use : uses_) {
    if (use.access.object == object) return use;
  }
  throw InternalError("a step did not use the word that it waited for");
}

/// The guard's word after pre(E, e).notdep(e, E): without e and what happens after it.
bool RaceDetector::holds_without(const Guard& guard, EventNumber event) const {
  const Use& use = use_of(guard.object);
  std::uint64_t word = use.before;
  for (std::uint32_t a = use.previous; a != kNoAccess;) {
    const LoggedAccess& access = log_.access(a);
    if (access.event < event) break;
    if (log_.happens_before(event, access.event)) word -= access.use.delta;
    a = access.previous;
  }
  return guard.holds(word);
}

/// Whether the guard holds after pre(E, e).w for some part w of notdep(e, E) that is closed under
/// happens-before and has all of q's own steps. Writes of the word are ordered with all its other
/// accesses, so w is: everything up to some Write, and some of the additions that follow it.
bool RaceDetector::may_hold_without(const Guard& guard, EventNumber event) {
  kept_.clear();
  const Use& use = use_of(guard.object);
  std::uint64_t base = use.before;
  for (std::uint32_t a = use.previous; a != kNoAccess;) {
    const LoggedAccess& access = log_.access(a);
    if (access.event < event) break;
    base -= access.use.delta;
    if (access.use.delta != 0 && !log_.happens_before(event, access.event)) {
      kept_.push_back({.delta = access.use.delta,
                       .event = access.event,
                       .mode = access.use.mode,
                       .mandatory = log_.covers(*before_, access.event)});
    }
    a = access.previous;
  }
  std::reverse(kept_.begin(), kept_.end());
  std::size_t mandatory = 0;  // all that must be in w is before this one
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    if (kept_[i].mandatory) mandatory = i + 1;
  }
  for (std::size_t begin = 0;;) {
    std::size_t end = begin;
    while (end < kept_.size() && kept_[end].mode != Mode::Write) ++end;
    if (mandatory <= end && some_subset_holds(guard, base, begin, end)) return true;
    if (end == kept_.size()) return false;
    for (; begin <= end; ++begin) base += kept_[begin].delta;
  }
}

bool RaceDetector::some_subset_holds(const Guard& guard, std::uint64_t base, std::size_t begin,
                                     std::size_t end) const {
  std::size_t nr_adds = end - begin;
  if (nr_adds > kSubsetsOfMax) return true;  // not worth the time: believe it
  for (std::uint32_t subset = 0; subset < (1u << nr_adds); ++subset) {
    std::uint64_t word = base;
    bool closed = true;
    for (std::size_t i = 0; i < nr_adds && closed; ++i) {
      const Kept& add = kept_[begin + i];
      if (((subset >> i) & 1u) == 0) {
        closed = !add.mandatory;
        continue;
      }
      word += add.delta;
      for (std::size_t k = 0; k < i && closed; ++k) {
        bool in_subset = (subset >> k) & 1u;
        closed = in_subset || !log_.happens_before(kept_[begin + k].event, add.event);
      }
    }
    if (closed && guard.holds(word)) return true;
  }
  return false;
}

/// Whether e' is the first step of its thread after e.
bool RaceDetector::begins(EventNumber event) const {
  return log_.counts(event).lane[thread_] == nr_before_;
}

/// The threads that can begin v = notdep(e, E).e'. For e' itself only if that is sure.
std::uint32_t RaceDetector::initials(EventNumber event) const {
  const Clock& counts = log_.counts(event);
  std::uint32_t result = 0;
  bool others = false;
  for (unsigned t = 0; t < engine_.nr_threads(); ++t) {
    std::span<const std::uint32_t> events = log_.events_of(t);
    std::uint16_t nr_before = counts.lane[t];
    if (nr_before >= events.size()) continue;
    EventNumber first = events[nr_before];
    if (log_.happens_before(event, first)) continue;
    others = true;
    // Nothing of v happens before it: its clock is ahead of the prefix by itself alone.
    if (log_.clock(first).lanes_ahead(counts) == 1) result |= 1u << t;
  }
  // Nothing but e' is left: it begins v, whatever it would do.
  if (!others && begins(event)) result |= 1u << thread_;
  return result;
}

/// Whether e' can begin v, if v is more than e'. Without e it may use other words than it did in E,
/// unless it read nothing that e changed. It may also be known, because it was tried at this node
/// or sleeps there. Else, if it uses but one word, it is assumed that it would do so without e;
/// its first word at least depends on nothing else. SearchTree checks that when it is tried.
RaceDetector::Own RaceDetector::begins_rest(EventNumber event) const {
  const Node& node = tree_.node(event);
  std::uint32_t bit = 1u << thread_;
  if (!begins(event) || (node.enabled & bit) == 0) return Own::No;
  if (behaves_alike_without(event)) return independent_of_rest(event) ? Own::Yes : Own::No;
  if ((node.choosers & bit) != 0) return Own::No;
  if (SearchTree::Footprint known = tree_.footprint(event, thread_); known.known) {
    for (const SearchTree::Use& use : known.uses) {
      if (conflicts_with_rest(event, use.object, use.mode)) return Own::No;
    }
    return Own::Yes;
  }
  if (uses_.size() != 1) return Own::No;
  const StepAccess& access = uses_[0].access;
  Mode mode = access.mode == Mode::Read ? Mode::Read : Mode::Write;
  return conflicts_with_rest(event, access.object, mode) ? Own::No : Own::Assumed;
}

bool RaceDetector::conflicts_with_rest(EventNumber event, ObjectId object, Mode mode) const {
  for (std::uint32_t a = log_.last_access(object); a != kNoAccess;) {
    const LoggedAccess& access = log_.access(a);
    if (access.event <= event) break;
    if (conflict(mode, access.use.mode) && !log_.happens_before(event, access.event)) return true;
    a = access.previous;
  }
  return false;
}

void RaceDetector::assume(Node& node) const {
  std::uint32_t bit = 1u << thread_;
  node.assumed_narrow |= bit;
  if (uses_[0].access.mode == Mode::Read) node.assumed_reading |= bit;
}

/// Whether e' would do the same without e. If not, its conflicts with the rest of v are unknown.
bool RaceDetector::behaves_alike_without(EventNumber event) const {
  if (unknown_) return false;
  for (const LoggedAccess& access : log_.accesses_of(event)) {
    if (access.use.mode == Mode::Read) continue;
    for (const Use& use : uses_) {
      if (use.access.object == access.use.object && use.access.value_read) return false;
    }
  }
  return true;
}

/// Whether e' conflicts with nothing of notdep(e, E).
bool RaceDetector::independent_of_rest(EventNumber event) const {
  return std::none_of(uses_.begin(), uses_.end(), [&](const Use& use) {
    return conflicts_with_rest(event, use.access.object, use.access.mode);
  });
}

bool RaceDetector::initial_asleep(EventNumber event, std::uint32_t threads) const {
  const Clock& counts = log_.counts(event);
  for (; threads != 0; threads &= threads - 1) {
    auto t = static_cast<unsigned>(std::countr_zero(threads));
    std::span<const std::uint32_t> events = log_.events_of(t);
    if (counts.lane[t] >= events.size()) continue;
    // Before e, a thread with alternatives may have others than the one it took here, and these may
    // be awake.
    bool chooses = (tree_.node(event).choosers >> t) & 1u;
    if (chooses && t == thread_ && !behaves_alike_without(event)) continue;
    if (tree_.asleep(event, t, log_.event(events[counts.lane[t]]).label)) return true;
  }
  return false;
}

void RaceDetector::reverse(EventNumber event) {
  Node& node = tree_.node(event);
  if (node.backtrack == node.enabled) return;
  std::uint32_t threads = initials(event) & node.enabled;
  std::uint32_t own = 1u << thread_;
  if ((threads & node.backtrack) != 0 || initial_asleep(event, threads)) return;
  Own begins = (threads & own) != 0 ? Own::Yes : begins_rest(event);
  if (begins == Own::Yes && (node.done & own) != 0) return;
  if (begins == Own::Assumed) assume(node);
  if (begins != Own::No) {
    node.backtrack |= own;
  } else if (threads != 0) {
    node.backtrack |= threads & -threads;
  } else {
    // The program's promises say this cannot be. Whatever it is, miss nothing.
    node.backtrack = node.enabled;
  }
}

void RaceDetector::add_all(EventNumber event) {
  Node& node = tree_.node(event);
  std::uint32_t threads = initials(event);
  if (begins(event)) threads |= 1u << thread_;
  node.backtrack |= threads & node.enabled;
}

}  // namespace mmcheck::explore

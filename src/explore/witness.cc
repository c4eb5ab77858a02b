// SPDX-License-Identifier: Apache-2.0
#include "explore/witness.h"

#include <algorithm>

namespace mmcheck::explore {

void Witness::begin_without(Event state, const RacingStep& last) {
  state_ = state;
  last_ = last;
  has_last_ = true;
  at_ = end_ = log_.counts(state);
  unsigned own = log_.event(state).thread;
  for (unsigned t = 0; t < log_.nr_threads(); ++t) {
    if (t == own) continue;
    std::span<const Event> events = log_.events_of(t);
    // A step that happens after the state's is followed by such only.
    while (end_.lane[t] < events.size() && !log_.happens_before(state, events[end_.lane[t]])) {
      ++end_.lane[t];
    }
  }
}

void Witness::begin_until(Event state, const Clock& end, const RacingStep& last) {
  state_ = state;
  last_ = last;
  has_last_ = true;
  at_ = log_.counts(state);
  end_ = end;
}

void Witness::shorten() {
  const Clock& before = log_.clock_of(last_.thread, end_.lane[last_.thread]);
  Clock needed = before;
  if (last_.event < log_.size()) {
    for (const LoggedAccess& access : log_.accesses_of(last_.event)) {
      for (std::uint32_t a = access.previous; a != kNoAccess;) {
        const LoggedAccess& earlier = log_.access(a);
        if (earlier.event < state_) break;
        if (is_in(earlier.event) && conflict(access.use.mode, earlier.use.mode)) {
          needed.join(log_.clock(earlier.event));
        }
        a = earlier.previous;
      }
    }
  } else {
    return;
  }
  for (unsigned t = 0; t < log_.nr_threads(); ++t) {
    end_.lane[t] = std::max(at_.lane[t], std::min(end_.lane[t], needed.lane[t]));
  }
}

bool Witness::empty() const {
  for (unsigned t = 0; t < log_.nr_threads(); ++t) {
    if (has(t)) return false;
  }
  return true;
}

/// Whether nothing else of v happens before the event.
bool Witness::first(Event event) const {
  // Its clock is ahead of what is before v by itself alone.
  return log_.clock(event).lanes_ahead(at_) == 1;
}

bool Witness::independent(std::span<const Use> uses) const {
  for (const Use& use : uses) {
    for (std::uint32_t a = log_.last_access(use.object); a != kNoAccess;) {
      const LoggedAccess& access = log_.access(a);
      if (access.event < state_) break;
      if (conflict(use.mode, access.use.mode) && is_in(access.event)) return false;
      a = access.previous;
    }
  }
  return true;
}

bool Witness::conflicts_with_last(std::span<const Use> uses) const {
  return std::any_of(uses.begin(), uses.end(), [&](const Use& use) {
    return std::any_of(last_.uses.begin(), last_.uses.end(),
                       [&](const Use& other) { return conflict(use, other); });
  });
}

Witness::Match Witness::match(unsigned thread, std::uint64_t label, bool any_label, bool known,
                              std::span<const Use> footprint) const {
  if (has(thread)) {
    Event event = log_.events_of(thread)[at_.lane[thread]];
    if (!any_label && log_.event(event).label != label) return Match::No;
    return first(event) ? Match::Yes : Match::No;
  }
  if (has_last_ && thread == last_.thread) return match_last(label, any_label, known, footprint);
  if (!known) return Match::Unsure;
  if (!independent(footprint)) return Match::No;
  if (!has_last_) return Match::ForNow;
  if (!last_.known) return Match::Unsure;
  return conflicts_with_last(footprint) ? Match::No : Match::ForNow;
}

/// The step is e' itself. If its footprint at the state is in no conflict with the rest of v, it
/// does the same after that as at the state.
Witness::Match Witness::match_last(std::uint64_t label, bool any_label, bool known,
                                   std::span<const Use> footprint) const {
  if (last_.chooses && !any_label && !(last_.known && label == last_.label)) return Match::No;
  if (!known && last_.known) footprint = last_.uses;
  if (!known && !last_.known) return empty() ? Match::ForNow : Match::Unsure;
  if (!independent(footprint)) return Match::No;
  // Steps that are not in v yet were made after e' or in no conflict with it.
  bool for_good = std::all_of(footprint.begin(), footprint.end(), [&](const Use& use) {
    return std::any_of(last_.uses.begin(), last_.uses.end(), [&](const Use& other) {
      return other.object == use.object && merge(other.mode, use.mode) == other.mode;
    });
  });
  return for_good ? Match::Yes : Match::ForNow;
}

void Witness::drop(unsigned thread) {
  if (has(thread)) {
    ++at_.lane[thread];
  } else if (has_last_ && thread == last_.thread) {
    has_last_ = false;
  }
}

Witness::Match Witness::insert(Branch*& tree, BranchPool& pool) {
  Match worst = Match::Yes;
  for (Branch** siblings = &tree;;) {
    Match found = Match::No;
    while (*siblings != nullptr) {
      Branch& branch = **siblings;
      found = match(branch.thread, branch.label, branch.any_label, branch.footprint_known,
                    branch.footprint.uses());
      if (found > Match::Unsure) break;
      siblings = &branch.sibling;
    }
    if (*siblings == nullptr) {
      *siblings = chain(pool);
      return worst;
    }
    if (found == Match::ForNow) worst = Match::ForNow;
    Branch& branch = **siblings;
    drop(branch.thread);
    if (branch.child == nullptr || (!has_last_ && empty())) return worst;
    siblings = &branch.child;
  }
}

/// What is left of v, one step after the other.
Branch* Witness::chain(BranchPool& pool) const {
  Branch* head = nullptr;
  Branch** end = &head;
  for (Event event = state_; event < log_.size(); ++event) {
    if (!is_in(event)) continue;
    Branch* branch = pool.make();
    branch->thread = log_.event(event).thread;
    branch->label = log_.event(event).label;
    branch->footprint = Footprint(log_.accesses_of(event));
    branch->footprint_known = true;
    *end = branch;
    end = &branch->child;
  }
  if (has_last_) {
    Branch* branch = pool.make();
    branch->thread = static_cast<std::uint8_t>(last_.thread);
    branch->any_label = last_.chooses;
    branch->footprint_known = last_.known && !last_.chooses;
    if (last_.known) branch->footprint = Footprint(last_.uses);
    *end = branch;
  }
  return head;
}

}  // namespace mmcheck::explore

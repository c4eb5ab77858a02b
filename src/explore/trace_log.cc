// SPDX-License-Identifier: Apache-2.0
#include "explore/trace_log.h"

#include <bit>

namespace mmcheck::explore {

void TraceLog::join_conflicting(Clock& clock, const StepAccess& access,
                                std::uint32_t before) const {
  // A Write conflicts with everything, so it happens after all that came before it: stop there.
  for (std::uint32_t a = last_access(access.object); a != kNoAccess; a = accesses_[a].previous) {
    const LoggedAccess& earlier = accesses_[a];
    if (earlier.event >= before) continue;
    if (conflict(access.mode, earlier.use.mode)) clock.join(clocks_[earlier.event]);
    if (earlier.use.mode == Mode::Write) break;
  }
}

void TraceLog::find_direct(std::span<const LoggedAccess> uses, Clock& clock, Events& direct) const {
  // An earlier step of a thread happens before its later one and can thus be no direct predecessor.
  Events found;
  for (const LoggedAccess& use : uses) {
    for (std::uint32_t a = use.previous; a != kNoAccess; a = accesses_[a].previous) {
      const LoggedAccess& earlier = accesses_[a];
      if (conflict(use.use.mode, earlier.use.mode) && !covers(clock, earlier.event)) {
        found.add(events_[earlier.event].thread, earlier.event);
      }
      if (earlier.use.mode == Mode::Write) break;
    }
  }
  // From the latest on: what happens before another happens before a later one.
  direct.threads = 0;
  while (found.threads != 0) {
    auto latest = static_cast<unsigned>(std::countr_zero(found.threads));
    for (std::uint32_t rest = found.threads & (found.threads - 1); rest != 0; rest &= rest - 1) {
      const auto t = static_cast<unsigned>(std::countr_zero(rest));
      if (found.of[t] > found.of[latest]) latest = t;
    }
    found.threads &= ~(1u << latest);
    if (covers(clock, found.of[latest])) continue;
    clock.join(clocks_[found.of[latest]]);
    direct.add(latest, found.of[latest]);
  }
}

void TraceLog::append(const Step& step, const std::uint64_t* words) {
  const std::uint32_t event = size();
  std::vector<std::uint32_t>& own_events = by_thread_[step.thread];
  const auto nr_accesses = static_cast<std::uint32_t>(accesses_.size());
  reserve_uses(step.accesses.size());
  LoggedEvent& logged = events_.emplace_back();
  logged.footprint.uses = uses_.data() + nr_accesses;
  logged.footprint.size = static_cast<std::uint32_t>(step.accesses.size());
  logged.label = step.label;
  logged.thread = static_cast<std::uint8_t>(step.thread);
  logged.chooses = step.chose;
  logged.first_access = nr_accesses;
  logged.first_guard = static_cast<std::uint32_t>(guards_.size());
  logged.index = static_cast<std::uint16_t>(own_events.size() + 1);
  logged.nr_guards = static_cast<std::uint8_t>(step.guards.size());
  logged.asked_order = step.asked_order;
  for (const Guard& guard : step.guards) guards_.push_back(guard);
  for (const StepAccess& access : step.accesses) {
    std::uint32_t& last = last_[to_index(access.object)];
    uses_.push_back({.object = access.object, .mode = access.mode});
    add_bits(logged.footprint, uses_.back());
    accesses_.push_back({.use = access,
                         .before = words[to_index(access.object)] - access.delta,
                         .event = event,
                         .previous = last});
    last = static_cast<std::uint32_t>(accesses_.size() - 1);
  }
  clocks_.push_back(clock_of(step.thread, logged.index - 1u));
  Clock& clock = clocks_.back();
  find_direct(accesses_of(event), clock, latest_direct_);
  clock.lane[step.thread] = logged.index;
  own_events.push_back(event);
}

/// Footprints refer to the uses.
void TraceLog::reserve_uses(std::size_t nr_more) {
  if (uses_.size() + nr_more <= uses_.capacity()) return;
  uses_.reserve(2 * (uses_.size() + nr_more));
  for (LoggedEvent& event : events_) event.footprint.uses = uses_.data() + event.first_access;
}

Clock TraceLog::counts(std::uint32_t e) const {
  Clock result;
  for (std::uint32_t i = 0; i < e; ++i) ++result.lane[events_[i].thread];
  return result;
}

void TraceLog::truncate(std::uint32_t nr_events) {
  if (nr_events >= size()) return;
  std::uint32_t nr_accesses = events_[nr_events].first_access;
  for (std::uint32_t a = static_cast<std::uint32_t>(accesses_.size()); a-- > nr_accesses;) {
    last_[to_index(accesses_[a].use.object)] = accesses_[a].previous;
  }
  for (std::uint32_t e = size(); e-- > nr_events;) by_thread_[events_[e].thread].pop_back();
  guards_.resize(events_[nr_events].first_guard);
  accesses_.resize(nr_accesses);
  uses_.resize(nr_accesses);
  events_.resize(nr_events);
  clocks_.resize(nr_events);
}

}  // namespace mmcheck::explore

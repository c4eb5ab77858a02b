// SPDX-License-Identifier: Apache-2.0
#include "explore/trace_log.h"

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

void TraceLog::append(const Step& step, const Clock& clock, const std::uint64_t* words) {
  std::uint32_t event = size();
  const auto index = static_cast<std::uint16_t>(by_thread_[step.thread].size() + 1);
  clocks_.push_back(clock);
  clocks_.back().lane[step.thread] = index;
  events_.push_back({.label = step.label,
                     .first_access = static_cast<std::uint32_t>(accesses_.size()),
                     .first_guard = static_cast<std::uint32_t>(guards_.size()),
                     .index = index,
                     .thread = static_cast<std::uint8_t>(step.thread),
                     .asked_order = step.asked_order,
                     .chose = step.chose});
  by_thread_[step.thread].push_back(event);
  guards_.insert(guards_.end(), step.guards.begin(), step.guards.end());
  for (const StepAccess& access : step.accesses) {
    std::uint32_t& last = last_[to_index(access.object)];
    uses_.push_back({.object = access.object, .mode = access.mode});
    events_.back().words |= word_bit(access.object);
    accesses_.push_back({.use = access,
                         .before = words[to_index(access.object)] - access.delta,
                         .event = event,
                         .previous = last});
    last = static_cast<std::uint32_t>(accesses_.size() - 1);
  }
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

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
    if (conflict(access.mode, earlier.use.mode)) clock.join(events_[earlier.event].clock);
    if (earlier.use.mode == Mode::Write) break;
  }
}

void TraceLog::find_direct(std::span<const LoggedAccess> uses, Clock& clock, Events& direct) const {
  // An earlier step of a thread happens before its later one and can thus be no direct predecessor.
  Events found;
  for (const LoggedAccess& use : uses) {
    for (std::uint32_t a = use.previous; a != kNoAccess; a = accesses_[a].previous) {
      const LoggedAccess& earlier = accesses_[a];
      if (conflict(use.use.mode, earlier.use.mode) && !covers(clock, earlier)) {
        found.add(earlier.thread, earlier.event);
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
    const std::uint32_t event = found.of[latest];
    if (covers(clock, event)) continue;
    clock.join(events_[event].clock);
    direct.of[latest] = event;
    direct.threads |= 1u << latest;
  }
}

void TraceLog::append(const Step& step, const std::uint64_t* words) {
  std::vector<std::uint32_t>& own_events = by_thread_[step.thread];
  const std::uint32_t number = nr_events_;
  LoggedEvent& event = next_event();
  event.label = step.label;
  event.thread = static_cast<std::uint8_t>(step.thread);
  event.chooses = step.chose;
  event.first_access = nr_accesses_;
  event.first_guard = static_cast<std::uint32_t>(guards_.size());
  event.index = static_cast<std::uint16_t>(own_events.size() + 1);
  event.nr_guards = static_cast<std::uint8_t>(step.guards.size());
  event.asked_order = step.asked_order;
  event.value_read = event.compares = false;
  event.footprint = {.uses = uses_.data() + nr_accesses_, .size = step.nr_accesses};
  for (const Guard& guard : step.guards) guards_.push_back(guard);
  for (const std::uint32_t end = nr_accesses_ + step.nr_accesses; nr_accesses_ < end;) {
    LoggedAccess& access = accesses_[nr_accesses_];
    Use& use = uses_[nr_accesses_];
    use.object = access.use.object;
    use.mode = access.use.mode;
    add_bits(event.footprint, use);
    event.value_read |= access.use.value_read;
    event.compares |= access.use.compares;
    std::uint32_t& last = last_[to_index(use.object)];
    access.before = words[to_index(use.object)] - access.use.delta;
    access.event = number;
    access.previous = last;
    access.index = event.index;
    access.thread = event.thread;
    last = nr_accesses_++;
  }
  event.clock = own_events.empty() ? zero_ : events_[own_events.back()].clock;
  find_direct(accesses_of(number), event.clock, latest_direct_);
  event.clock.lane[step.thread] = event.index;
  own_events.push_back(number);
}

LoggedEvent& TraceLog::next_event() {
  if (nr_events_ == events_.size()) events_.resize(2 * events_.size() + 64);
  return events_[nr_events_++];
}

void TraceLog::make_room(std::size_t nr_accesses) {
  if (room().size() >= nr_accesses) return;
  accesses_.resize(2 * accesses_.size() + nr_accesses);
  uses_.resize(accesses_.size());
  // Footprints refer to the uses.
  for (LoggedEvent& event : events_) event.footprint.uses = uses_.data() + event.first_access;
}

Clock TraceLog::counts(std::uint32_t e) const {
  Clock result;
  for (std::uint32_t i = 0; i < e; ++i) ++result.lane[events_[i].thread];
  return result;
}

void TraceLog::truncate(std::uint32_t nr_events) {
  if (nr_events >= size()) return;
  const LoggedEvent& first = events_[nr_events];
  while (nr_accesses_ > first.first_access) {
    const LoggedAccess& access = accesses_[--nr_accesses_];
    last_[to_index(access.use.object)] = access.previous;
  }
  while (nr_events_ > nr_events) by_thread_[events_[--nr_events_].thread].pop_back();
  guards_.resize(first.first_guard);
}

}  // namespace mmcheck::explore

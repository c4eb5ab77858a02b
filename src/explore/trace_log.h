// SPDX-License-Identifier: Apache-2.0
// The steps of the current execution with their accesses and their happens-before order.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "explore/access.h"
#include "explore/clock.h"
#include "explore/footprint.h"

namespace mmcheck::explore {

/// A step as it was made, and as it would be made elsewhere. Its footprint stays valid until the
/// log grows.
struct LoggedEvent : ForeseenStep {
  std::uint32_t first_access = 0;  ///< as many as the footprint has uses
  std::uint32_t first_guard = 0;
  std::uint16_t index = 0;  ///< the how-manieth step of its thread, from 1
  std::uint8_t nr_guards = 0;
  bool asked_order = false;  ///< its behaviour may depend on the order itself
  // Of any of its accesses: see StepAccess.
  bool value_read = false;
  bool compares = false;
  Clock clock;
};

/// For each of some threads, one event.
struct Events {
  std::uint32_t threads = 0;
  std::uint32_t of[kThreadsMax];

  /// Of two events of a thread, the later one counts.
  void add(unsigned thread, std::uint32_t event) {
    const bool is_new = ((threads >> thread) & 1u) == 0;
    if (is_new || of[thread] < event) of[thread] = event;
    threads |= 1u << thread;
  }
};

/// Append-only but for truncate(), so that a search that backs up keeps what stays true. Events are
/// numbered as EventId; functions take plain numbers because they compute with them.
class TraceLog {
 public:
  explicit TraceLog(unsigned objects_max = kObjectsMax) : last_(objects_max, kNoAccess) {}

  std::uint32_t size() const { return nr_events_; }
  unsigned nr_threads() const { return nr_threads_; }
  void set_nr_threads(unsigned nr_threads) { nr_threads_ = nr_threads; }
  const LoggedEvent& event(std::uint32_t e) const { return events_[e]; }
  const Clock& clock(std::uint32_t e) const { return events_[e].clock; }
  /// How many steps each thread had made before the event.
  Clock counts(std::uint32_t e) const;
  std::span<const LoggedAccess> accesses_of(std::uint32_t e) const {
    return {accesses_.data() + events_[e].first_access, events_[e].footprint.size};
  }
  std::span<const Guard> guards_of(std::uint32_t e) const {
    return {guards_.data() + events_[e].first_guard, events_[e].nr_guards};
  }
  /// The latest access of the word, and by `previous` the earlier ones.
  std::uint32_t last_access(ObjectId object) const { return last_[to_index(object)]; }
  const LoggedAccess& access(std::uint32_t a) const { return accesses_[a]; }
  /// The events of a thread, in order.
  std::span<const std::uint32_t> events_of(unsigned thread) const { return by_thread_[thread]; }

  /// Whether event e happens before or is the event whose clock is given.
  bool covers(const Clock& clock, std::uint32_t e) const {
    return clock.lane[events_[e].thread] >= events_[e].index;
  }
  static bool covers(const Clock& clock, const LoggedAccess& access) {
    return clock.lane[access.thread] >= access.index;
  }
  bool happens_before(std::uint32_t e, std::uint32_t f) const { return covers(clock(f), e); }

  /// The clock of the thread's `nr_steps`-th step; the zero clock for none.
  const Clock& clock_of(unsigned thread, unsigned nr_steps) const {
    return nr_steps == 0 ? zero_ : clock(by_thread_[thread][nr_steps - 1]);
  }

  /// Joins to `clock` the clocks of events before event `before` that conflict with the access.
  void join_conflicting(Clock& clock, const StepAccess& access, std::uint32_t before) const;
  /// The events in conflict with a step of these uses that happen before neither its thread's
  /// previous step nor one another. `clock` is that of the previous step, and that of the step
  /// afterwards, but for the step itself.
  void find_direct(std::span<const LoggedAccess> uses, Clock& clock, Events& direct) const;
  /// The same for the step that was added last.
  const Events& latest_direct() const { return latest_direct_; }

  /// Where the accesses of the next step are to be noted.
  std::span<LoggedAccess> room() { return std::span(accesses_).subspan(nr_accesses_); }
  void make_room(std::size_t nr_accesses);

  struct Step {
    unsigned thread = 0;
    std::uint64_t label = 0;
    std::uint32_t nr_accesses = 0;  ///< at the beginning of room(), each word once
    std::span<const Guard> guards;
    bool asked_order = false;
    bool chose = false;
  };
  /// Adds a step; `words` are as it left them.
  void append(const Step& step, const std::uint64_t* words);

  /// Keeps the first `nr_events` steps only.
  void truncate(std::uint32_t nr_events);

 private:
  LoggedEvent& next_event();

  // Their sizes are what there is room for: what was cut off is overwritten.
  std::vector<LoggedEvent> events_;
  std::vector<LoggedAccess> accesses_;
  std::vector<Use> uses_;  ///< the accesses, as footprints want them
  std::uint32_t nr_events_ = 0;
  std::uint32_t nr_accesses_ = 0;
  std::vector<Guard> guards_;
  std::vector<std::uint32_t> last_;
  std::vector<std::uint32_t> by_thread_[kThreadsMax];
  Clock zero_;
  Events latest_direct_;
  unsigned nr_threads_ = 0;
};

}  // namespace mmcheck::explore

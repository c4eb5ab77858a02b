// SPDX-License-Identifier: Apache-2.0
// Races of a step with earlier steps, and where else the search must go because of them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "explore/engine.h"
#include "explore/search_path.h"
#include "explore/witness.h"

namespace mmcheck::explore {

class RaceDetector {
 public:
  RaceDetector(const Engine& engine, SearchPath& path, BranchPool& pool)
      : engine_(engine), log_(engine.log()), path_(path), pool_(pool), witness_(engine.log()) {}

  /// All three add to what is pending at the nodes on the path. To be called at the end of an
  /// execution. For each event, once.
  void detect(std::uint32_t event);
  /// Races of earlier events that were left alone because something seemed as good, which may be no
  /// longer so.
  void detect_unsettled();
  /// The thread is blocked at the end; it takes part as if it had gone on.
  void detect_blocked(unsigned thread);

  /// The log will be cut to this size.
  void forget(std::uint32_t nr_events);

 private:
  using EventNumber = std::uint32_t;

  /// One word that the racing step uses.
  struct GuardedUse {
    StepAccess access;
    std::uint64_t before = 0;    ///< the word as the step found it, or would find it
    std::uint32_t previous = 0;  ///< the access of the word before this one
  };
  void detect_step();
  void find_direct();
  void detect_guarded();
  void find_guard_changes(const Guard& guard);
  void keep_latest(EventNumber event);
  bool dominated(const EventNumber* latest, unsigned thread) const;

  const GuardedUse& use_of(ObjectId object) const;
  bool possible_after(EventNumber state, const Clock& end) const;
  bool holds_after(const Guard& guard, EventNumber state, const Clock& end) const;
  void find_parts(EventNumber state, const Clock& end);
  Clock part_without(EventNumber event, EventNumber state, const Clock& end) const;

  void begin(std::uint32_t event);
  void settle(EventNumber event);
  bool insert_parts(EventNumber event, const RacingStep& step);
  bool insert(EventNumber event);
  bool insert_witness(EventNumber event, bool whole, bool& settled);
  RacingStep racing_step(EventNumber without);
  bool behaves_alike_without(EventNumber event) const;
  bool value_is_given(ObjectId object) const;

  const Engine& engine_;
  const TraceLog& log_;
  SearchPath& path_;
  BranchPool& pool_;

  // The racing step: e' in the paper.
  unsigned thread_ = 0;
  EventNumber later_ = 0;
  unsigned nr_before_ = 0;         ///< how many steps its thread made before it
  const Clock* before_ = nullptr;  ///< the clock of the last of these
  std::vector<GuardedUse> uses_;
  std::span<const Guard> guards_;
  bool unknown_ = false;  ///< what it would do in another order cannot be told from its accesses

  EventNumber direct_[kThreadsMax];      ///< per thread: its latest step in conflict
  EventNumber reversible_[kThreadsMax];  ///< per thread: its latest step to reverse
  std::vector<EventNumber> guard_changes_;

  struct Unsettled {
    EventNumber earlier;
    EventNumber later;
  };
  std::vector<Unsettled> unsettled_;  ///< sorted by `later`
  std::vector<Clock> parts_;       ///< of notdep(e, E), after which e' is possible
  std::vector<Clock> parts_seen_;
  Witness witness_;
  std::vector<Use> step_uses_;
};

}  // namespace mmcheck::explore

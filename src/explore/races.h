// SPDX-License-Identifier: Apache-2.0
// Races of a step with earlier steps, and where else the search must go because of them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "explore/engine.h"
#include "explore/search_tree.h"

namespace mmcheck::explore {

class RaceDetector {
 public:
  RaceDetector(const Engine& engine, SearchTree& tree)
      : engine_(engine), log_(engine.log()), tree_(tree) {}

  /// Both add to the backtrack sets of the nodes on the path. To be called at the end of an
  /// execution: where to go depends also on what came after the racing step.
  void detect(std::uint32_t event);
  /// The thread is blocked at the end; it takes part as if it had gone on.
  void detect_blocked(unsigned thread);

 private:
  using EventNumber = std::uint32_t;

  /// One word that the racing step uses.
  struct Use {
    StepAccess access;
    std::uint64_t before = 0;    ///< the word as the step found it, or would find it
    std::uint32_t previous = 0;  ///< the access of the word before this one
  };
  /// An access that is not undone with the racing one.
  struct Kept {
    std::uint64_t delta;
    EventNumber event;
    Mode mode;
    bool mandatory;
  };

  void detect_step();
  void find_direct();
  void detect_guarded();
  void find_guard_changes(const Guard& guard);
  void keep_latest(EventNumber event);
  bool dominated(const EventNumber* latest, unsigned thread) const;

  const Use& use_of(ObjectId object) const;
  bool holds_without(const Guard& guard, EventNumber event) const;
  bool may_hold_without(const Guard& guard, EventNumber event);
  bool some_subset_holds(const Guard& guard, std::uint64_t base, std::size_t begin,
                         std::size_t end) const;

  void reverse(EventNumber event);
  void add_all(EventNumber event);
  std::uint32_t initials(EventNumber event) const;
  enum class Own : std::uint8_t { No, Yes, Assumed };
  Own begins_rest(EventNumber event) const;
  bool conflicts_with_rest(EventNumber event, ObjectId object, Mode mode) const;
  void assume(Node& node) const;
  bool begins(EventNumber event) const;
  bool independent_of_rest(EventNumber event) const;
  bool behaves_alike_without(EventNumber event) const;
  bool initial_asleep(EventNumber event, std::uint32_t threads) const;

  const Engine& engine_;
  const TraceLog& log_;
  SearchTree& tree_;

  // The racing step: e' in the paper.
  unsigned thread_ = 0;
  unsigned nr_before_ = 0;         ///< how many steps its thread made before it
  const Clock* before_ = nullptr;  ///< the clock of the last of these
  std::vector<Use> uses_;
  std::span<const Guard> guards_;
  bool unknown_ = false;  ///< what it would do in another order cannot be told from its accesses

  EventNumber direct_[kThreadsMax];      ///< per thread: its latest step in conflict
  EventNumber reversible_[kThreadsMax];  ///< per thread: its latest step to reverse
  std::vector<EventNumber> guard_changes_;
  std::vector<Kept> kept_;
};

}  // namespace mmcheck::explore

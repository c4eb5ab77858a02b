// SPDX-License-Identifier: Apache-2.0
// Races of a step with earlier steps, and where else the search must go because of them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "explore/engine.h"
#include "explore/search_path.h"

namespace mmcheck::explore {

/// Thrown where a program that is foreseeable() makes a step that is not.
struct Unforeseen {};

class RaceDetector {
 public:
  RaceDetector(const Engine& engine, SearchPath& path, BranchPool& pool, bool foreseeable)
      : engine_(engine), log_(engine.log()), path_(path), pool_(pool), foreseeable_(foreseeable) {}

  // These add to what is pending at the nodes on the path.

  /// Races of the step that was made last.
  void detect_latest();
  /// Of an earlier step, after the path was changed.
  void detect_again(std::uint32_t event);
  /// At the end of an execution: races for which something seemed to be as good as what they ask
  /// for. The steps that were made since may show that it is not. `cut`: the execution could have
  /// gone on, but was cut short or broke a rule.
  void detect_unsettled(bool cut);
  /// The thread is blocked at the end; it takes part as if it had gone on.
  void detect_blocked(unsigned thread);
  /// A step has ended all, and the search goes on. What was to come after it was asked for beside
  /// it, perhaps: that is not what is foreseeable.
  void check_may_end_all() const {
    if (foreseeable_) throw Unforeseen{};
  }
  /// The log will be cut to this size.
  void forget(std::uint32_t nr_events);

  /// The first nodes of the path are copies: what is added there is a request to the owner.
  struct Request {
    std::uint32_t depth;
    OwnSequence sequence;
  };
  void set_nr_shared(std::uint32_t nr_nodes) { nr_shared_ = nr_nodes; }
  std::vector<Request>& requests() { return requests_; }

 private:
  using EventNumber = std::uint32_t;

  struct Race {
    EventNumber earlier;
    EventNumber later;
    Covered covered;
  };

  void begin(EventNumber event);
  void note_others(EventNumber event);
  void detect_in_place_of_others();
  bool others_in_conflict(EventNumber event) const;
  void detect_anywhere();
  void detect(const Events& direct);
  bool within_reach(const Guard& guard) const;
  void detect_guarded(const Events& direct);
  void find_guard_changes(const Guard& guard);
  bool dominated(const Events& events, unsigned thread) const;

  /// The clock of the racing thread's previous step.
  const Clock& before() const { return log_.clock_of(step_->thread, step_->index - 1u); }
  const LoggedAccess& use_of(ObjectId object) const;
  Clock all_without(EventNumber event) const;
  Clock part_without(EventNumber event, EventNumber state, const Clock& end) const;
  bool possible_after(EventNumber state, const Clock& end) const;
  bool holds_after(const Guard& guard, EventNumber state, const Clock& end) const;
  void find_parts(EventNumber state, const Clock& end);

  void reverse(EventNumber event);
  bool is_covered_still(const Race& race) const;
  Covered settle(EventNumber event);
  Covered settle_parts(EventNumber event);
  Covered add(EventNumber event, const Clock* end);
  Inserted request(EventNumber event, Node& node);
  Footprint foresee(EventNumber event, const Clock* end);
  bool is_left_out(EventNumber access, EventNumber event, const Clock* end) const;
  bool is_unforeseen() const;
  bool uses_same_without(EventNumber event, const Clock* end) const;
  bool value_is_given(ObjectId object) const;

  const Engine& engine_;
  const TraceLog& log_;
  SearchPath& path_;
  BranchPool& pool_;
  bool foreseeable_;  ///< what is independent of a sequence may stand for it: see dpor.cc

  // The racing step: e' in the paper.
  EventNumber later_ = 0;  ///< its number, or that of the end of the log
  const LoggedEvent* step_ = nullptr;
  std::span<const LoggedAccess> uses_;
  std::span<const Guard> guards_;
  LoggedEvent blocked_;  ///< a step that was not made
  std::vector<LoggedAccess> blocked_uses_;

  std::vector<EventNumber> in_place_of_others_;  ///< see note_others()
  std::vector<EventNumber> guard_changes_;
  std::vector<Clock> parts_;  ///< of notdep(e, E), after which e' is possible
  std::vector<Clock> parts_seen_;
  std::vector<Race> unsettled_;  ///< by `later`
  EventNumber nr_judged_ = 0;  ///< steps of the log that the unsettled races have been judged with
  bool cut_ = false;
  bool has_grown_ = false;  ///< the sequence has steps that were made after e'
  Sequence sequence_;
  ForeseenStep reversed_;  ///< the last step of the sequence
  std::vector<Use> foreseen_uses_;
  std::uint32_t nr_shared_ = 0;
  std::vector<Request> requests_;
};

}  // namespace mmcheck::explore

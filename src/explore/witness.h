// SPDX-License-Identifier: Apache-2.0
// The steps that show that something else can happen after a state than what did: v in dpor.cc.
#pragma once

#include <cstdint>
#include <span>

#include "explore/search_path.h"
#include "explore/trace_log.h"

namespace mmcheck::explore {

/// The later step of a race, e' in dpor.cc, or that of a thread that is blocked at the end.
struct RacingStep {
  unsigned thread = 0;
  std::uint32_t event = 0xffffffff;  ///< in the log, if it was made
  std::uint64_t label = 0;
  std::span<const Use> uses;  ///< as it was made
  bool known = false;         ///< it uses the same words if the earlier step is not made before it
  bool chooses = false;       ///< it has alternatives
};

/// v: some of the log's steps after a state, closed under happens-before, and then e'.
class Witness {
 public:
  explicit Witness(const TraceLog& log) : log_(log) {}

  using Event = std::uint32_t;

  /// Steps from event `state` on that do not happen after it.
  void begin_without(Event state, const RacingStep& last);
  /// The steps of each thread up to `end` only.
  void begin_until(Event state, const Clock& end, const RacingStep& last);
  /// Keeps only what happens before e', as far as that is known: all that e' needs.
  void shorten();

  const Clock& end() const { return end_; }

  enum class Match : std::uint8_t {
    No,
    Unsure,  ///< it depends on what e' would use
    ForNow,  ///< yes, but with more steps in v it may be no
    Yes,
  };
  /// Whether v can begin with this step, made at the state; or be made after it without change.
  /// `footprint` is what the step uses at the state, if known.
  Match match(unsigned thread, std::uint64_t label, bool any_label, bool known,
              std::span<const Use> footprint) const;
  /// Adds v to the tree of what is pending, unless something there is as good. ForNow if that may
  /// not be enough when v gets longer, else Yes.
  Match insert(Branch*& tree, BranchPool& pool);

 private:
  bool has(unsigned thread) const { return at_.lane[thread] < end_.lane[thread]; }
  bool is_in(Event event) const {
    unsigned index = log_.event(event).index;
    unsigned thread = log_.event(event).thread;
    return at_.lane[thread] < index && index <= end_.lane[thread];
  }
  bool empty() const;
  bool first(Event event) const;
  bool independent(std::span<const Use> uses) const;
  bool conflicts_with_last(std::span<const Use> uses) const;
  Match match_last(std::uint64_t label, bool any_label, bool known,
                   std::span<const Use> footprint) const;
  void drop(unsigned thread);
  Branch* chain(BranchPool& pool) const;

  const TraceLog& log_;
  Event state_ = 0;  ///< v is made in the state before this event
  Clock at_;         ///< of each thread, how many steps are before v
  Clock end_;        ///< of each thread, how many steps are before v or in it
  RacingStep last_;
  bool has_last_ = true;
};

}  // namespace mmcheck::explore

// SPDX-License-Identifier: Apache-2.0
// The path from the root of the search to the current state, with what is left to try on it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "explore/trace_log.h"

namespace mmcheck::explore {

/// One state on the path. Node i is the state before event i of the log.
struct Node {
  std::uint32_t enabled = 0;    ///< threads that can move here
  std::uint32_t choosers = 0;   ///< those of them whose step has alternatives
  std::uint32_t backtrack = 0;  ///< threads to try here
  std::uint32_t done = 0;       ///< threads of which every alternative was tried or sleeps
  std::uint32_t sleep_begin = 0;
  std::uint32_t footprint_begin = 0;
  std::uint32_t labels_begin = 0;  ///< labels of `thread` that do not sleep
  std::uint32_t label_next = 0;
  // Threads of which it is assumed that their step here uses one word only, and only reads it.
  std::uint32_t assumed_narrow = 0;
  std::uint32_t assumed_reading = 0;
  unsigned thread = 0;  ///< being tried
};

/// All vectors are stacks that follow the path, so that nothing is allocated once they have grown.
class SearchTree {
 public:
  std::uint32_t size() const { return static_cast<std::uint32_t>(nodes_.size()); }
  Node& node(std::uint32_t i) { return nodes_[i]; }
  Node& top() { return nodes_.back(); }

  /// A new state, after the log's last event. What slept before that event and is independent of
  /// it sleeps on.
  void push(const TraceLog& log, std::uint32_t enabled, std::uint32_t choosers);
  void pop();

  bool asleep(std::uint32_t node, unsigned thread, std::uint64_t label) const {
    return find_sleeper(node, thread, label) != nullptr;
  }

  struct Use {
    ObjectId object;
    Mode mode;
  };
  /// What the thread's step at the node uses, if it is known because the thread sleeps there.
  struct Footprint {
    bool known = false;
    std::span<const Use> uses;
  };
  Footprint footprint(std::uint32_t node, unsigned thread) const;

  /// To be called when the top node's step is made: if it is not as was assumed when threads were
  /// left out here, all are tried.
  void check_assumptions(std::span<const LoggedAccess> accesses);

  /// Begins to try a thread at the top node. False if all the labels sleep; the thread is done
  /// then.
  bool select(unsigned thread, std::span<const std::uint64_t> labels);
  std::uint64_t next_label() { return labels_[top().label_next++]; }

  /// All that follows the log's last event was tried: at the top node its alternative sleeps from
  /// now on.
  void retire(const TraceLog& log);
  bool has_label() const { return nodes_.back().label_next < labels_.size(); }
  /// A thread still to be tried at the top node, or kThreadsMax.
  unsigned next_thread();

 private:
  struct Sleeper {
    std::uint64_t label;
    std::uint32_t begin;  ///< of its footprint
    std::uint32_t end;
    std::uint8_t thread;
  };
  const Sleeper* find_sleeper(std::uint32_t node, unsigned thread, std::uint64_t label) const;
  bool independent(const Sleeper& sleeper, std::span<const LoggedAccess> accesses) const;

  std::vector<Node> nodes_;
  std::vector<Sleeper> sleepers_;
  std::vector<Use> footprints_;
  std::vector<std::uint64_t> labels_;
};

}  // namespace mmcheck::explore

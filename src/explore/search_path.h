// SPDX-License-Identifier: Apache-2.0
// The path from the root of the search to the current state, with what is left to try on it.
#pragma once

#include <cstdint>
#include <vector>

#include "explore/execution.h"
#include "explore/wakeup_tree.h"

namespace mmcheck::explore {

/// A step that need not be made before one in conflict with it is: all that begins with it was
/// searched already, or is being searched.
struct Sleeper {
  std::uint64_t label = 0;
  std::uint64_t words = 0;
  std::uint32_t begin = 0;  ///< of its uses, in the node's
  std::uint32_t size = 0;
  std::uint8_t thread = 0;
  bool chooses = false;
  bool ends_all = false;
  bool unfinished = false;
};

/// One state on the path. Node i is the state before event i of the log.
struct Node {
  std::uint32_t enabled = 0;   ///< threads that can move here
  std::uint32_t expanded = 0;  ///< choosers of which every alternative is taken, was, or is pending
  std::uint32_t taken = 0;     ///< the thread that makes the step from here on the path
  Branch* pending = nullptr;   ///< what is to be tried here, in this order
  /// In a copy of somebody else's node: what is pending there. `pending` is then what was found
  /// since.
  const Branch* pending_at_owner = nullptr;
  std::vector<Sleeper> sleepers;
  std::vector<Use> uses;  ///< of the sleepers

  ForeseenStep step(const Sleeper& sleeper) const {
    return {.footprint = {uses.data() + sleeper.begin, sleeper.size, sleeper.words},
            .label = sleeper.label,
            .thread = sleeper.thread,
            .chooses = sleeper.chooses,
            .ends_all = sleeper.ends_all,
            .unfinished = sleeper.unfinished};
  }
  bool asleep(unsigned thread, std::uint64_t label) const;
  void add_sleeper(const ForeseenStep& step);
  /// The same, unless it sleeps already, perhaps less well known.
  void begun(const ForeseenStep& step, bool unfinished);
  void finished(unsigned thread, std::uint64_t label);
  void forget_sleeper(unsigned thread, std::uint64_t label);
  void set_unfinished(unsigned thread, std::uint64_t label);
  /// Those that sleep before the step, and are independent of it, sleep on after it.
  void inherit(const Node& parent, unsigned thread, const Footprint& footprint);
  /// Whether all that begins with the sequence is searched by way of a step that sleeps.
  Begins covers(const Sequence& sequence) const;
  /// The same for a pending branch and what follows it: what could not be told when it was added
  /// may be known by now. For good only: when it was added, its race was settled.
  bool covers_branch(const Branch& branch) const;

 private:
  Begins covers_by_all_labels(const Sequence& sequence) const;
  bool all_labels_independent(unsigned thread, const Sequence& sequence, std::size_t size) const;
};

/// Nodes that were popped keep their memory for the next.
class SearchPath {
 public:
  std::uint32_t size() const { return size_; }
  Node& node(std::uint32_t i) { return nodes_[i]; }
  const Node& node(std::uint32_t i) const { return nodes_[i]; }
  Node& top() { return nodes_[size_ - 1]; }
  Node& push();
  void pop() { --size_; }

 private:
  std::vector<Node> nodes_;
  std::uint32_t size_ = 0;
};

}  // namespace mmcheck::explore

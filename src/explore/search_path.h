// SPDX-License-Identifier: Apache-2.0
// The path from the root of the search to the current state, with what is left to try on it.
#pragma once

#include <cstdint>
#include <vector>

#include "explore/execution.h"
#include "explore/wakeup_tree.h"

namespace mmcheck::explore {

/// Steps that need not be made before one in conflict with them is: all that begins with them was
/// searched already, or is being searched.
class Sleepers {
 public:
  Sleepers() = default;
  Sleepers(const Sleepers& other) : steps_(other.steps_) { own_uses(0); }
  Sleepers& operator=(const Sleepers& other) {
    steps_ = other.steps_;
    own_uses(0);
    return *this;
  }
  Sleepers(Sleepers&&) noexcept = default;
  Sleepers& operator=(Sleepers&&) noexcept = default;
  ~Sleepers() = default;

  std::size_t size() const { return steps_.size(); }
  auto begin() { return steps_.begin(); }
  auto begin() const { return steps_.begin(); }
  auto end() { return steps_.end(); }
  auto end() const { return steps_.end(); }

  void clear() {
    steps_.clear();
    uses_.clear();
  }
  void add(const ForeseenStep& step);
  /// The same; the step's uses stay where they are for as long as these sleepers are not copied.
  void share(const ForeseenStep& step) { steps_.push_back(step); }
  ForeseenStep* find(unsigned thread, std::uint64_t label);
  void forget(unsigned thread, std::uint64_t label);

 private:
  void own_uses(std::size_t nr_more);

  std::vector<ForeseenStep> steps_;
  std::vector<Use> uses_;
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
  Sleepers sleepers;

  bool asleep(unsigned thread, std::uint64_t label) const;
  void add_sleeper(const ForeseenStep& step) { sleepers.add(step); }
  /// The same, unless it sleeps already, perhaps less well known.
  void begun_elsewhere(const ForeseenStep& step);
  /// The node is shared from now on.
  void share();
  /// Those that sleep before the step, and are independent of it, sleep on after it. The parent
  /// must stay as it is for as long as this node is used.
  void inherit(const Node& parent, unsigned thread, const Footprint& footprint);
  /// Whether all that begins with the sequence is searched by way of a step that sleeps.
  Covered covers(const Sequence& sequence) const;
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

// SPDX-License-Identifier: Apache-2.0
// The path from the root of the search to the current state, with what is left to try on it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "explore/wakeup_tree.h"

namespace mmcheck::explore {

/// A step that need not be made before one in conflict with it is: all that begins with it was
/// searched already, or is being searched.
struct Sleeper {
  std::uint64_t label = 0;
  std::uint32_t begin = 0;  ///< of its uses, in the node's
  std::uint32_t end = 0;
  std::uint8_t thread = 0;
};

/// One state on the path. Node i is the state before event i of the log.
struct Node {
  std::uint32_t enabled = 0;   ///< threads that can move here
  std::uint32_t choosers = 0;  ///< those of them whose step has alternatives
  std::uint32_t expanded = 0;  ///< choosers of which every alternative was taken or is pending
  Branch* pending = nullptr;   ///< what is to be tried here, in this order
  std::vector<Sleeper> sleepers;
  std::vector<Use> uses;  ///< of the sleepers

  std::span<const Use> uses_of(const Sleeper& sleeper) const {
    return {uses.data() + sleeper.begin, sleeper.end - sleeper.begin};
  }
  bool asleep(unsigned thread, std::uint64_t label) const;
  void add_sleeper(unsigned thread, std::uint64_t label, std::span<const LoggedAccess> accesses);
  /// Those that sleep before the step, and are independent of it, sleep on after it.
  void inherit(const Node& parent, unsigned thread, std::span<const LoggedAccess> accesses);
};

/// Nodes that were popped keep their memory for the next.
class SearchPath {
 public:
  std::uint32_t size() const { return size_; }
  Node& node(std::uint32_t i) { return nodes_[i]; }
  Node& top() { return nodes_[size_ - 1]; }
  Node& push();
  void pop() { --size_; }

 private:
  std::vector<Node> nodes_;
  std::uint32_t size_ = 0;
};

}  // namespace mmcheck::explore

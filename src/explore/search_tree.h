// SPDX-License-Identifier: Apache-2.0
// The part of the search that the lanes share: states above their own, and what is pending there.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "explore/search_path.h"

namespace mmcheck::explore {

/// The step that leads to a node.
struct Edge {
  std::uint64_t label = 0;
  std::uint8_t thread = 0;
};

struct TreeNode;

/// A branch that was begun. As long as somebody holds this, something below it is searched.
struct Begun {
  std::shared_ptr<TreeNode> node;
  Edge edge;  ///< the label may be known only when the step is made
};

/// A state that a lane has handed over. It lives as long as something below it is searched, since
/// races there may ask for more to be made here.
struct TreeNode : std::enable_shared_from_this<TreeNode> {
  std::shared_ptr<Begun> begun;  ///< the step that leads here; none: the initial state
  std::uint32_t depth = 0;       ///< how many steps lead here
  std::uint32_t nr_begun = 0;    ///< branches that were begun here
  bool waits = false;            ///< what the one begun last uses is not known yet
  bool open = false;             ///< SearchTree knows that something is pending
  Node node;                     ///< what was begun here is among the sleepers

  TreeNode* parent() const { return begun == nullptr ? nullptr : begun->node.get(); }
  /// The share of the whole that lies below, if all branches were alike.
  double weight() const;
  unsigned nr_branches() const;
};

/// What a lane is to search: all that begins with one of a node's branches.
struct Assignment {
  std::shared_ptr<Begun> begun;
  Branch* branch = nullptr;  ///< of the tree's pool
};

/// Used by one thread at a time.
class SearchTree {
 public:
  /// The state after the step `begun`. Takes over what is in `content`; pending branches are
  /// copied.
  std::shared_ptr<TreeNode> publish(std::shared_ptr<Begun> begun, Node content,
                                    std::uint32_t nr_begun);
  /// A race asks for the sequence to be made at the node.
  void add(const std::shared_ptr<TreeNode>& node, Sequence& sequence);
  /// The thread's step is to be tried at the node with this label, or with each.
  void add_step(const std::shared_ptr<TreeNode>& node, const ForeseenStep& step);

  /// The next branch to search, out of those that can be begun now.
  Assignment take();
  /// All nodes where something is pending. They are no longer the tree's.
  std::vector<std::shared_ptr<TreeNode>> take_all() { return std::exchange(open_, {}); }
  /// More than one lane uses the tree from now on. What is shallow comes first.
  void expect_others() { shallow_first_ = true; }
  /// Whether all that is pending is on the way to one node.
  bool is_one_path() const;
  BranchPool& pool() { return pool_; }
  bool empty() const { return open_.empty(); }
  const std::vector<std::shared_ptr<TreeNode>>& open_nodes() const { return open_; }

 private:
  void set_open(const std::shared_ptr<TreeNode>& node);
  bool drop_covered(TreeNode& node);

  /// Large parts first, for lanes that go on by themselves. Else as one depth-first search would
  /// go.
  bool shallow_first_ = false;
  BranchPool pool_;
  std::vector<std::shared_ptr<TreeNode>> open_;
};

}  // namespace mmcheck::explore

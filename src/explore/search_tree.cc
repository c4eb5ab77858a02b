// SPDX-License-Identifier: Apache-2.0
#include "explore/search_tree.h"

#include <algorithm>
#include <utility>

namespace mmcheck::explore {

unsigned TreeNode::nr_branches() const {
  unsigned result = nr_begun;
  for (const Branch* b = node.pending; b != nullptr; b = b->sibling) ++result;
  return result;
}

double TreeNode::weight() const {
  double result = 1;
  for (const TreeNode* at = parent(); at != nullptr; at = at->parent()) {
    result /= std::max(1u, at->nr_branches());
  }
  return result;
}

std::shared_ptr<TreeNode> SearchTree::publish(std::shared_ptr<Begun> begun, Node content,
                                              std::uint32_t nr_begun) {
  auto result = std::make_shared<TreeNode>();
  if (begun != nullptr) {
    result->depth = begun->node->depth + 1;
  }
  result->begun = std::move(begun);
  result->node = std::move(content);
  result->node.pending = pool_.copy(result->node.pending);
  result->node.taken = kThreadsMax;
  result->nr_begun = nr_begun;
  set_open(result);
  return result;
}

bool SearchTree::is_one_path() const {
  if (open_.empty()) return true;
  const auto deepest = *std::max_element(
      open_.begin(), open_.end(), [](const auto& a, const auto& b) { return a->depth < b->depth; });
  return std::all_of(open_.begin(), open_.end(), [&](const std::shared_ptr<TreeNode>& node) {
    const TreeNode* at = deepest.get();
    while (at->depth > node->depth) at = at->parent();
    return at == node.get();
  });
}

void SearchTree::set_open(const std::shared_ptr<TreeNode>& node) {
  if (node->open || node->node.pending == nullptr) return;
  node->open = true;
  open_.push_back(node);
}

/// A lane knows the node as it was when it began. What is good enough only for now is not enough
/// here: nobody will ask again.
void SearchTree::add(const std::shared_ptr<TreeNode>& node, Sequence& sequence) {
  if (node->node.covers(sequence).how == Begins::ForGood) return;
  insert(sequence, node->node.pending, pool_);
  set_open(node);
}

void SearchTree::add_step(const std::shared_ptr<TreeNode>& node, const ForeseenStep& step) {
  if (!step.any_label && node->node.asleep(step.thread, step.label)) return;
  Branch** end = &node->node.pending;
  for (; *end != nullptr; end = &(*end)->sibling) {
    const ForeseenStep& there = (*end)->step;
    if (there.thread != step.thread || (!step.any_label && there.label != step.label)) continue;
    (*end)->unsure = false;
    return;
  }
  *end = pool_.make(step);
  set_open(node);
}

/// Removes the pending branches of which all is searched already.
bool SearchTree::drop_covered(TreeNode& node) {
  for (Branch** at = &node.node.pending; *at != nullptr;) {
    Branch* branch = *at;
    if (branch->step.any_label || !node.node.covers_branch(*branch)) {
      at = &branch->sibling;
      continue;
    }
    pool_.release_all(branch->child);
    *at = branch->sibling;
    pool_.release(branch);
  }
  return node.node.pending == nullptr;
}

Assignment SearchTree::take() {
  std::erase_if(open_, [&](const std::shared_ptr<TreeNode>& node) {
    node->open = !drop_covered(*node);
    return !node->open;
  });
  auto best = open_.end();
  for (auto it = open_.begin(); it != open_.end(); ++it) {
    if ((*it)->waits) continue;
    const bool better = best == open_.end() || (shallow_first_ ? (*it)->depth < (*best)->depth
                                                               : (*it)->depth > (*best)->depth);
    if (better) best = it;
  }
  if (best == open_.end()) return {};
  std::shared_ptr<TreeNode> holder = *best;
  TreeNode& node = *holder;
  Assignment result{.begun = nullptr, .branch = node.node.pending};
  node.node.pending = result.branch->sibling;
  result.branch->sibling = nullptr;
  ++node.nr_begun;
  result.begun = std::make_shared<Begun>(
      Begun{holder, {.label = result.branch->step.label, .thread = result.branch->step.thread}});
  const bool known = result.branch->step.known && !result.branch->step.any_label;
  if (known) node.node.begun_elsewhere(result.branch->step);
  node.waits = !known;
  if (node.node.pending == nullptr) {
    node.open = false;
    open_.erase(best);
  }
  return result;
}

}  // namespace mmcheck::explore

// SPDX-License-Identifier: Apache-2.0
#include "explore/search_path.h"

#include <algorithm>
#include <bit>

namespace mmcheck::explore {

bool Node::asleep(unsigned thread, std::uint64_t label) const {
  return std::any_of(sleepers.begin(), sleepers.end(), [&](const Sleeper& sleeper) {
    return sleeper.thread == thread && sleeper.label == label;
  });
}

void Node::add_sleeper(const ForeseenStep& step) {
  sleepers.push_back({.label = step.label,
                      .words = step.footprint.words,
                      .begin = static_cast<std::uint32_t>(uses.size()),
                      .size = step.footprint.size,
                      .thread = step.thread,
                      .chooses = step.chooses,
                      .ends_all = step.ends_all,
                      .unfinished = step.unfinished});
  uses.insert(uses.end(), step.footprint.uses, step.footprint.uses + step.footprint.size);
}

void Node::begun(const ForeseenStep& step, bool unfinished) {
  auto same = std::find_if(sleepers.begin(), sleepers.end(), [&](const Sleeper& sleeper) {
    return sleeper.thread == step.thread && sleeper.label == step.label;
  });
  if (same == sleepers.end()) {
    add_sleeper(step);
    same = sleepers.end() - 1;
  }
  same->ends_all = step.ends_all;
  same->unfinished = unfinished;
}

void Node::finished(unsigned thread, std::uint64_t label) {
  for (Sleeper& sleeper : sleepers) {
    if (sleeper.thread == thread && sleeper.label == label) sleeper.unfinished = false;
  }
}

void Node::forget_sleeper(unsigned thread, std::uint64_t label) {
  std::erase_if(sleepers, [&](const Sleeper& sleeper) {
    return sleeper.thread == thread && sleeper.label == label;
  });
}

void Node::set_unfinished(unsigned thread, std::uint64_t label) {
  for (Sleeper& sleeper : sleepers) {
    if (sleeper.thread == thread && sleeper.label == label) sleeper.unfinished = true;
  }
}

void Node::inherit(const Node& parent, unsigned thread, const Footprint& footprint) {
  expanded = parent.expanded & ~(1u << thread);
  for (const Branch* branch = parent.pending; branch != nullptr; branch = branch->sibling) {
    expanded &= ~(1u << branch->step.thread);
  }
  for (const Sleeper& sleeper : parent.sleepers) {
    if (sleeper.thread == thread) continue;
    const ForeseenStep step = parent.step(sleeper);
    if (in_conflict(step.footprint, footprint)) {
      expanded &= ~(1u << sleeper.thread);
    } else {
      add_sleeper(step);
    }
  }
}

Begins Node::covers(const Sequence& sequence) const {
  Begins result = Begins::No;
  for (const Sleeper& sleeper : sleepers) {
    Begins found = begins(step(sleeper), sequence);
    if (found == Begins::ForGood) return found;
    if (found == Begins::ForNow) result = found;
  }
  return expanded == 0 || result != Begins::No ? result : covers_by_all_labels(sequence);
}

bool Node::covers_branch(const Branch& branch) const {
  if (asleep(branch.step.thread, branch.step.label)) return true;
  if (!branch.unsure) return false;
  Sequence sequence;
  for (const Branch* step = &branch; step != nullptr; step = step->child) {
    if (step != &branch && step->sibling != nullptr) return false;  // not one sequence but several
    sequence.push_back(step->step);
  }
  return covers(sequence) == Begins::ForGood;
}

/// A thread that has alternatives can be moved to the front only with all of them.
Begins Node::covers_by_all_labels(const Sequence& sequence) const {
  Begins result = Begins::No;
  for (std::uint32_t rest = expanded; rest != 0; rest &= rest - 1) {
    auto thread = static_cast<unsigned>(std::countr_zero(rest));
    const std::size_t own = sequence.find(thread);
    if (own < sequence.size() && !sequence[own].any_label) continue;
    if (!all_labels_independent(thread, sequence, own)) continue;
    result = Begins::ForNow;
  }
  return result;
}

bool Node::all_labels_independent(unsigned thread, const Sequence& sequence,
                                  std::size_t size) const {
  const auto independent = [&](const ForeseenStep& step) {
    for (std::size_t i = 0; i < size; ++i) {
      const ForeseenStep& other = sequence[i];
      if (!step.known || !other.known || in_conflict(step.footprint, other.footprint)) return false;
    }
    return true;
  };
  if (taken == thread) return false;
  const auto none_dependent = [&](const Branch* branch) {
    for (; branch != nullptr; branch = branch->sibling) {
      if (branch->step.thread == thread && !independent(branch->step)) return false;
    }
    return true;
  };
  if (!none_dependent(pending) || !none_dependent(pending_at_owner)) return false;
  return std::all_of(sleepers.begin(), sleepers.end(), [&](const Sleeper& sleeper) {
    return sleeper.thread != thread ||
           (!sleeper.ends_all && !sleeper.unfinished && independent(step(sleeper)));
  });
}

Node& SearchPath::push() {
  if (size_ == nodes_.size()) nodes_.emplace_back();
  Node& node = nodes_[size_++];
  node.enabled = node.expanded = 0;
  node.taken = kThreadsMax;
  node.pending = nullptr;
  node.pending_at_owner = nullptr;
  node.sleepers.clear();
  node.uses.clear();
  return node;
}

}  // namespace mmcheck::explore

// SPDX-License-Identifier: Apache-2.0
#include "explore/search_path.h"

#include <algorithm>
#include <bit>

namespace mmcheck::explore {

void Sleepers::add(const ForeseenStep& step) {
  const Footprint& footprint = step.footprint;
  if (uses_.size() + footprint.size > uses_.capacity()) own_uses(footprint.size);
  steps_.push_back(step);
  steps_.back().footprint.uses = uses_.data() + uses_.size();
  steps_.back().any_label = false;
  steps_.back().known = true;
  uses_.insert(uses_.end(), footprint.uses, footprint.uses + footprint.size);
}

/// Moves all uses to memory of its own, with room for more.
void Sleepers::own_uses(std::size_t nr_more) {
  std::size_t nr_uses = nr_more;
  for (const ForeseenStep& step : steps_) nr_uses += step.footprint.size;
  std::vector<Use> uses;
  uses.reserve(2 * nr_uses);
  for (ForeseenStep& step : steps_) {
    const Footprint& footprint = step.footprint;
    uses.insert(uses.end(), footprint.uses, footprint.uses + footprint.size);
    step.footprint.uses = uses.data() + uses.size() - footprint.size;
  }
  uses_ = std::move(uses);
}

ForeseenStep* Sleepers::find(unsigned thread, std::uint64_t label) {
  for (ForeseenStep& step : steps_) {
    if (step.thread == thread && step.label == label) return &step;
  }
  return nullptr;
}

void Sleepers::forget(unsigned thread, std::uint64_t label) {
  std::erase_if(steps_, [&](const ForeseenStep& step) {
    return step.thread == thread && step.label == label;
  });
}

bool Node::asleep(unsigned thread, std::uint64_t label) const {
  return std::any_of(sleepers.begin(), sleepers.end(), [&](const ForeseenStep& sleeper) {
    return sleeper.thread == thread && sleeper.label == label;
  });
}

void Node::begun_elsewhere(const ForeseenStep& step) {
  ForeseenStep* same = sleepers.find(step.thread, step.label);
  if (same == nullptr) {
    add_sleeper(step);
    same = &*(sleepers.end() - 1);
  }
  same->ends_all = step.ends_all;
  same->elsewhere = true;
}

// Labels of a chooser may be pending at the owner, or be begun by others without our knowledge.
void Node::share() {
  expanded = 0;
  for (ForeseenStep& sleeper : sleepers) sleeper.elsewhere = true;
}

void Node::inherit(const Node& parent, unsigned thread, const Footprint& footprint) {
  expanded = parent.expanded & ~(1u << thread);
  for (const Branch* branch = parent.pending; branch != nullptr; branch = branch->sibling) {
    expanded &= ~(1u << branch->step.thread);
  }
  for (const ForeseenStep& sleeper : parent.sleepers) {
    if (sleeper.thread == thread) continue;
    if (in_conflict(sleeper.footprint, footprint)) {
      expanded &= ~(1u << sleeper.thread);
    } else {
      sleepers.share(sleeper);
    }
  }
}

Covered Node::covers(const Sequence& sequence) const {
  Covered result;
  for (const ForeseenStep& sleeper : sleepers) {
    const Begins found = begins(sleeper, sequence);
    if (found <= result.how) continue;
    result = {.how = found};
    result.add_beside(sleeper);
    if (found == Begins::ForGood) return result;
  }
  if (expanded != 0 && result.how == Begins::No) result.how = covers_by_all_labels(sequence);
  return result;
}

bool Node::covers_branch(const Branch& branch) const {
  if (asleep(branch.step.thread, branch.step.label)) return true;
  if (!branch.unsure) return false;
  Sequence sequence;
  for (const Branch* step = &branch; step != nullptr; step = step->child) {
    if (step != &branch && step->sibling != nullptr) return false;  // not one sequence but several
    sequence.push_back(step->step);
  }
  return covers(sequence).how == Begins::ForGood;
}

/// A thread that has alternatives can be moved to the front only with all of them.
Begins Node::covers_by_all_labels(const Sequence& sequence) const {
  Begins result = Begins::No;
  for (std::uint32_t rest = expanded; rest != 0; rest &= rest - 1) {
    auto thread = static_cast<unsigned>(std::countr_zero(rest));
    const std::size_t own = sequence.find(thread);
    if (own < sequence.size() ? !sequence[own].any_label : !sequence.counts_beside()) continue;
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
  return std::all_of(sleepers.begin(), sleepers.end(), [&](const ForeseenStep& sleeper) {
    return sleeper.thread != thread ||
           (!sleeper.ends_all && !sleeper.elsewhere && independent(sleeper));
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
  return node;
}

}  // namespace mmcheck::explore

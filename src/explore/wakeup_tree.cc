// SPDX-License-Identifier: Apache-2.0
#include "explore/wakeup_tree.h"

#include <algorithm>

namespace mmcheck::explore {

namespace {

/// Moves the branch of this step to the front of its siblings, if there is one.
bool move_to_front(Branch*& siblings, const ForeseenStep& step) {
  Branch* branch = find_branch(siblings, step.thread, step.label);
  if (branch == nullptr) return false;
  Branch** at = &siblings;
  while (*at != branch) at = &(*at)->sibling;
  *at = branch->sibling;
  branch->sibling = siblings;
  siblings = branch;
  return true;
}

/// Whether whatever is in conflict with a is in conflict with b.
bool is_part_of(const Footprint& a, const Footprint& b) {
  return std::all_of(a.uses, a.uses + a.size, [&](const Use& x) {
    return std::any_of(b.uses, b.uses + b.size, [&](const Use& y) {
      return x.object == y.object && merge(x.mode, y.mode) == y.mode;
    });
  });
}

}  // namespace

Branch* find_branch(Branch* siblings, unsigned thread, std::uint64_t label) {
  for (; siblings != nullptr; siblings = siblings->sibling) {
    const ForeseenStep& step = siblings->step;
    if (step.thread == thread && step.label == label && !step.any_label) return siblings;
  }
  return nullptr;
}

Begins begins(const ForeseenStep& step, const Sequence& sequence) {
  // Made after steps that it is independent of, it does the same as made before them.
  const ForeseenStep* first = &step;
  if (!step.known) {
    const std::size_t own = sequence.find(step.thread);
    if (own < sequence.size()) first = &sequence[own];
    if (own > 0 && !first->known) return Begins::No;
  }
  std::size_t own = 0;
  for (; own < sequence.size() && sequence[own].thread != step.thread; ++own) {
    const ForeseenStep& other = sequence[own];
    if (!other.known || in_conflict(first->footprint, other.footprint)) return Begins::No;
  }
  const bool is_in = own < sequence.size();
  if (is_in && !step.any_label && (sequence[own].any_label || sequence[own].label != step.label)) {
    return Begins::No;
  }
  if (!is_in) {
    // What follows the sequence may choose otherwise.
    const bool alone = step.chooses || step.ends_all || step.elsewhere || !sequence.counts_beside();
    return alone ? Begins::No : Begins::Beside;
  }
  // Steps by which the sequence may grow are made before its last step, and are independent of it
  // as it was made.
  const bool for_good =
      sequence[own].known || (step.known && is_part_of(step.footprint, sequence[own].footprint));
  return for_good ? Begins::ForGood : Begins::ForNow;
}

Branch* BranchPool::make() {
  constexpr std::size_t kAhead = 4;  // branches are made some at a time
  if (free_.empty()) return &all_.emplace_back();
  if (free_.size() > kAhead) Branch::prefetch(free_[free_.size() - 1 - kAhead]);
  Branch* branch = free_.back();
  free_.pop_back();
  branch->child = branch->sibling = nullptr;
  branch->unsure = false;
  return branch;
}

Branch* BranchPool::make(const ForeseenStep& step) {
  Branch* branch = make();
  branch->step = step;
  branch->step.footprint.uses = branch->uses.assign(step.footprint);
  return branch;
}

Branch* BranchPool::copy(const Branch* tree) {
  Branch* result = nullptr;
  for (Branch** end = &result; tree != nullptr; tree = tree->sibling, end = &(*end)->sibling) {
    *end = make(tree->step);
    (*end)->unsure = tree->unsure;
    (*end)->child = copy(tree->child);
  }
  return result;
}

void BranchPool::release_all(Branch* branch) {
  while (branch != nullptr) {
    release_all(branch->child);
    Branch* next = branch->sibling;
    release(branch);
    branch = next;
  }
}

// Where a step of a sequence is one of its thread's alternatives, the others are tried as well when
// it is taken (Lane::take_pending). To wait until races ask for them is not enough: what sleeps
// keeps such races from being seen.
//
// At a leaf, a tree of the paper is left as it is: all that can follow it will be made. But a leaf
// whose footprint was not known when it was added may have a sleeper beside it, with which the rest
// of the sequence is in conflict. Among all that can follow, the rest of the sequence comes first.
Inserted insert(Sequence& sequence, Branch*& tree, BranchPool& pool) {
  Covered result{.how = Begins::ForGood};
  bool unsure = false;
  Branch** siblings = &tree;
  while (*siblings != nullptr) {
    Branch& branch = **siblings;
    Begins found = begins(branch.step, sequence);
    if (found == Begins::No) {
      if (!branch.step.known) {
        // What the sequence grows to may begin with this, as far as can be told.
        unsure = true;
        result.how = Begins::ForNow;
      }
      siblings = &branch.sibling;
      continue;
    }
    const std::size_t own = sequence.find(branch.step.thread);
    if (branch.step.any_label) {
      // It has no one step after which the rest could be made; it will find its label asleep.
      if (own + 1 == sequence.size()) return {.covered = {.how = Begins::ForNow}};
      // Two branches of one step would not do: the second is dropped when the first is searched.
      if (!move_to_front(*siblings, sequence[0])) break;
      continue;
    }
    branch.unsure = false;  // it stands for this sequence too, or for what is longer than it was
    result.how = std::min(result.how, found);
    if (own < sequence.size()) {
      sequence.erase(own);
    } else {
      result.add_beside(branch.step);
    }
    if (sequence.empty()) return {.covered = result};
    siblings = &branch.child;
  }
  Branch* rest = *siblings;
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    const ForeseenStep& step = sequence[i];
    *siblings = pool.make(step);
    if (i == 0) {
      (*siblings)->sibling = rest;
      (*siblings)->unsure = unsure || !sequence.back().known;
    }
    siblings = &(*siblings)->child;
  }
  if (!sequence.back().known) result.how = Begins::ForNow;
  return {.covered = result, .added = true};
}

Inserted find(Sequence& sequence, const Branch* tree) {
  Covered result{.how = Begins::ForGood};
  while (tree != nullptr) {
    Begins found = begins(tree->step, sequence);
    if (found == Begins::No) {
      if (!tree->step.known) result.how = Begins::ForNow;
      tree = tree->sibling;
      continue;
    }
    const std::size_t own = sequence.find(tree->step.thread);
    if (tree->unsure) break;  // its owner may drop it
    if (tree->step.any_label) {
      return {.covered = {.how = Begins::ForNow}, .added = own + 1 != sequence.size()};
    }
    result.how = std::min(result.how, found);
    if (own < sequence.size()) sequence.erase(own);
    if (sequence.empty()) return {.covered = result};
    tree = tree->child;
  }
  return {.covered = {.how = Begins::ForNow}, .added = true};
}

OwnSequence::OwnSequence(const Sequence& sequence) : counts_beside_(sequence.counts_beside()) {
  uses_.resize(sequence.size());
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    steps_.push_back(sequence[i]);
    steps_.back().footprint.uses = uses_[i].assign(sequence[i].footprint);
  }
}

Sequence OwnSequence::view() const {
  Sequence result;
  if (!counts_beside_) result.do_not_count_beside();
  for (const ForeseenStep& step : steps_) result.push_back(step);
  return result;
}

}  // namespace mmcheck::explore

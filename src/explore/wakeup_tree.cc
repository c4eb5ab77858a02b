// SPDX-License-Identifier: Apache-2.0
#include "explore/wakeup_tree.h"

#include <algorithm>

namespace mmcheck::explore {

namespace {

/// Whether whatever is in conflict with a is in conflict with b.
bool is_part_of(const Footprint& a, const Footprint& b) {
  return std::all_of(a.uses, a.uses + a.size, [&](const Use& x) {
    return std::any_of(b.uses, b.uses + b.size, [&](const Use& y) {
      return x.object == y.object && merge(x.mode, y.mode) == y.mode;
    });
  });
}

}  // namespace

void try_all_alternatives(Branch* tree) {
  for (; tree != nullptr; tree = tree->sibling) {
    tree->and_others = tree->step.chooses && !tree->step.any_label;
    try_all_alternatives(tree->child);
  }
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
    const bool alone =
        step.chooses || step.ends_all || step.unfinished || !sequence.counts_beside();
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
  branch->and_others = branch->unsure = false;
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
    (*end)->and_others = tree->and_others;
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

// A sequence that ends within the tree is led to. But what follows it is everything, and the tree
// holds those alternatives only that somebody asked for: from there on all of them are tried.
//
// At a leaf, a tree of the paper is left as it is: all that can follow it will be made. But a leaf
// whose footprint was not known when it was added may have a sleeper beside it, with which the rest
// of the sequence is in conflict. Among all that can follow, the rest of the sequence comes first.
Inserted insert(Sequence& sequence, Branch*& tree, BranchPool& pool, Others others) {
  Covered result{.how = Begins::ForGood};
  bool below_leaf = false;
  bool unsure = false;
  Branch** siblings = &tree;
  while (*siblings != nullptr) {
    Branch& branch = **siblings;
    Begins found = begins(branch.step, sequence);
    if (found == Begins::No) {
      unsure = unsure || !branch.step.known;
      siblings = &branch.sibling;
      continue;
    }
    const std::size_t own = sequence.find(branch.step.thread);
    if (branch.step.any_label) {
      // It has no one step after which the rest could be made; it will find its label asleep.
      if (own + 1 == sequence.size()) return {.covered = {.how = Begins::ForNow}};
      break;
    }
    branch.unsure = false;  // it stands for this sequence too, or for what is longer than it was
    result.how = std::min(result.how, found);
    if (own < sequence.size()) {
      sequence.erase(own);
    } else {
      result.add_beside(branch.step);
    }
    if (sequence.empty()) {
      try_all_alternatives(branch.child);
      return {.covered = result};
    }
    siblings = &branch.child;
    below_leaf = *siblings == nullptr;
  }
  Branch* rest = *siblings;
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    const ForeseenStep& step = sequence[i];
    *siblings = pool.make(step);
    // What follows a leaf is everything.
    (*siblings)->and_others = step.chooses && (below_leaf || others == Others::Too);
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

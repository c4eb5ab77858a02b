// SPDX-License-Identifier: Apache-2.0
#include "explore/wakeup_tree.h"

#include <algorithm>

namespace mmcheck::explore {

namespace {

std::size_t find(std::uint8_t thread, const Sequence& sequence) {
  std::size_t own = 0;
  while (own < sequence.size() && sequence[own].thread != thread) ++own;
  return own;
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

Begins begins(const ForeseenStep& step, const Sequence& sequence) {
  const std::size_t own = find(step.thread, sequence);
  const bool is_in = own < sequence.size();
  if (is_in && !step.any_label && (sequence[own].any_label || sequence[own].label != step.label)) {
    return Begins::No;
  }
  // Made after steps that it is independent of, it does the same as made before them.
  const ForeseenStep& first = is_in && !step.known ? sequence[own] : step;
  if (own > 0 && !first.known) return Begins::No;
  for (std::size_t i = 0; i < own; ++i) {
    if (!sequence[i].known || in_conflict(first.footprint, sequence[i].footprint)) {
      return Begins::No;
    }
  }
  if (!is_in) {
    // What follows the sequence may choose otherwise.
    const bool alone = step.chooses || step.ends_all || step.unfinished;
    return alone ? Begins::No : Begins::ForNow;
  }
  // Steps by which the sequence may grow are made before its last step, and are independent of it
  // as it was made.
  const bool for_good = sequence[own].known ||
                        (step.known && is_part_of(step.footprint, sequence[own].footprint));
  return for_good ? Begins::ForGood : Begins::ForNow;
}

Branch* BranchPool::make(const ForeseenStep& step) {
  Branch* branch = make();
  branch->label = step.label;
  branch->thread = step.thread;
  branch->any_label = step.any_label;
  branch->chooses = step.chooses;
  branch->known = step.known;
  branch->footprint = OwnFootprint(step.footprint);
  return branch;
}

Branch* BranchPool::copy(const Branch* tree) {
  Branch* result = nullptr;
  for (Branch** end = &result; tree != nullptr; tree = tree->sibling, end = &(*end)->sibling) {
    *end = make(tree->step());
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

// At a leaf, a tree of the paper is left as it is: all that can follow it will be made. But a leaf
// whose footprint was not known when it was added may have a sleeper beside it, with which the rest
// of the sequence is in conflict. Among all that can follow, the rest of the sequence comes first.
Inserted insert(Sequence& sequence, Branch*& tree, BranchPool& pool, Others others) {
  Begins result = Begins::ForGood;
  bool below_leaf = false;
  bool unsure = false;
  Branch** siblings = &tree;
  while (*siblings != nullptr) {
    Branch& branch = **siblings;
    Begins found = begins(branch.step(), sequence);
    if (found == Begins::No) {
      unsure = unsure || !branch.known;
      siblings = &branch.sibling;
      continue;
    }
    const std::size_t own = find(branch.thread, sequence);
    if (branch.any_label) {
      // It has no one step after which the rest could be made; it will find its label asleep.
      if (own + 1 == sequence.size()) return {};
      break;
    }
    if (found == Begins::ForNow) result = found;
    if (own < sequence.size()) sequence.erase(sequence.begin() + static_cast<std::ptrdiff_t>(own));
    if (sequence.empty()) return {.enough = result};
    siblings = &branch.child;
    below_leaf = *siblings == nullptr;
  }
  Branch* rest = *siblings;
  for (const ForeseenStep& step : sequence) {
    *siblings = pool.make(step);
    // What follows a leaf is everything.
    (*siblings)->and_others = step.chooses && (below_leaf || others == Others::Too);
    if (&step == &sequence.front()) {
      (*siblings)->sibling = rest;
      (*siblings)->unsure = unsure || !sequence.back().known;
    }
    siblings = &(*siblings)->child;
  }
  return {.enough = sequence.back().known ? result : Begins::ForNow, .added = true};
}

Inserted find(Sequence& sequence, const Branch* tree) {
  Begins result = Begins::ForGood;
  while (tree != nullptr) {
    Begins found = begins(tree->step(), sequence);
    if (found == Begins::No) {
      tree = tree->sibling;
      continue;
    }
    const std::size_t own = find(tree->thread, sequence);
    if (tree->any_label) return {.enough = Begins::ForNow, .added = own + 1 != sequence.size()};
    if (found == Begins::ForNow) result = found;
    if (own < sequence.size()) sequence.erase(sequence.begin() + static_cast<std::ptrdiff_t>(own));
    if (sequence.empty()) return {.enough = result};
    tree = tree->child;
  }
  return {.enough = Begins::ForNow, .added = true};
}

OwnSequence::OwnSequence(const Sequence& sequence) : steps_(sequence) {
  footprints_.reserve(sequence.size());
  for (const ForeseenStep& step : sequence) footprints_.emplace_back(step.footprint);
}

Sequence OwnSequence::view() const {
  Sequence result = steps_;
  for (std::size_t i = 0; i < result.size(); ++i) result[i].footprint = footprints_[i].view();
  return result;
}

}  // namespace mmcheck::explore

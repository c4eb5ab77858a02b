// SPDX-License-Identifier: Apache-2.0
// Sequences of steps that are still to be made after some state: the ordered trees of Abdulla et
// al. (JACM 2017, section 6.1), and the question on which everything rests, whether a step may as
// well come first in a sequence ("weak initials", section 3).
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "explore/execution.h"
#include "explore/footprint.h"

namespace mmcheck::explore {

/// v in the paper. Only the last step may be unknown. Refers to steps that somebody else owns.
class Sequence {
 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const ForeseenStep& operator[](std::size_t i) const { return *steps_[i]; }
  const ForeseenStep& back() const { return *steps_[size_ - 1]; }

  void clear() {
    size_ = 0;
    counts_beside_ = true;
  }
  /// Whether a step that is not in the sequence and independent of it may stand for it. Not if the
  /// sequence may have to go on with something in conflict that nobody has seen.
  bool counts_beside() const { return counts_beside_; }
  void do_not_count_beside() { counts_beside_ = false; }
  void push_back(const ForeseenStep& step) {
    if (size_ == steps_.size()) steps_.resize(2 * size_ + 16);
    steps_[size_++] = &step;
  }
  void erase(std::size_t i) {
    --size_;
    for (; i < size_; ++i) steps_[i] = steps_[i + 1];
  }
  /// The first step of the thread, or size().
  std::size_t find(unsigned thread) const {
    std::size_t i = 0;
    while (i < size_ && steps_[i]->thread != thread) ++i;
    return i;
  }

 private:
  std::vector<const ForeseenStep*> steps_;
  std::size_t size_ = 0;
  bool counts_beside_ = true;
};

/// Whether a step may as well come first: all that can follow the sequence can follow when the step
/// is made before it. The later in this list, the better.
enum class Begins : std::uint8_t {
  No,       ///< or it cannot be told
  ForNow,   ///< yes, but no longer, perhaps, if the sequence turns out to be longer
  Beside,   ///< yes, for as long as nothing in the sequence is in conflict with it; it is not in it
  ForGood,  ///< yes, however long the sequence turns out to be
};

Begins begins(const ForeseenStep& step, const Sequence& sequence);

/// Why a sequence need not be made by itself.
struct Covered {
  Begins how = Begins::No;
  // If it is Beside: the threads and words of the steps that are not in the sequence.
  std::uint32_t threads = 0;
  std::uint64_t words = 0;
  std::uint64_t changed = 0;

  void add_beside(const ForeseenStep& step) {
    threads |= 1u << step.thread;
    words |= step.footprint.words;
    changed |= step.footprint.changed;
  }
  /// Whether it may be otherwise if the sequence grows by this step.
  bool depends_on(const ForeseenStep& step) const {
    return ((threads >> step.thread) & 1u) != 0 ||
           ((changed & step.footprint.words) | (words & step.footprint.changed)) != 0;
  }
};

/// One step of a tree. Its siblings are tried after it, its children follow it. There may be many,
/// so that most are not in the cache when it is their turn.
struct alignas(64) Branch {
  Branch* child = nullptr;
  Branch* sibling = nullptr;
  ForeseenStep step;
  OwnUses uses;         ///< of the step
  bool unsure = false;  ///< may turn out to be covered by a sibling before it

  Branch() = default;
  Branch(const Branch&) = delete;  // the step refers to the uses
  Branch& operator=(const Branch&) = delete;

  /// Says that the branch, if there is one, is needed soon.
  static void prefetch(const Branch* branch) {
    __builtin_prefetch(branch);
    __builtin_prefetch(reinterpret_cast<const char*>(branch) + 64);
  }
};

/// Branches come and go all the time: those not in use are kept.
class BranchPool {
 public:
  Branch* make(const ForeseenStep& step);
  /// Copies a tree, which may be of another pool.
  Branch* copy(const Branch* tree);
  void release(Branch* branch) { free_.push_back(branch); }
  /// With all that follow it, and its siblings.
  void release_all(Branch* branch);

 private:
  Branch* make();

  std::deque<Branch> all_;
  std::vector<Branch*> free_;
};

/// Of these siblings, the one that is the thread's step with this label. None: null.
Branch* find_branch(Branch* siblings, unsigned thread, std::uint64_t label);

struct Inserted {
  Covered covered;     ///< how the tree leads to all that the sequence leads to
  bool added = false;  ///< something was not there yet
};

/// Adds the sequence to the tree, as far as what is there does not lead to what it leads to. Uses
/// the sequence up.
Inserted insert(Sequence& sequence, Branch*& tree, BranchPool& pool);

/// Whether insert() would add nothing. Uses the sequence up.
Inserted find(Sequence& sequence, const Branch* tree);

/// A sequence that is to be added at another time.
class OwnSequence {
 public:
  explicit OwnSequence(const Sequence& sequence);
  OwnSequence(const OwnSequence&) = delete;  // the steps refer to the uses
  OwnSequence& operator=(const OwnSequence&) = delete;
  OwnSequence(OwnSequence&&) = default;
  OwnSequence& operator=(OwnSequence&&) = default;
  ~OwnSequence() = default;
  Sequence view() const;

 private:
  std::vector<ForeseenStep> steps_;
  std::vector<OwnUses> uses_;
  bool counts_beside_ = true;
};

}  // namespace mmcheck::explore

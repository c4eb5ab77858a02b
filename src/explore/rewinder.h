// SPDX-License-Identifier: Apache-2.0
// Takes steps back: what a step is about to change is saved before it, and put back later.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "explore/fiber.h"
#include "explore/journal.h"

namespace mmcheck::explore {

/// What a thread is about to do.
enum class Pending : std::uint8_t { Step, Choice, Guarded, Handler, Finished };

/// Where a thread stands: what its steps change besides its stack.
struct ThreadState {
  Pending pending = Pending::Finished;
  std::uint8_t nr_guards = 0;
  std::uint16_t nr_steps = 0;
  const Alternatives* alternatives = nullptr;
  const trace::StepText* text = nullptr;  ///< on the fiber's stack while it is suspended
  Guard guard[2];
};

/// A stack of saved states, one per step. Words are not here: the log knows how they were.
///
/// A step changes its own thread's stack, which is small and saved each time. Memory that the
/// program shares among its threads beside the words may be large, so it is saved at some steps
/// only; to go back to a step in between, the steps from the nearest such one are made again.
class Rewinder {
 public:
  /// Forgets everything. To be called before a program is set up.
  void clear();
  void keep(std::span<std::byte> memory);
  std::span<const std::span<std::byte>> kept() const { return kept_; }
  Journal& journal() { return journal_; }

  /// Before a step of the thread. A handler has no stack.
  void save(const Fibers& fibers, unsigned thread, const ThreadState& state);

  /// The latest step, not after `step`, before which all memory is known.
  std::uint32_t nearest(std::uint32_t step) const;
  /// Forgets step `step` and all after it, and puts back what they changed: the kept memory, which
  /// must be known before `step`, and each of their threads. Calls `put_back` with a thread's
  /// number and state.
  template <typename PutBack>
  void undo_to(std::uint32_t step, Fibers& fibers, PutBack put_back) {
    if (step >= size()) return;
    restore_kept(steps_[step]);
    const bool has_journal = journal_.mark() != 0;
    if (has_journal) undo_journal_to(step, fibers);
    std::uint32_t done = 0;
    for (std::uint32_t i = step; i < size(); ++i) {
      const Saved& saved = steps_[i];
      if (((done >> saved.thread) & 1u) != 0) continue;  // an earlier one counts
      done |= 1u << saved.thread;
      put_back(saved.thread, saved.state);
      if (has_journal || saved.stack_bytes == 0) continue;
      fibers.restore(saved.thread, {bytes_.data() + saved.begin, saved.stack_bytes});
    }
    used_ = steps_[step].begin;
    steps_.resize(step);
  }

  std::uint32_t size() const { return static_cast<std::uint32_t>(steps_.size()); }

 private:
  struct Saved {
    ThreadState state;
    std::size_t begin = 0;  ///< of its bytes: the thread's stack, the kept memory
    std::size_t journal_mark = 0;
    std::uint32_t stack_bytes = 0;
    std::uint32_t thread = 0;
  };

  void restore_kept(const Saved& saved);
  /// Programs with a journal may have changed each other's stacks, and a stack its own thread, with
  /// no entry in the journal: so both go back step by step.
  void undo_journal_to(std::uint32_t step, Fibers& fibers);

  std::vector<std::span<std::byte>> kept_;
  std::size_t kept_bytes_ = 0;
  std::uint32_t interval_ = 1;  ///< of steps before which the kept memory is saved
  Journal journal_;
  std::vector<Saved> steps_;
  std::vector<std::byte> bytes_;
  std::size_t used_ = 0;  ///< of bytes_
};

}  // namespace mmcheck::explore

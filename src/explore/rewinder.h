// SPDX-License-Identifier: Apache-2.0
// Takes steps back: what a step is about to change is saved before it, and put back later.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "explore/fiber.h"

namespace mmcheck::explore {

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

  /// Before a step, at which its thread stands as `thread_state` says.
  void save(const Fibers& fibers, unsigned fiber, bool has_stack,
            std::span<const std::byte> thread_state);

  /// The latest step, not after `step`, before which all memory is known.
  std::uint32_t nearest(std::uint32_t step) const;
  unsigned latest_fiber() const { return steps_.back().fiber; }
  /// Puts back the latest step's thread, and forgets the step. The kept memory is put back by
  /// restore_kept() before, where it is known.
  void undo(Fibers& fibers, std::span<std::byte> thread_state);
  /// The kept memory as it was before the latest step, which must be one that saved it.
  void restore_kept();

  std::uint32_t size() const { return static_cast<std::uint32_t>(steps_.size()); }

 private:
  struct Saved {
    std::size_t begin;  ///< of its bytes
    std::uint32_t stack_bytes;
    std::uint32_t kept_at;  ///< where the kept memory lies, from `begin`
    std::uint8_t fiber;
    bool has_kept;
    bool has_stack;
  };

  std::vector<std::span<std::byte>> kept_;
  std::size_t kept_bytes_ = 0;
  std::uint32_t interval_ = 1;  ///< of steps before which the kept memory is saved
  std::vector<Saved> steps_;
  std::vector<std::byte> bytes_;
  std::size_t used_ = 0;  ///< of bytes_
};

}  // namespace mmcheck::explore

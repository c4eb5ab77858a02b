// SPDX-License-Identifier: Apache-2.0
// malloc() for guests. Each thread has an arena of its own, so that where a block lies does not
// depend on the schedule. Freed memory is not used again: who uses it is found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "explore/execution.h"

namespace mmcheck::guest {

class Heap {
 public:
  static constexpr std::size_t kArenaBytes = std::size_t{16} << 20;

  explicit Heap(unsigned threads_max);
  ~Heap();
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  std::uintptr_t arena(unsigned thread) const { return begin_ + thread * kArenaBytes; }
  bool holds(std::uintptr_t address) const { return address - begin_ < bytes_; }

  /// A new execution: nothing is allocated.
  void reset(explore::Execution& execution);

  /// Returns nullptr if the thread's arena is full. `place`: who calls.
  void* allocate(unsigned thread, std::size_t bytes, std::size_t alignment, std::uintptr_t place);

  enum class Freed : std::uint8_t { Ok, Twice, NoBlock };
  Freed release(void* block, std::uintptr_t place);

  /// The block that an address is in, or that it belonged to.
  struct Block {
    std::size_t bytes = 0;
    std::uintptr_t allocated_by = 0;
    std::uintptr_t freed_by = 0;  ///< 0: it is alive
  };
  enum class Use : std::uint8_t { Ok, OutOfBounds, Freed };
  Use check(std::uintptr_t address, std::size_t bytes) const;
  /// Of an address within a block, freed or not; nullptr otherwise.
  const Block* block_of(std::uintptr_t address) const;
  std::size_t size_of(void* block) const;

  /// All that a process has allocated, and what is known of it.
  void list_memory(std::vector<std::span<std::byte>>& out);

  /// Blocks that are alive, and what they hold.
  struct Leaks {
    unsigned blocks = 0;
    std::size_t bytes = 0;
    std::uintptr_t allocated_by = 0;  ///< of the first
  };
  Leaks leaks() const;

 private:
  static constexpr std::uint8_t kFreedState = 0xf0;
  /// Of eight bytes: how many of them belong to a block; kFreedState.
  std::uint8_t& state(std::uintptr_t address) { return states_[(address - begin_) / 8]; }
  std::uint8_t state(std::uintptr_t address) const { return states_[(address - begin_) / 8]; }
  void set_states(std::uintptr_t block, std::size_t bytes, bool freed);

  explore::Execution* execution_ = nullptr;
  std::uintptr_t begin_ = 0;
  std::size_t bytes_ = 0;
  unsigned nr_arenas_;
  std::uint8_t* states_ = nullptr;
  std::unique_ptr<std::uintptr_t[]> next_;     ///< by arena: what is free begins here
  std::unique_ptr<std::uintptr_t[]> highest_;  ///< that it has ever been
};

}  // namespace mmcheck::guest

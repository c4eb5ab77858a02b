// SPDX-License-Identifier: Apache-2.0
// Strings and buffers of what a guest calls. At any step its thread may be abandoned, as where an
// execution is cut short, and then nobody destroys what is on its stack. So their memory is the
// runtime's, which takes back what is left of it before the next execution.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_set>
#include <vector>

namespace mmcheck::guest {

class Scratch {
 public:
  Scratch() = default;
  ~Scratch() { clear(); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  /// Of the runtime whose execution is being made.
  static Scratch& current();

  void* allocate(std::size_t bytes);
  void release(void* block);
  /// Releases all that nobody has released.
  void clear();

 private:
  /// Each from the C++ library's allocator, so that AddressSanitizer sees where it ends.
  std::unordered_set<void*> blocks_;
};

template <typename T>
struct ScratchAllocator {
  using value_type = T;
  static_assert(alignof(T) <= alignof(std::max_align_t));

  ScratchAllocator() = default;
  template <typename Other>
  // NOLINTNEXTLINE(google-explicit-constructor): containers convert it so.
  ScratchAllocator(const ScratchAllocator<Other>&) {}

  T* allocate(std::size_t number) {
    return static_cast<T*>(Scratch::current().allocate(number * sizeof(T)));
  }
  void deallocate(T* block, std::size_t) { Scratch::current().release(block); }
  friend bool operator==(const ScratchAllocator&, const ScratchAllocator&) = default;
};

template <typename T>
using ScratchVector = std::vector<T, ScratchAllocator<T>>;
using ScratchBytes = ScratchVector<std::byte>;
using ScratchString = std::basic_string<char, std::char_traits<char>, ScratchAllocator<char>>;

}  // namespace mmcheck::guest

// SPDX-License-Identifier: Apache-2.0
// What steps change besides words and their threads' stacks.
//
// To take steps back, the explorer copies it, before every step if it is small. So what changes
// lies together, in one piece, apart from the objects that it belongs to: they hold references.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.h"
#include "explore/execution.h"

namespace mmcheck::machine {

class Kept {
 public:
  static constexpr std::size_t kBytesMax = 16 * 1024;

  explicit Kept(explore::Execution& execution, std::size_t bytes_max = kBytesMax)
      : execution_(&execution), bytes_max_(bytes_max), bytes_(new std::byte[bytes_max]) {}
  /// Of a program that is never rewound: there is as much as is wanted, and nothing is copied.
  enum class Unbounded : std::uint8_t {};
  Kept(explore::Execution& execution, Unbounded)
      : execution_(&execution),
        bytes_max_(kChunk),
        bytes_(new std::byte[kChunk]),
        rewound_(false) {}
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;

  explore::Execution& execution() const { return *execution_; }
  /// Whether steps may be taken back.
  bool rewound() const { return rewound_; }

  template <typename T, typename... Args>
  T& make(Args&&... args) {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
    return *new (take(sizeof(T), alignof(T))) T(std::forward<Args>(args)...);
  }
  template <typename T>
  std::span<T> make_array(std::size_t size, T initial = {}) {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
    // NOLINTNEXTLINE(bugprone-sizeof-expression): T may well be a pointer.
    T* begin = static_cast<T*>(take(size * sizeof(T), alignof(T)));
    for (std::size_t i = 0; i < size; ++i) new (begin + i) T(initial);
    return {begin, size};
  }

  std::size_t bytes() const { return used_; }
  /// Tells the explorer what was made. Once, at the end of Program::setup.
  void keep() {
    if (rewound_) execution_->keep(bytes_.get(), used_);
  }

 private:
  static constexpr std::size_t kChunk = 64 * 1024;

  void* take(std::size_t bytes, std::size_t alignment) {
    std::size_t begin = (used_ + alignment - 1) / alignment * alignment;
    if (begin + bytes > bytes_max_ && !rewound_) {
      full_.push_back(std::move(bytes_));
      bytes_max_ = std::max(bytes, kChunk);
      bytes_.reset(new std::byte[bytes_max_]);
      begin = 0;
    }
    if (begin + bytes > bytes_max_) {
      throw InternalError("the program has more state than can be kept: fewer threads or pages");
    }
    used_ = begin + bytes;
    return bytes_.get() + begin;
  }

  explore::Execution* execution_;
  std::size_t used_ = 0;
  std::size_t bytes_max_;
  std::unique_ptr<std::byte[]> bytes_;
  bool rewound_ = true;
  std::vector<std::unique_ptr<std::byte[]>> full_;  ///< only if not rewound
};

/// A vector in kept memory, of a capacity that setup knows. A handle: copies share the contents.
template <typename T>
class KeptVector {
 public:
  KeptVector() = default;
  KeptVector(Kept& kept, std::size_t capacity)
      : size_(&kept.make<std::uint32_t>(0u)), items_(kept.make_array<T>(capacity)) {}

  T* begin() const { return items_.data(); }
  T* end() const { return items_.data() + size(); }
  std::uint32_t size() const { return size_ == nullptr ? 0 : *size_; }
  bool empty() const { return size() == 0; }
  T& operator[](std::size_t i) const { return items_[i]; }
  T& back() const { return items_[size() - 1]; }
  T* data() const { return items_.data(); }

  T& push_back(const T& item) {
    if (size() == items_.size()) throw InternalError("a vector in kept memory is full");
    items_[*size_] = item;
    return items_[(*size_)++];
  }
  // What is behind the end is as it was made: else it would tell states apart, and be none.
  void clear() const {
    if (size_ == nullptr) return;
    std::fill(begin(), end(), T{});
    *size_ = 0;
  }
  void erase(T* place) {
    for (T* next = place + 1; next != end(); ++place, ++next) *place = *next;
    items_[--*size_] = T{};
  }

 private:
  std::uint32_t* size_ = nullptr;
  std::span<T> items_;
};

}  // namespace mmcheck::machine

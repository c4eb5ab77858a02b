// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>
#include <vector>

#include "base/error.h"

namespace mmcheck {

/// A vector whose items never move: its capacity is set once, before the first of them.
template <typename T>
class StableVector {
 public:
  StableVector() = default;
  explicit StableVector(std::size_t capacity) { reserve(capacity); }
  StableVector(const StableVector&) = delete;
  StableVector& operator=(const StableVector&) = delete;
  StableVector(StableVector&&) = default;
  StableVector& operator=(StableVector&&) = default;

  void reserve(std::size_t capacity) {
    if (!items_.empty()) throw InternalError("a vector is to move that others point into");
    items_.reserve(capacity);
  }
  template <typename... Args>
  T& emplace_back(Args&&... args) {
    if (items_.size() == items_.capacity()) throw InternalError("the machine has no more room");
    return items_.emplace_back(std::forward<Args>(args)...);
  }

  auto begin() { return items_.begin(); }
  auto end() { return items_.end(); }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }
  std::size_t capacity() const { return items_.capacity(); }
  std::size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }
  T* data() { return items_.data(); }
  T& operator[](std::size_t i) { return items_[i]; }
  const T& operator[](std::size_t i) const { return items_[i]; }
  T& back() { return items_.back(); }

 private:
  std::vector<T> items_;
};

}  // namespace mmcheck

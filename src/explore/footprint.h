// SPDX-License-Identifier: Apache-2.0
// What steps use, and which steps are in conflict because of it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>

#include "explore/access.h"

namespace mmcheck::explore {

/// Which word a step uses, and how.
struct Use {
  ObjectId object{};
  Mode mode = Mode::Read;
};

/// The uses of a step. Refers to memory that somebody else owns.
struct Footprint {
  const Use* uses = nullptr;
  std::uint32_t size = 0;
  std::uint64_t words = 0;  ///< a bit for each word, folded to 64: most steps share none

  std::span<const Use> all() const { return {uses, size}; }
};

constexpr std::uint64_t word_bit(ObjectId object) {
  return std::uint64_t{1} << (to_index(object) & 63u);
}

inline bool in_conflict(const Footprint& a, const Footprint& b) {
  if ((a.words & b.words) == 0) return false;
  for (const Use& x : a.all()) {
    for (const Use& y : b.all()) {
      if (x.object == y.object && conflict(x.mode, y.mode)) return true;
    }
  }
  return false;
}

/// A footprint that has its own memory. Most steps use a word or two.
class OwnFootprint {
 public:
  void assign(const Footprint& other) {
    size_ = other.size;
    words_ = other.words;
    if (size_ > kFew && size_ > capacity_) {
      many_ = std::make_unique<Use[]>(size_);
      capacity_ = size_;
    }
    std::copy_n(other.uses, size_, size_ > kFew ? many_.get() : few_);
  }

  Footprint view() const { return {size_ > kFew ? many_.get() : few_, size_, words_}; }

 private:
  static constexpr std::uint32_t kFew = 4;

  Use few_[kFew];
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
  std::uint64_t words_ = 0;
  std::unique_ptr<Use[]> many_;
};

}  // namespace mmcheck::explore

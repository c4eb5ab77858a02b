// SPDX-License-Identifier: Apache-2.0
// What steps use, and which steps are in conflict because of it.
#pragma once

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
  std::uint64_t words = 0;    ///< a bit for each word, folded to 64
  std::uint64_t changed = 0;  ///< those that it does not merely read
  std::uint32_t size = 0;

  std::span<const Use> all() const { return {uses, size}; }
};

constexpr std::uint64_t word_bit(ObjectId object) {
  return std::uint64_t{1} << (to_index(object) & 63u);
}

/// Notes the word in the bits of a footprint.
inline void add_bits(Footprint& footprint, const Use& use) {
  const std::uint64_t bit = word_bit(use.object);
  footprint.words |= bit;
  if (use.mode == Mode::Write || use.mode == Mode::Commute) footprint.changed |= bit;
}

inline bool in_conflict(const Footprint& a, const Footprint& b) {
  // This alone decides it for most pairs of steps.
  if (((a.changed & b.words) | (a.words & b.changed)) == 0) return false;
  for (const Use& x : a.all()) {
    for (const Use& y : b.all()) {
      if (x.object == y.object && conflict(x.mode, y.mode)) return true;
    }
  }
  return false;
}

/// Memory for the uses of a step. Most steps use a word or two.
class OwnUses {
 public:
  const Use* assign(const Footprint& footprint) {
    const std::uint32_t size = footprint.size;
    if (size > kFew && size > capacity_) {
      many_ = std::make_unique<Use[]>(size);
      capacity_ = size;
    }
    Use* uses = size > kFew ? many_.get() : few_;
    for (std::uint32_t i = 0; i < size; ++i) uses[i] = footprint.uses[i];
    return uses;
  }
  const Use* get(std::uint32_t size) const { return size > kFew ? many_.get() : few_; }

 private:
  static constexpr std::uint32_t kFew = 4;

  Use few_[kFew];
  std::uint32_t capacity_ = 0;
  std::unique_ptr<Use[]> many_;
};

/// A footprint that has its own memory, and can be moved.
class OwnFootprint {
 public:
  void assign(const Footprint& other) {
    bits_ = other;
    uses_.assign(other);
  }

  Footprint view() const {
    Footprint result = bits_;
    result.uses = uses_.get(bits_.size);
    return result;
  }

 private:
  Footprint bits_;  ///< all but the uses
  OwnUses uses_;
};

/// A step, as far as it is known where it was not made yet.
struct ForeseenStep {
  Footprint footprint;  ///< as it was made elsewhere; empty if it was not
  std::uint64_t label = 0;
  std::uint8_t thread = 0;
  bool any_label = false;  ///< the thread has alternatives here, and each is meant
  bool chooses = false;    ///< the thread has alternatives here, and this is one of them
  bool known = true;       ///< the footprint is what the step will use
  bool ends_all = false;   ///< it broke a rule: nothing can follow it
  /// It sleeps because another lane searches it or has done so. What is asked for because of it may
  /// be known later than it would be in order: it cannot stand for a sequence beside it.
  bool elsewhere = false;
};

}  // namespace mmcheck::explore

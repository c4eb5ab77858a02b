// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "explore/access.h"
#include "explore/trace_log.h"

namespace mmcheck::explore {

/// Which word a step uses, and how.
struct Use {
  ObjectId object{};
  Mode mode = Mode::Read;
};

inline bool conflict(const Use& a, const Use& b) {
  return a.object == b.object && conflict(a.mode, b.mode);
}

/// The uses of a step that may be made later. Most steps use a word or two.
class Footprint {
 public:
  Footprint() = default;
  explicit Footprint(std::span<const LoggedAccess> accesses) {
    size_ = static_cast<std::uint32_t>(accesses.size());
    if (size_ > kFew) many_ = std::make_unique<Use[]>(size_);
    Use* out = begin();
    for (const LoggedAccess& access : accesses) {
      *out++ = {.object = access.use.object, .mode = access.use.mode};
    }
  }
  explicit Footprint(std::span<const Use> uses) {
    size_ = static_cast<std::uint32_t>(uses.size());
    if (size_ > kFew) many_ = std::make_unique<Use[]>(size_);
    std::copy(uses.begin(), uses.end(), begin());
  }

  std::span<const Use> uses() const { return {many_ ? many_.get() : few_, size_}; }

 private:
  static constexpr unsigned kFew = 3;
  Use* begin() { return many_ ? many_.get() : few_; }

  std::uint32_t size_ = 0;
  Use few_[kFew];
  std::unique_ptr<Use[]> many_;
};

}  // namespace mmcheck::explore

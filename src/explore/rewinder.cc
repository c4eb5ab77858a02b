// SPDX-License-Identifier: Apache-2.0
#include "explore/rewinder.h"

#include <algorithm>
#include <cstring>

namespace mmcheck::explore {

namespace {
/// To save this much memory takes about as long as to make a step.
constexpr std::size_t kBytesPerStep = 2048;
constexpr std::uint32_t kIntervalMax = 8;
}  // namespace

void Rewinder::clear() {
  kept_.clear();
  kept_bytes_ = 0;
  interval_ = 1;
  steps_.clear();
  used_ = 0;
}

void Rewinder::keep(std::span<std::byte> memory) {
  kept_.push_back(memory);
  kept_bytes_ += memory.size();
  auto interval = static_cast<std::uint32_t>(kept_bytes_ / kBytesPerStep) + 1;
  interval_ = std::min(interval, kIntervalMax);
}

void Rewinder::save(const Fibers& fibers, unsigned fiber, bool has_stack,
                    std::span<const std::byte> thread_state) {
  std::span<const std::byte> stack;
  if (has_stack) stack = fibers.live(fiber);
  bool has_kept = size() % interval_ == 0;
  std::size_t needed = used_ + thread_state.size() + stack.size() + (has_kept ? kept_bytes_ : 0);
  if (bytes_.size() < needed) bytes_.resize(std::max(needed, 2 * bytes_.size()));
  steps_.push_back({.begin = used_,
                    .stack_bytes = static_cast<std::uint32_t>(stack.size()),
                    .state_bytes = static_cast<std::uint32_t>(thread_state.size()),
                    .fiber = static_cast<std::uint8_t>(fiber),
                    .has_kept = has_kept,
                    .has_stack = has_stack});
  std::byte* out = bytes_.data() + used_;
  std::memcpy(out, thread_state.data(), thread_state.size());
  out += thread_state.size();
  if (has_stack) std::memcpy(out, stack.data(), stack.size());
  out += stack.size();
  if (has_kept) {
    for (std::span<std::byte> memory : kept_) {
      std::memcpy(out, memory.data(), memory.size());
      out += memory.size();
    }
  }
  used_ = needed;
}

std::uint32_t Rewinder::nearest(std::uint32_t step) const { return step - step % interval_; }

void Rewinder::restore_kept(const Saved& saved) {
  const std::byte* from = bytes_.data() + saved.begin + saved.state_bytes + saved.stack_bytes;
  for (std::span<std::byte> memory : kept_) {
    std::memcpy(memory.data(), from, memory.size());
    from += memory.size();
  }
}

}  // namespace mmcheck::explore

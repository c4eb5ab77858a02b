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
  journal_.clear();
  steps_.clear();
  used_ = 0;
}

void Rewinder::keep(std::span<std::byte> memory) {
  kept_.push_back(memory);
  kept_bytes_ += memory.size();
  auto interval = static_cast<std::uint32_t>(kept_bytes_ / kBytesPerStep) + 1;
  interval_ = std::min(interval, kIntervalMax);
}

void Rewinder::save(const Fibers& fibers, unsigned thread, const ThreadState& state) {
  std::span<const std::byte> stack;
  if (state.pending != Pending::Handler) stack = fibers.live(thread);
  const bool has_kept = kept_bytes_ != 0 && size() % interval_ == 0;
  const std::size_t end = used_ + stack.size() + (has_kept ? kept_bytes_ : 0);
  if (bytes_.size() < end) bytes_.resize(2 * end);
  steps_.push_back({.state = state,
                    .begin = used_,
                    .journal_mark = journal_.mark(),
                    .stack_bytes = static_cast<std::uint32_t>(stack.size()),
                    .thread = thread});
  std::byte* out = bytes_.data() + used_;
  used_ = end;
  std::memcpy(out, stack.data(), stack.size());
  if (!has_kept) return;
  out += stack.size();
  for (std::span<std::byte> memory : kept_) {
    std::memcpy(out, memory.data(), memory.size());
    out += memory.size();
  }
}

std::uint32_t Rewinder::nearest(std::uint32_t step) const { return step - step % interval_; }

void Rewinder::undo_journal_to(std::uint32_t step, Fibers& fibers) {
  for (std::uint32_t i = size(); i-- > step;) {
    const Saved& saved = steps_[i];
    journal_.undo_to(saved.journal_mark);
    if (saved.stack_bytes == 0) continue;
    fibers.restore(saved.thread, {bytes_.data() + saved.begin, saved.stack_bytes});
  }
}

void Rewinder::restore_kept(const Saved& saved) {
  const std::byte* from = bytes_.data() + saved.begin + saved.stack_bytes;
  for (std::span<std::byte> memory : kept_) {
    std::memcpy(memory.data(), from, memory.size());
    from += memory.size();
  }
}

}  // namespace mmcheck::explore

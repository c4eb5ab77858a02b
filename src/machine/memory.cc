// SPDX-License-Identifier: Apache-2.0
#include "machine/memory.h"

namespace mmcheck::machine {

Frame::Frame(explore::Execution& execution, Monitor& monitor, Pfn pfn, std::uint64_t contents)
    : execution_(&execution),
      monitor_(&monitor),
      data_(execution, contents,
            {.format = "{}.data", .args = {arg(pfn)}, .value = trace::format_decimal}),
      pfn_(pfn) {}

std::uint64_t Frame::load() {
  const std::uint64_t value = data_.read();
  if (dead_) monitor_->freed_frame_used(*this);
  return value;
}

void Frame::store(std::uint64_t value) {
  data_.write(value);
  if (dead_) monitor_->freed_frame_used(*this);
  last_store_ = execution_->current_event();
}

void Frame::free() {
  execution_->touch(data_.id(), explore::Access::Write);
  if (dead_) monitor_->freed_frame_used(*this);
  monitor_->frame_freed(*this);
  dead_ = true;
  freed_at_ = execution_->current_event();
}

}  // namespace mmcheck::machine

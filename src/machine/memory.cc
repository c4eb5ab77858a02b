// SPDX-License-Identifier: Apache-2.0
#include "machine/memory.h"

namespace mmcheck::machine {

Frame::Frame(Kept& kept, Monitor& monitor, Pfn pfn, std::uint64_t contents)
    : execution_(&kept.execution()),
      monitor_(&monitor),
      data_(kept.execution(), contents,
            {.format = "{}.data", .args = {arg(pfn)}, .value = trace::format_decimal}),
      state_(&kept.make<State>()),
      pfn_(pfn) {}

std::uint64_t Frame::load() {
  const std::uint64_t value = data_.read_last();
  if (dead()) monitor_->freed_frame_used(*this);
  return value;
}

void Frame::store(std::uint64_t value) {
  data_.write(value);
  if (dead()) monitor_->freed_frame_used(*this);
  state_->last_store = execution_->current_event();
}

void Frame::free() {
  execution_->touch(data_.id(), explore::Access::Write);
  if (dead()) monitor_->freed_frame_used(*this);
  monitor_->frame_freed(*this);
  state_->freed_at = execution_->current_event();
}

}  // namespace mmcheck::machine

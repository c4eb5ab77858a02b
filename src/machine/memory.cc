// SPDX-License-Identifier: Apache-2.0
#include "machine/memory.h"

#include "machine/page_table.h"

namespace mmcheck::machine {

Frame::Frame(Kept& kept, explore::Memory& memory, Monitor& monitor, Pfn pfn, std::uint64_t contents)
    : memory_(&memory),
      monitor_(&monitor),
      data_(memory.add(contents,
                       {.format = "{}.data", .args = {arg(pfn)}, .value = trace::format_decimal},
                       *this)),
      state_(&kept.make<State>()),
      pfn_(pfn) {}

void Frame::check_alive() {
  if (dead()) monitor_->freed_frame_used(*this);
}

std::uint64_t Frame::load() {
  const explore::Memory::Loaded loaded = memory_->load_now(data_);
  // What comes from the buffer says nothing about the frame; the store will.
  if (loaded.from_memory) {
    check_alive();
    monitor_->load_done(*this);
  }
  return loaded.value;
}

void Frame::store(std::uint64_t value, const PteSlot& slot) {
  memory_->store_now(data_, value, slot.stores_counter());
  if (memory_->model() == explore::MemoryModel::Sc) landed();
}

void Frame::landed() {
  check_alive();
  state_->last_store = memory_->execution().current_event();
  monitor_->store_landed(*this);
}

std::uint64_t Frame::read() {
  const std::uint64_t value = memory_->read_last(data_);
  check_alive();
  return value;
}

void Frame::write(std::uint64_t value) {
  memory_->write(data_, value);
  check_alive();
  state_->last_store = memory_->execution().current_event();
}

void Frame::update(std::uint64_t value) {
  memory_->write(data_, value);
  landed();
}

void Frame::reuse(std::uint64_t contents) {
  memory_->write(data_, contents);
  *state_ = {};
}

void Frame::reuse() {
  memory_->touch(data_);
  state_->freed_at = kNoEvent;
}

void Frame::free() {
  memory_->touch(data_);
  check_alive();
  monitor_->frame_freed(*this);
  state_->freed_at = memory_->execution().current_event();
}

}  // namespace mmcheck::machine

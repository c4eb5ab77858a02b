// SPDX-License-Identifier: Apache-2.0
#include "guest/heap.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace mmcheck::guest {

namespace {

constexpr std::size_t kHeaderBytes = sizeof(Heap::Block) / 16 * 16 + 16;
constexpr int kUninitialised = 0xcd;

void* reserve(std::size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  return memory;
}

Heap::Block& header_of(std::uintptr_t block) {
  return *reinterpret_cast<Heap::Block*>(block - kHeaderBytes);
}

}  // namespace

Heap::Heap(unsigned threads_max)
    : bytes_(threads_max * kArenaBytes),
      nr_arenas_(threads_max),
      next_(new std::uintptr_t[threads_max]),
      highest_(new std::uintptr_t[threads_max]) {
  begin_ = reinterpret_cast<std::uintptr_t>(reserve(bytes_));
  states_ = static_cast<std::uint8_t*>(reserve(bytes_ / 8));
  for (unsigned i = 0; i < nr_arenas_; ++i) next_[i] = highest_[i] = arena(i);
}

Heap::~Heap() {
  munmap(reinterpret_cast<void*>(begin_), bytes_);
  munmap(states_, bytes_ / 8);
}

void Heap::reset(explore::Execution& execution) {
  execution_ = &execution;
  for (unsigned i = 0; i < nr_arenas_; ++i) {
    std::memset(&state(arena(i)), 0, (std::max(next_[i], highest_[i]) - arena(i)) / 8);
    next_[i] = highest_[i] = arena(i);
  }
}

void Heap::set_states(std::uintptr_t block, std::size_t bytes, bool freed) {
  if (bytes == 0) return;
  const std::size_t whole = bytes / 8;
  const std::size_t rest = bytes % 8;
  execution_->save(&state(block), whole + (rest != 0 ? 1 : 0));
  std::memset(&state(block), freed ? kFreedState : 8, whole);
  if (rest != 0) {
    state(block + 8 * whole) = freed ? kFreedState : static_cast<std::uint8_t>(rest);
  }
}

void* Heap::allocate(unsigned thread, std::size_t bytes, std::size_t alignment,
                     std::uintptr_t place) {
  alignment = std::max<std::size_t>(alignment, 16);
  std::uintptr_t& next = next_[thread];
  const std::uintptr_t block = (next + kHeaderBytes + alignment - 1) / alignment * alignment;
  if (bytes > kArenaBytes || block + bytes + 32 > arena(thread) + kArenaBytes) return nullptr;
  execution_->save(&next, sizeof next);
  next = block + (bytes + 15) / 16 * 16 + 16;
  highest_[thread] = std::max(highest_[thread], next);
  header_of(block) = {.bytes = bytes, .allocated_by = place};
  // The first bytes of the header say where the block begins, for those within it.
  std::memset(reinterpret_cast<void*>(block), kUninitialised, bytes);
  set_states(block, bytes, false);
  return reinterpret_cast<void*>(block);
}

Heap::Freed Heap::release(void* pointer, std::uintptr_t place) {
  const auto block = reinterpret_cast<std::uintptr_t>(pointer);
  const Block* found = holds(block) ? block_of(block) : nullptr;
  if (found == nullptr || found != &header_of(block)) return Freed::NoBlock;
  Block& header = header_of(block);
  if (header.freed_by != 0) return Freed::Twice;
  execution_->save(&header.freed_by, sizeof header.freed_by);
  header.freed_by = place;
  set_states(block, header.bytes, true);
  return Freed::Ok;
}

Heap::Use Heap::check(std::uintptr_t address, std::size_t bytes) const {
  for (std::uintptr_t at = address; at < address + bytes; at = at / 8 * 8 + 8) {
    const std::uint8_t known = state(at);
    if (known == kFreedState) return Use::Freed;
    const std::size_t end = std::min<std::size_t>(at % 8 + (address + bytes - at), 8);
    if (end > known) return Use::OutOfBounds;
  }
  return Use::Ok;
}

const Heap::Block* Heap::block_of(std::uintptr_t address) const {
  // Blocks follow each other from the arena's beginning.
  const std::size_t thread = (address - begin_) / kArenaBytes;
  std::uintptr_t at = address / 16 * 16;
  while (at >= arena(static_cast<unsigned>(thread)) + kHeaderBytes) {
    const bool here = state(at) != 0;
    const bool before = at > arena(static_cast<unsigned>(thread)) && state(at - 8) != 0;
    if (here && !before) return &header_of(at);
    if (!here && at != address / 16 * 16) return nullptr;
    at -= 16;
  }
  return nullptr;
}

std::size_t Heap::size_of(void* block) const {
  return header_of(reinterpret_cast<std::uintptr_t>(block)).bytes;
}

void Heap::list_memory(std::vector<std::span<std::byte>>& out) {
  for (unsigned i = 0; i < nr_arenas_; ++i) {
    const std::size_t used = highest_[i] - arena(i);
    if (used == 0) continue;
    out.emplace_back(reinterpret_cast<std::byte*>(arena(i)), used);
    out.emplace_back(reinterpret_cast<std::byte*>(&state(arena(i))), used / 8);
  }
  out.emplace_back(reinterpret_cast<std::byte*>(next_.get()), nr_arenas_ * sizeof next_[0]);
}

Heap::Leaks Heap::leaks() const {
  Leaks leaks;
  for (unsigned i = 0; i < nr_arenas_; ++i) {
    for (std::uintptr_t at = arena(i); at < next_[i]; at += 16) {
      const bool before = at > arena(i) && state(at - 8) != 0;
      if (state(at) == 0 || before || header_of(at).freed_by != 0) continue;
      if (leaks.blocks++ == 0) leaks.allocated_by = header_of(at).allocated_by;
      leaks.bytes += header_of(at).bytes;
    }
  }
  return leaks;
}

}  // namespace mmcheck::guest

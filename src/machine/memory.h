// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "explore/memory.h"
#include "machine/kept.h"
#include "machine/monitor.h"
#include "machine/pte.h"

namespace mmcheck::machine {

/// A page frame. Its contents are one word: enough to tell which store reached it last.
///
/// Freed, a frame is dead, and any access to it is reported at that very step. Real memory would be
/// reused and the access would corrupt its next owner. Where code looks whether the page is still
/// its own, reuse is worse than death: so a scenario may ask for it.
class Frame final : public explore::Landing {
 public:
  Frame(Kept& kept, explore::Memory& memory, Monitor& monitor, Pfn pfn, std::uint64_t contents);

  Pfn pfn() const { return pfn_; }
  // Accesses of the current step.
  /// By an instruction: through the store buffer of the CPU, if it has one.
  std::uint64_t load();
  /// The same. `slot` is the entry that it goes through.
  void store(std::uint64_t value, const PteSlot& slot);
  /// Past the buffers: by a device, or by the kernel, which begins with an empty buffer.
  std::uint64_t read();
  void write(std::uint64_t value);
  /// By a locked instruction, or one that stores to a part of the frame, after read(). The buffer
  /// is empty.
  void update(std::uint64_t value);
  void free();
  /// A free frame has a new owner.
  void reuse();
  /// The same, and it is cleared.
  void reuse(std::uint64_t contents);
  /// For rules: an access like read(), also to a frame that is dead.
  std::uint64_t look() const { return memory_->read_last(data_); }
  /// Contents at the end of an execution.
  std::uint64_t peek() const { return memory_->peek(data_); }

  void landed() override;

  EventId freed_at() const { return state_->freed_at; }
  EventId last_store() const { return state_->last_store; }

 private:
  /// Ordered by the accesses to data_ that go with them.
  struct State {
    EventId freed_at = kNoEvent;
    EventId last_store = kNoEvent;
  };

  bool dead() const { return state_->freed_at != kNoEvent; }
  void check_alive();

  explore::Memory* memory_;
  Monitor* monitor_;
  ObjectId data_;
  State* state_;
  Pfn pfn_;
};

}  // namespace mmcheck::machine

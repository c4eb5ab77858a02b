// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "explore/cell.h"
#include "machine/kept.h"
#include "machine/monitor.h"
#include "machine/pte.h"

namespace mmcheck::machine {

/// A page frame. Its contents are one word: enough to tell which store reached it last.
///
/// A frame lives once: freed, it is dead, and any access to it is reported at that very step. Real
/// memory would be reused and the access would corrupt its next owner. (Where code re-checks by
/// value, reuse would be worse than death; no such code is modelled yet.)
class Frame {
 public:
  Frame(Kept& kept, Monitor& monitor, Pfn pfn, std::uint64_t contents);

  Pfn pfn() const { return pfn_; }
  /// Contents, by an access of the current step.
  std::uint64_t load();
  void store(std::uint64_t value);
  /// Contents at the end of an execution.
  std::uint64_t peek() const { return data_.peek(); }
  void free();

  EventId freed_at() const { return state_->freed_at; }
  EventId last_store() const { return state_->last_store; }

 private:
  /// Ordered by the accesses to data_ that go with them.
  struct State {
    EventId freed_at = kNoEvent;
    EventId last_store = kNoEvent;
  };

  bool dead() const { return state_->freed_at != kNoEvent; }

  explore::Execution* execution_;
  Monitor* monitor_;
  explore::Cell<std::uint64_t> data_;
  State* state_;
  Pfn pfn_;
};

}  // namespace mmcheck::machine

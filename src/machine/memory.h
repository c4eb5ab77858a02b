// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "explore/cell.h"
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
  Frame(explore::Execution& execution, Monitor& monitor, Pfn pfn, std::uint64_t contents);

  Pfn pfn() const { return pfn_; }
  /// Contents, by an access of the current step.
  std::uint64_t load();
  void store(std::uint64_t value);
  /// Contents at the end of an execution.
  std::uint64_t peek() const { return data_.peek(); }
  void free();

  EventId freed_at() const { return freed_at_; }
  EventId last_store() const { return last_store_; }

 private:
  explore::Execution* execution_;
  Monitor* monitor_;
  explore::Cell<std::uint64_t> data_;
  Pfn pfn_;
  // Ordered by the accesses to data_ that go with them.
  bool dead_ = false;
  EventId freed_at_ = kNoEvent;
  EventId last_store_ = kNoEvent;
};

}  // namespace mmcheck::machine

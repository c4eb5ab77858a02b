// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/types.h"
#include "machine/pte.h"

namespace mmcheck::machine {

class Frame;
class PteSlot;
class TablePage;

/// What the machine tells about itself while it runs. Rules are written against this; the machine
/// does not know them. Calls happen inside a step, so that a monitor may read words.
class Monitor {
 public:
  /// A CPU used a translation (or the kernel a pointer) to a frame that has been freed.
  virtual void freed_frame_used(const Frame& frame) = 0;
  /// A frame is about to be freed.
  virtual void frame_freed(const Frame& frame) = 0;
  /// A store that an instruction of user code made has reached a frame.
  virtual void store_landed(const Frame& frame) = 0;
  /// A load that an instruction of user code made has come from a frame.
  virtual void load_done(const Frame& frame) { static_cast<void>(frame); }
  /// An access goes through this version of an entry, which need not be the present one.
  virtual void translated(const PteSlot& slot, unsigned version) = 0;
  /// An entry has a new value, where the program is never rewound.
  virtual void entry_changed(PteSlot& slot, pte_t value) {
    static_cast<void>(slot);
    static_cast<void>(value);
  }
  /// Software uses an entry of a table that has been freed.
  virtual void freed_table_walked(const TablePage& table) = 0;
  /// A table is freed: of those that have been at this place, the one of this number.
  virtual void table_freed(const TablePage& table, unsigned generation) = 0;
  /// Software has read an entry without its lock, perhaps in parts, and takes it for `seen`.
  virtual void read_lockless(const PteSlot& slot, pte_t seen) {
    static_cast<void>(slot);
    static_cast<void>(seen);
  }

 protected:
  ~Monitor() = default;
};

}  // namespace mmcheck::machine

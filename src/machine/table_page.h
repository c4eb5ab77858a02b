// SPDX-License-Identifier: Apache-2.0
// The memory of a table of leaf entries: who may still walk it, and whether it has been freed.
//
// Walk caches are a question as TLBs are (page_table.h): a CPU may walk each table that the entry
// above it has pointed to since this CPU last completed an invalidation. Whatever address that was
// for: an invalidation drops all that the CPU knows of upper levels. Nothing is read wrongly from a
// table that has been unhooked, since its entries have been cleared before; but it must not be
// freed (R-TABLE).
//
// Sources: Intel SDM vol. 3, 4.10.3 "Paging-Structure Caches" and 4.10.4.1.
#pragma once

#include <optional>

#include "machine/page_table.h"

namespace mmcheck::machine {

/// One place for a table, with one table after the other in it: each has a number, its generation.
/// differs: tables share their entries, which are none whenever a table is unhooked.
class TablePage {
 public:
  TablePage() = default;  ///< not followed: nobody in the program can tell
  TablePage(Kept& kept, Monitor& monitor, const pmd_t& pmd, cpumask_t cpus, Vaddr va);

  bool followed() const { return generation_ != nullptr; }
  Vaddr va() const { return va_; }
  /// The table that the entry above points to, or the next one that it will point to. [that entry]
  unsigned generation() const { return *generation_; }
  /// The entry above has been cleared: part of that step.
  void unhooked();

  /// `cpu` has completed an invalidation.
  void forget(CpuId cpu);
  /// Software reads an entry of the table that it has found earlier: part of that step.
  void walk(unsigned generation) const;
  /// Part of the step that frees the table.
  void free(unsigned generation);
  /// A CPU for which `counts` holds and that may still walk the table. An access of the current
  /// step to what each CPU knows.
  template <typename Counts>
  std::optional<CpuId> walker(unsigned generation, Counts&& counts) const {
    std::optional<CpuId> found;
    for_each_cpu(cpus_, [&](CpuId cpu) {
      if (floors_[to_index(cpu)].read_last() <= generation && counts(cpu)) found = cpu;
    });
    return found;
  }
  // Of the last one, for reports.
  EventId unhooked_at() const { return events_->unhooked; }
  EventId freed_at() const { return events_->freed; }

 private:
  explore::Execution* execution_ = nullptr;
  Monitor* monitor_ = nullptr;
  const pmd_t* pmd_ = nullptr;
  std::uint32_t* generation_ = nullptr;
  struct Events {
    EventId unhooked = kNoEvent;  ///< [that entry]
    EventId freed = kNoEvent;     ///< [freed_]
  };
  Events* events_ = nullptr;
  explore::Cell<std::uint32_t> freed_;             ///< tables before this generation are free
  explore::Cell<std::uint32_t> floors_[kCpusMax];  ///< the oldest table that a CPU may still walk
  cpumask_t cpus_;
  Vaddr va_{};
};

}  // namespace mmcheck::machine

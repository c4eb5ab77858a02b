// SPDX-License-Identifier: Apache-2.0
// Leaf page-table entries with their history, and what TLBs may hold of it.
//
// A TLB is not a table here but a question: which entries may this CPU use now? The answer is the
// architecture's own rule: any leaf entry that was in the page table, present, at some moment since
// this CPU last began an invalidation that covers it and has completed. So each entry keeps its
// past values ("versions"), and each CPU keeps, for each entry, the oldest version that it may
// still use (the "floor"), which invalidations raise. Speculative fills, evictions and stale
// entries are all covered by that.
//
// Sources: Intel SDM vol. 3, 4.10.2.3 and 4.10.4; AMD APM vol. 2, 5.5; Simner et al., "Relaxed
// virtual memory in Armv8-A", ESOP 2022.
#pragma once

#include <array>
#include <bit>

#include "explore/cell.h"
#include "machine/kept.h"
#include "machine/monitor.h"
#include "machine/pte.h"

namespace mmcheck::machine {

inline constexpr unsigned kCpusMax = 8;
inline constexpr unsigned kVersionsMax = 48;
inline constexpr unsigned kEntriesMax = 32;  ///< of one address space

/// A set of CPUs.
class cpumask_t {
 public:
  void set(CpuId cpu) { bits_ |= 1u << to_index(cpu); }
  bool test(CpuId cpu) const { return (bits_ >> to_index(cpu)) & 1u; }
  std::uint32_t bits() const { return bits_; }

 private:
  std::uint32_t bits_ = 0;
};

/// Calls `function(CpuId)` for each member, lowest first.
template <typename Function>
void for_each_cpu(cpumask_t mask, Function&& function) {
  for (std::uint32_t rest = mask.bits(); rest != 0; rest &= rest - 1) {
    function(static_cast<CpuId>(std::countr_zero(rest)));
  }
}

/// The entry above a table of leaf entries: whether it points to the table.
using pmd_t = explore::Cell<bool>;

/// One leaf entry: its place in memory, its past, and each CPU's floor.
class PteSlot {
 public:
  struct Version {
    pte_t value;
    EventId stored_at = kNoEvent;  ///< the step that wrote this version
  };

  /// `cpus` are those whose TLB may ever cache the entry: the CPUs that run the address space.
  PteSlot(Kept& kept, Monitor& monitor, Vaddr va, std::uint64_t space, cpumask_t cpus,
          const pmd_t& pmd, pte_t initial);

  Vaddr va() const { return va_; }
  std::uint64_t space() const { return space_; }

  // --- software and the table walker: accesses of the current step ------------------------------
  pte_t ptep_get() const { return cell_.read(); }
  /// See Cell::read_last: what the step does besides does not depend on the entry.
  pte_t ptep_get_last() const { return cell_.read_last(); }
  /// Both levels, as the hardware walks them.
  pte_t walk() const { return pmd_->read() ? cell_.read() : pte_t{}; }
  pte_t walk_last() const { return pmd_->read() ? cell_.read_last() : pte_t{}; }
  void set_pte(pte_t value);
  pte_t peek() const { return cell_.peek(); }

  // --- TLB ---------------------------------------------------------------------------------------
  unsigned current() const { return *nr_versions_ - 1; }
  const Version& version(unsigned index) const { return versions_[index]; }
  cpumask_t cpus() const { return cpus_; }

  /// An access goes through this version; for monitors.
  void translated(unsigned version) { monitor_->translated(*this, version); }

  /// The oldest version that `cpu` may use. Reads the CPU's TLB.
  unsigned tlb_floor(CpuId cpu) const;
  unsigned tlb_floor_last(CpuId cpu) const;
  /// The same without an access, for Alternatives::list (whose step reads the TLB).
  unsigned tlb_floor_peek(CpuId cpu) const;

  /// `cpu` forgets every version but the present one.
  void tlb_invalidate(CpuId cpu);

  /// The two halves of it, for invalidations that begin in one step and complete in another. The
  /// oldest version that one which begins now leaves usable: the present one.
  unsigned tlb_oldest_kept() const;
  /// `cpu` forgets every version before `oldest`.
  void tlb_forget(CpuId cpu, unsigned oldest);

  /// A version other than the present one which some TLB may still hold and for which
  /// `matters(value)` holds, or -1. Reads all the TLBs, whatever is in them.
  struct Stale {
    int version = -1;
    CpuId cpu{};
  };
  template <typename Predicate>
  Stale find_stale(Predicate&& matters) const {
    Stale found;
    for_each_cpu(cpus_, [&](CpuId cpu) {
      for (unsigned v = tlb_floor_last(cpu); v < current() && found.version < 0; ++v) {
        if (pte_present(versions_[v].value) && matters(v)) found = {static_cast<int>(v), cpu};
      }
    });
    return found;
  }

 private:
  explore::Execution* execution_;
  Monitor* monitor_;
  explore::Cell<pte_t> cell_;
  explore::Cell<std::uint32_t> floors_[kCpusMax];
  /// Of the past only the length need be kept: what is before it does not change, and what is
  /// behind it nobody looks at.
  std::uint32_t* nr_versions_;
  std::array<Version, kVersionsMax> versions_;
  const pmd_t* pmd_;
  Vaddr va_;
  std::uint64_t space_;
  cpumask_t cpus_;
};

}  // namespace mmcheck::machine

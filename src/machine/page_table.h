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
#include <boost/container/small_vector.hpp>

#include "explore/cell.h"
#include "explore/class_hash.h"
#include "explore/memory.h"
#include "machine/kept.h"
#include "machine/mm_context.h"
#include "machine/monitor.h"
#include "machine/pte.h"

namespace mmcheck::machine {

inline constexpr unsigned kCpusMax = 8;

/// A set of CPUs.
class cpumask_t {
 public:
  void set(CpuId cpu) { bits_ |= 1u << to_index(cpu); }
  bool test(CpuId cpu) const { return (bits_ >> to_index(cpu)) & 1u; }
  std::uint32_t bits() const { return bits_; }
  static cpumask_t of_bits(std::uint32_t bits) {
    cpumask_t mask;
    mask.bits_ = bits;
    return mask;
  }

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

class TablePage;

/// One leaf entry: its place in memory, its past, and each CPU's floor.
class PteSlot final : public explore::Landing {
 public:
  struct Version {
    pte_t value;
    EventId stored_at = kNoEvent;  ///< the step that wrote this version
  };

  /// `cpus` are those whose TLB may ever cache the entry: the CPUs that run the address space.
  /// `context` may be null; see Arch::uses_context.
  PteSlot(Kept& kept, explore::Memory& memory, Monitor& monitor, Vaddr va, std::uint64_t space,
          cpumask_t cpus, const pmd_t& pmd, pte_t initial, mm_context* context = nullptr,
          std::string_view name = "pte({}:{})");

  /// The entry of the level above that maps the address if this one does not, where there is one.
  /// It has a TLB entry of its own, which every invalidation of the address drops, too: Intel SDM
  /// vol. 3, 4.10.4.1.
  void set_huge(PteSlot& huge) { huge_ = &huge; }
  PteSlot* huge() const { return huge_; }

  Vaddr va() const { return va_; }
  std::uint64_t space() const { return space_; }

  /// Only those CPUs count that run the address space at the moment, as bits; any may. A CPU must
  /// forget its old entries when it begins to: tlb_invalidate().
  void count_running(const explore::Cell<std::uint32_t>& running) { running_ = &running; }

  /// Invalidations end what CPUs know of this table too.
  void in_table(TablePage& table) { table_ = &table; }

  // --- software and the table walker: accesses of the current step ------------------------------
  pte_t ptep_get() const { return pte_t{memory_->read(word_)}; }
  /// See Execution::read_last: what the step does besides does not depend on the entry.
  pte_t ptep_get_last() const { return pte_t{memory_->read_last(word_)}; }
  /// Both levels, as the hardware walks them: in memory, whatever the CPU's buffer holds.
  pte_t walk() const { return pmd_->read() ? ptep_get() : pte_t{}; }
  pte_t walk_last() const { return pmd_->read() ? ptep_get_last() : pte_t{}; }
  void set_pte(pte_t value);
  pte_t peek() const { return pte_t{memory_->peek(word_)}; }
  /// The entry by a plain instruction, through the store buffer of the CPU, if it has one.
  pte_t load_plain() const { return pte_t{memory_->load_now(word_).value}; }
  void store_plain(pte_t value);
  void landed() override { remember(); }

  // --- halves: where software cannot store an entry at once, as on i386 PAE
  // -----------------------
  /// The entry is of two halves from now on: bits, and frame number. The word stays what hardware,
  /// and software under the lock, sees: the high half counts only while the low one is present, and
  /// changes only while it is not, or together with it. So the high half is a word of its own
  /// besides, which only lockless readers look at.
  /// differs: real halves divide the frame number too. Here the low half tells no two frames
  /// apart, as if all were the same modulo 2^20 (4 GB): the worst case.
  void split();
  std::uint32_t pte_low() const { return low_of(ptep_get_last()); }
  std::uint32_t pte_high() const { return high_.read_last(); }
  void set_pte_high(pte_t value) { high_.write(high_of(value)); }
  /// An entry made of two halves that need not belong together.
  static pte_t join(std::uint32_t low, std::uint32_t high);
  /// A lockless read has come to an end; for monitors. Part of its last step.
  void read_lockless(pte_t seen) { monitor_->read_lockless(*this, seen); }

  // --- stores that go through the entry ----------------------------------------------------------
  /// How many there are that have not reached memory; kNoObject where stores reach it at once.
  ObjectId stores_counter() const { return stores_counter_; }
  /// A step that waits until there is none.
  void step_when_landed(const trace::StepText& text) const;
  /// A step that waits until the entry is another one.
  void step_when_changed(pte_t old, const trace::StepText& text) const;

  // --- TLB ---------------------------------------------------------------------------------------
  unsigned current() const { return past_->nr_versions - 1; }
  const Version& version(unsigned index) const { return versions_[index - oldest_]; }
  /// The first version that is still known; 0 unless the program is never rewound. Those before it
  /// no TLB holds any more.
  unsigned oldest() const { return oldest_; }
  /// The newest version whose store happens before the current step.
  unsigned known_version() const;
  cpumask_t cpus() const { return cpus_; }
  mm_context* context() const { return context_; }

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
    return find_stale(matters, [](CpuId) { return true; });
  }
  /// The same of the CPUs for which `counts` holds.
  template <typename Predicate, typename Counts>
  Stale find_stale(Predicate&& matters, Counts&& counts) const {
    Stale found;
    for_each_cpu(users(), [&](CpuId cpu) {
      if (!counts(cpu)) return;
      for (unsigned v = tlb_floor_last(cpu); v < current() && found.version < 0; ++v) {
        if (pte_valid(version(v).value) && matters(v)) found = {static_cast<int>(v), cpu};
      }
    });
    return found;
  }

 private:
  explore::Execution& execution() const { return memory_->execution(); }
  void remember();
  void make_room();
  void note_usable();
  unsigned oldest_usable() const;
  /// The CPUs that can use what their TLB holds of the entry.
  cpumask_t users() const;
  static std::uint32_t low_of(pte_t pte) { return static_cast<std::uint8_t>(pte.word); }
  static std::uint32_t high_of(pte_t pte);

  explore::Memory* memory_;
  Monitor* monitor_;
  ObjectId word_;
  explore::Cell<std::uint32_t> high_;  ///< only if split
  ObjectId stores_counter_ = explore::kNoObject;
  std::array<ObjectId, kCpusMax> floors_{};  ///< the words
  /// Of the past only the length need be kept to take steps back: what is before it does not
  /// change, and what is behind it nobody looks at. To tell states apart, also what of it TLBs may
  /// still hold: two states may have as many versions, and other ones.
  struct Past {
    std::uint32_t nr_versions = 1;
    explore::ClassHash usable;  ///< of the versions, with their numbers
  };
  Past* past_;
  const pmd_t* pmd_;
  /// As many as there is room for, from the oldest one on.
  boost::container::small_vector<Version, 6> versions_;
  unsigned oldest_ = 0;
  bool forgets_;  ///< versions that no TLB holds: where no step is taken back
  const explore::Cell<std::uint32_t>* running_ = nullptr;
  PteSlot* huge_ = nullptr;
  TablePage* table_ = nullptr;
  mm_context* context_;
  Vaddr va_;
  std::uint64_t space_;
  cpumask_t cpus_;
};

}  // namespace mmcheck::machine

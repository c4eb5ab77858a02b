// SPDX-License-Identifier: Apache-2.0
// The machine, the kernel's global objects and the design, in one place: what a function of the
// memory manager can reach.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "base/error.h"
#include "kernel/rcu.h"
#include "machine/arch/x86_tlb.h"
#include "mm/folio_batch.h"
#include "mm/monitor.h"
#include "mm/types.h"

namespace mmcheck::mm {

/// What a filesystem does for the memory manager.
/// linux v6.12 include/linux/fs.h: address_space_operations; include/linux/mm.h:
/// vm_operations_struct
class FileOperations {
 public:
  /// The folio of a file's page, read from disk if need be. Returns it locked, with a reference;
  /// null behind the end of the file.
  virtual folio* fault(thread& task, address_space& mapping, unsigned index) const = 0;
  /// Prepares a page for being written through a mapping: buffers, dirty. The page is unlocked on
  /// entry. Returns false if it has left the file; otherwise it is locked on return.
  virtual bool page_mkwrite(thread& task, folio& page) const = 0;
  /// Marks the page dirty, in one step.
  virtual void dirty_folio(thread& task, folio& page) const = 0;
  /// Drops the buffers, if it can. The page is locked.
  virtual bool release_folio(thread& task, folio& page) const = 0;
  /// The page of a file that is in the page cache, with a reference, or null. One step.
  virtual folio* find_get(thread& task, address_space& mapping, unsigned index) const = 0;
  /// Whether writeback gives up a dirty page that has no buffers.
  virtual bool needs_buffers() const = 0;

 protected:
  ~FileOperations() = default;
};

/// What words of pages stand for, where they stand for bytes.
class PageBytes {
 public:
  /// Of the page that has zeros from `begin` to before `end` instead.
  virtual std::uint64_t zero(std::uint64_t word, unsigned begin, unsigned end) = 0;

 protected:
  ~PageBytes() = default;
};

/// What there is room for.
struct SystemLimits {
  std::size_t kept_bytes = Kept::kBytesMax;
  unsigned folios = kFoliosMax;
  unsigned files = 4;
  unsigned anon_vmas = 48;
  unsigned mms = 4;
};

/// Of what the machine has run out.
enum class Resource : std::uint8_t { Frames, Vmas, Pages };

/// Told when there is none left of something; does not return.
class ResourceMonitor {
 public:
  virtual void exhausted(Resource resource) = 0;

 protected:
  ~ResourceMonitor() = default;
};

/// A per-CPU free list where frames are used again: what was freed first is used first.
struct FreeList {
  Pfn first = kNoPfn;
  Pfn last = kNoPfn;
  unsigned nr = 0;
};

struct System {
  // As for mm_struct: built anew for each execution.
  System(explore::Execution& x, explore::Memory& words, const SystemLimits& limits = {})
      : execution(&x),
        memory(&words),
        kept(x, limits.kept_bytes),
        folios(limits.folios),
        files(limits.files),
        anon_vmas(limits.anon_vmas),
        mms(limits.mms) {}
  /// Of a program that is never rewound.
  System(explore::Execution& x, explore::Memory& words, const SystemLimits& limits,
         ResourceMonitor& resource_monitor)
      : execution(&x),
        memory(&words),
        kept(x, Kept::Unbounded{}),
        folios(limits.folios),
        files(limits.files),
        anon_vmas(limits.anon_vmas),
        mms(limits.mms),
        recycles(true),
        resources(&resource_monitor),
        zone(x, 0, {.format = "zone"}),
        anon_vma_pool(x, 0, {.format = "anon_vma pool"}) {}

  explore::Execution* execution;
  explore::Memory* memory;
  Kept kept;
  Monitor* monitor = nullptr;
  const Policies* policies = nullptr;
  const FileOperations* file_operations = nullptr;
  unsigned gather_bundle = 8;       ///< pages in the batch on the stack (MMU_GATHER_BUNDLE)
  unsigned gather_batch_max = 8;    ///< pages in another batch (Linux: 510)
  unsigned gather_batches_max = 1;  ///< batches besides the one on the stack (Linux: 19)

  unsigned ptrs_per_table = kPtrsPerTable;  ///< leaf entries of one page table
  bool has_tables = true;                   ///< memory for batches of tables can be had
  bool follows_tables = false;              ///< some thread walks page tables without locks
  bool has_pins = false;                    ///< some thread calls pin_user_pages_fast()
  bool has_fork = false;                    ///< some thread calls fork()
  bool has_hot_remove = false;              ///< some thread calls arch_remove_memory()
  EventId* metadata_freed_at = nullptr;     ///< ordered by folio::metadata_freed; if has_hot_remove
  kernel::rcu_state rcu;                    ///< if follows_tables

  bool truncates =
      false;              ///< some thread calls ftruncate(): pages may lose their file while mapped
  bool has_exit = false;  ///< some thread calls exit_group(): the others look for the signal
  bool has_oom = false;   ///< the OOM killer comes
  bool has_vma_locks = false;     ///< faults try the VMA's own lock first
  bool has_large_folios = false;  ///< some folio has tails
  bool has_protection = false;    ///< some thread calls mprotect(), or maps what it may not write
  bool has_lazyfree = false;      ///< some thread calls madvise(MADV_FREE)

  static_vector<machine::Cpu, machine::kCpusMax> cpu_storage;
  static_vector<machine::Cpu*, machine::kCpusMax> cpus;
  /// Where some thread gives up its CPU, and the architecture keeps track of that.
  std::optional<machine::X86Tlb> x86_tlb;
  StableVector<swap_slot> swap_slots;  ///< none unless anonymous pages are reclaimed
  StableVector<folio> folios;
  StableVector<address_space> files;
  StableVector<anon_vma> anon_vmas;
  StableVector<mm_struct> mms;
  KeptVector<thread> threads;
  bool mlocks = false;                   ///< some thread calls mlock() or munlock(): see mm/mlock.h
  std::span<folio_batch> mlock_batches;  ///< by CPU
  std::span<folio_batch> lru_add_batches;
  static_vector<mem_cgroup, 2> memcgs;               ///< empty unless a thread moves charges
  static_vector<kernel::spinlock_t, 2> dirty_locks;  ///< only in designs with a DirtyLock

  /// What has been freed is used again, frames at once with the put that frees them; and threads
  /// begin and end. For programs that go on for long, and that name no mapping before they start.
  bool recycles = false;
  ResourceMonitor* resources = nullptr;                ///< only if recycles
  PageBytes* page_bytes = nullptr;                     ///< only if files have ends
  std::array<FreeList, machine::kCpusMax> free_lists;  ///< [zone]
  std::array<std::vector<vm_area_struct*>, machine::kCpusMax> vma_lists;  ///< see VmaList
  // Who takes from another CPU's free list, or from the pool, writes it; also free lists are read
  // under the name of the word.
  Cell<std::uint32_t> zone;
  Cell<std::uint32_t> anon_vma_pool;

  [[noreturn]] void exhausted(Resource resource) const {
    if (resources != nullptr) resources->exhausted(resource);
    throw InternalError("the machine has run out of something, and nobody is told");
  }
  const machine::Arch& arch() const { return *policies->arch; }
  /// A page, which may be a tail: its folio is page_folio()'s.
  folio& page(Pfn pfn) { return folios[to_index(pfn)]; }
  folio* cached(std::uint16_t entry) { return entry == 0 ? nullptr : &folios[entry - 1u]; }
};

/// linux v6.12 include/linux/mm_types.h: mm_cpumask. The CPUs whose TLB may hold entries; an access
/// of the current step where that changes.
inline cpumask_t mm_cpumask(const mm_struct& mm) {
  return mm.has_running ? cpumask_t::of_bits(mm.running.read()) : mm.cpumask;
}

}  // namespace mmcheck::mm

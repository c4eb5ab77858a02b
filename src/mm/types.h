// SPDX-License-Identifier: Apache-2.0
// The objects of the memory manager, under Linux's names and with the fields that races are about.
// Cells are what CPUs race on; plain fields are ordered by the lock that is named beside them.
#pragma once

#include <algorithm>
#include <array>
#include <boost/container/static_vector.hpp>
#include <span>

#include "base/stable_vector.h"
#include "kernel/locks.h"
#include "kernel/rcu_reader.h"
#include "machine/table_page.h"
#include "mm/policy.h"

namespace mmcheck::mm {

using kernel::task_struct;
using machine::cpumask_t;
using machine::Frame;
using machine::Kept;
using machine::KeptVector;
using machine::pte_t;
using machine::PteSlot;
using trace::Detail;

struct folio;
struct mm_struct;
struct System;

inline constexpr unsigned kPagesMax = 16;     ///< of one mapping, file or address space
inline constexpr unsigned kMmsMax = 8;        ///< address spaces
inline constexpr unsigned kFoliosMax = 32;    ///< of the whole machine
inline constexpr unsigned kPtrsPerTable = 4;  ///< leaf entries of one page table (Linux: 512)

template <typename T, unsigned N>
using static_vector = boost::container::static_vector<T, N>;
using explore::Cell;

/// linux v6.12 include/linux/memcontrol.h
struct mem_cgroup {
  unsigned id = 0;
  Cell<int> nr_mapped;       ///< NR_FILE_MAPPED and NR_ANON_MAPPED of its pages
  Cell<int> moving_account;  ///< charges are being moved away: see lock_page_memcg()
  kernel::spinlock_t move_lock;
};

struct vm_area_struct;
/// The VMAs that map a file or hang on an anon_vma (Linux: an interval tree).
using VmaTree = KeptVector<vm_area_struct*>;

void vma_erase(VmaTree& tree, const vm_area_struct& vma);
/// Into the tree of a file, behind those that begin at the same page of it or before. Walks go in
/// this order. linux v6.12 mm/interval_tree.c
void vma_interval_tree_insert(VmaTree& tree, vm_area_struct& vma);

/// linux v6.12 include/linux/rmap.h: anon_vma, anon_vma_chain
///
/// A page leads to the anon_vma of the process that made it. fork() hangs the child's VMA on that
/// too, and on one of its own, whose parent it is: so the chain of a VMA is its anon_vma with all
/// the ancestors. The lock of all of them is the root's.
struct anon_vma {
  explicit anon_vma(Kept& kept)
      : root(kept.make_array<anon_vma*>(1, this)[0]),
        parent(kept.make_array<anon_vma*>(1)[0]),
        freed_at(kept.make<EventId>(kNoEvent)) {}

  unsigned id = 0;
  anon_vma*& root;
  anon_vma*& parent;
  kernel::rw_semaphore rwsem;  ///< of a root
  /// One for all VMAs that hang on it, one for each walk that needs it, and a root has one for each
  /// of its descendants.
  Cell<int> refcount;
  Cell<bool> freed;  ///< dead at once: any later use is reported
  EventId& freed_at;
  VmaTree tree;        ///< [root->rwsem]
  bool taken = false;  ///< [System::anon_vma_pool] only if System::recycles
};

/// Where a folio belongs: nowhere, to a file's page cache, or to an anon_vma.
/// linux v6.12 include/linux/mm_types.h: folio.mapping with PAGE_MAPPING_ANON
struct mapping_t {
  static constexpr std::uint64_t kAnon = 0x100;
  std::uint64_t word = 0;

  static constexpr mapping_t of_file(unsigned file) { return {file + 1u}; }
  static constexpr mapping_t of_anon(unsigned anon) { return {kAnon + anon}; }
  constexpr bool is_anon() const { return word >= kAnon; }
  constexpr bool is_file() const { return word != 0 && word < kAnon; }
  constexpr unsigned file() const { return static_cast<unsigned>(word - 1); }
  constexpr unsigned anon() const { return static_cast<unsigned>(word - kAnon); }
  constexpr std::uint64_t to_word() const { return word; }
  static constexpr mapping_t from_word(std::uint64_t value) { return {value}; }
};

/// A page of the swap device. linux v6.12 include/linux/swap.h: swap_info_struct (swap_map) and the
/// swap cache
struct swap_slot {
  swap_slot(Kept& kept, explore::Execution& execution, unsigned number);

  Cell<int> count;            ///< entries that refer to it (Linux: without SWAP_HAS_CACHE)
  Cell<std::uint8_t> cache;   ///< folio number + 1, or 0
  Cell<std::uint64_t> block;  ///< what is on the device
  EventId& written_at;        ///< ordered by the accesses to block
};

/// What the rules know of MADV_FREE of a page. Ordered by the accesses to its frame.
struct lazyfree_note {
  int calls = 0;            ///< under way that have made it lazyfree
  bool discarded = false;   ///< by reclaim
  bool promised = false;    ///< a call has returned
  std::uint64_t value = 0;  ///< what was in it then; what comes later must not be lost
};

/// Who stored last to a page, for rules. Ordered by the accesses to its contents.
struct last_writer {
  std::uint8_t mm = 0;      ///< number of the process + 1; 0: nobody, since the threads started
  std::uint8_t after = 0;   ///< by process: it had been born before
  std::uint8_t stores = 0;  ///< so many so far: what a copy has missed
};

/// State of a folio, or of a tail page, before the first step.
struct folio_init {
  std::uint64_t data = 0;
  mapping_t mapping;
  unsigned index = 0;
  int refcount = -1'000'000;  ///< folio::kFree
  int mapcount = -1;
  int large_mapcount = -1;
  bool dirty = false;
  bool buffers = false;
  unsigned nr_pages = 1;  ///< of a head: how many pages from here on are the folio's
  Pfn head = kNoPfn;      ///< of a tail: its folio
  std::uint8_t swap_slot = 0;
};

/// linux v6.12 include/linux/mm_types.h: folio, page. As in Linux both are the same memory: a folio
/// is its first page, the head. Of the pages behind it, its tails, the frame, the number of
/// mappings and `compound_head` are their own; all else is the folio's. Aligned for the flags of
/// encoded_page.
struct alignas(16) folio {
  folio(System& owner, Pfn pfn, const folio_init& init);
  folio(System& owner, explore::Execution& execution, Pfn pfn, const folio_init& init);

  Frame frame;
  kernel::bit_lock locked;  ///< PG_locked
  Cell<bool> dirty;         ///< PG_dirty
  Cell<bool> writeback;     ///< PG_writeback
  Cell<bool> buffers;       ///< PG_private: the filesystem can write the page
  /// Gets and puts commute: only whether the count is 0 matters, and what looks at it. When it is 0
  /// a handler of its own frees the page, on the account of the CPU that put last.
  static constexpr int kFree = -1'000'000;     ///< refcount of a page on a free list, and of a tail
  static constexpr int kOffline = -2'000'000;  ///< of a page that offline_pages() has taken
  static constexpr int kPinBias = 1024;        ///< GUP_PIN_COUNTING_BIAS: what FOLL_PIN adds
  /// Of one whose count is frozen (Linux: 0): whoever wants a reference gets none.
  static constexpr int kFrozen = -500'000;
  Cell<int> refcount;
  Cell<int> mapcount;  ///< -1: not mapped; of a large folio see folio_mapped()
  Cell<mapping_t> mapping;
  // Only where pages are mlocked: see mm/mlock.h.
  Cell<bool> lru;          ///< PG_lru: on a list
  Cell<bool> unevictable;  ///< PG_unevictable: on the one that reclaim does not scan
  Cell<bool> mlocked;      ///< PG_mlocked
  Cell<int> mlock_count;
  Cell<std::uint8_t> memcg_data;  ///< the group it is charged to; only where there are groups
  unsigned& index;                ///< in its file, or page number in the address space
  /// PG_swapcache and folio->swap: slot + 1, or 0. Only where there is swap.
  Cell<std::uint8_t> swapcache;
  std::uint8_t swap_slot = 0;  ///< the one that it gets when it needs one
  Pfn next_free = kNoPfn;      ///< on a free list; only if System::recycles

  // Only where a thread calls madvise(MADV_FREE), System::has_lazyfree.
  Cell<bool> swapbacked;  ///< PG_swapbacked: if not, an anonymous page may be dropped while clean
  Cell<bool> isolated;    ///< reclaim has taken it off its list (Linux: PG_lru is clear)
  lazyfree_note* lazyfree = nullptr;

  // Only where there are large folios (System::has_large_folios); elsewhere each page is a folio.
  Cell<std::uint16_t> compound_head;  ///< of a tail: number of the head + 1; else 0
  Cell<int> large_mapcount;           ///< of a head; -1: not mapped
  unsigned* nr_pages = nullptr;       ///< changes only while the refcount is frozen
  // Only where a thread calls fork().
  /// PG_anon_exclusive. [the PTL of the entry, while there is one only; GUP reads it without]
  Cell<bool> anon_exclusive;
  last_writer* written_by = nullptr;
  Cell<std::uint8_t> replaced_for;  ///< by process: it has a copy instead; for rules, of pins
  Cell<bool> metadata_freed;  ///< there is no struct page any more; only if System::has_hot_remove

  EventId& last_clean;  ///< for rules; ordered by the accesses to dirty
  /// For reports only: puts commute, so any of the last will do. Reports take no step back.
  CpuId last_put{};
  System* system = nullptr;
};

/// linux v6.12 include/linux/fs.h: address_space, with its inode's blocks on disk.
struct address_space {
  address_space() {}

  unsigned id = 0;
  unsigned nr_pages = 0;
  StableVector<Cell<std::uint16_t>> i_pages;  ///< folio number + 1, or 0
  StableVector<Cell<std::uint64_t>> blocks;   ///< what is on disk
  std::span<EventId> written_at;              ///< ordered by the accesses to blocks
  kernel::rw_semaphore i_mmap_rwsem;
  VmaTree i_mmap;  ///< [i_mmap_rwsem]
  // Only where the ends of files matter, has_size: pages behind them are not there.
  bool has_size = false;
  kernel::rw_semaphore i_rwsem;
  Cell<std::uint64_t> i_size;  ///< in bytes
  /// Its pages are never written to a disk: linux v6.12 mm/shmem.c
  bool is_shmem = false;
};

/// linux v6.12 include/linux/mm.h: VM_READ, VM_WRITE, VM_EXEC
using vm_flags_t = std::uint8_t;
inline constexpr vm_flags_t kVmRead = 1;  ///< the hardware may: whatever is allowed, x86 reads
inline constexpr vm_flags_t kVmWrite = 2;
inline constexpr vm_flags_t kVmExec = 4;
inline constexpr vm_flags_t kVmNoRead = 8;  ///< but nobody has asked for PROT_READ: no VM_READ

enum class VmaKind : std::uint8_t { SharedFile, PrivateFile, Anonymous };

/// linux v6.12 include/linux/mm_types.h: vm_area_struct. [mm.mmap_lock]
struct vm_area_struct {
  mm_struct* mm = nullptr;
  VmaKind kind = VmaKind::SharedFile;
  unsigned first_page = 0;  ///< vm_start, in pages of the address space
  unsigned end_page = 0;    ///< vm_end
  address_space* file = nullptr;
  unsigned pgoff = 0;
  Cell<bool> anon_ready;     ///< vma->anon_vma is set
  anon_vma* anon = nullptr;  ///< the anon_vma that it gets when it needs one
  /// By how much the index of anonymous pages differs from their page number: where mremap() has
  /// moved the mapping from. (Linux: vm_pgoff of an anonymous VMA.)
  unsigned moved_by = 0;
  Cell<vm_flags_t> vm_flags;  ///< only if System::has_protection; else all is allowed
  bool vm_locked = false;     ///< VM_LOCKED
  bool on_fault = false;      ///< VM_LOCKONFAULT
  bool may_write = true;      ///< VM_MAYWRITE
  bool dont_copy = false;     ///< VM_DONTCOPY: fork() leaves it out
  bool wipe_on_fork = false;  ///< VM_WIPEONFORK: the child has none of its pages
  bool attached = false;      ///< in the mm's tree: faults can find it

  unsigned index_of(unsigned page) const { return pgoff + (page - first_page); }
  unsigned anon_index_of(unsigned page) const { return page + moved_by; }
};

/// linux v6.12 include/linux/mm_types.h: vm_lock, vm_lock_seq and detached of vm_area_struct
struct vma_lock {
  kernel::rw_semaphore rwsem;
  Cell<std::uint32_t> seq;  ///< of mm.mm_lock_seq when it was last marked; 0: never
  Cell<bool> detached;
};

/// A table of leaf entries and the entry that points to it.
struct page_table {
  machine::pmd_t pmd;
  kernel::spinlock_t ptl;
  kernel::spinlock_t pmd_lock;  ///< of the entry itself; only where it may be huge
  machine::TablePage page;      ///< its memory, where the scenario has lockless walks
  Cell<std::uint32_t> tlb_gen;  ///< with generations: of its last change; see mm/tlb_gen.h
  unsigned first_page = 0;
  unsigned end_page = 0;
};

/// Whether fork() has made a process that the scenario declares as a child.
enum class Birth : std::uint8_t {
  Awaited,
  Born,
  Never,  ///< the thread that would have called fork() has ended
};

/// linux v6.12 include/linux/mm_types.h: mm_struct
struct mm_struct {
  mm_struct() {}  // Not defaulted: resetting it must not zero what the vectors do not hold.

  unsigned id = 0;
  kernel::rw_semaphore mmap_lock;
  Cell<int> mm_users;                     ///< threads that run in it
  Cell<int> tlb_flush_pending;            ///< gathers under way
  Cell<std::uint32_t> tlb_flush_batched;  ///< reclaim's unmappings, and << 16 those flushed
  Cell<std::uint32_t> tlb_gen_pending;    ///< with generations: changes whose flush was put off
  Cell<std::uint32_t> tlb_gen_completed;  ///< and those that flushes have completed
  Cell<std::uint32_t> write_protect_seq;  ///< odd while fork() copies; only where pages are pinned
  Cell<bool> exiting;   ///< exit_group() was called: threads stop at their next instruction
  Cell<bool> unstable;  ///< MMF_UNSTABLE: the OOM reaper may have taken pages
  Cell<bool> oom_skip;  ///< MMF_OOM_SKIP: nothing is left for the OOM reaper
  cpumask_t cpumask;    ///< CPUs whose TLB may hold its entries: see mm_cpumask()
  /// CPUs that run its threads, as bits, where that changes: only if System::recycles.
  Cell<std::uint32_t> running;
  bool has_running = false;
  machine::mm_context context;  ///< where Arch::uses_context
  bool has_context = false;
  // If it is a child that is to be born:
  mm_struct* parent = nullptr;
  Cell<Birth> birth;
  EventId* born_at = nullptr;
  KeptVector<vm_area_struct> vmas;
  // If System::has_vma_locks:
  StableVector<vma_lock> vma_locks;  ///< of the VMAs, in their order
  Cell<std::uint32_t> mm_lock_seq;   ///< [mmap_lock for writing]
  Cell<std::uint32_t> mm_mt;         ///< changes whenever the tree of VMAs does
  StableVector<page_table> tables;
  StableVector<PteSlot> ptes;  ///< by page number
  machine::pmd_t pud;          ///< above `huge_pmds`: always there
  StableVector<PteSlot> huge_pmds;

  /// Address spaces do not overlap, so that an address in a report says whose it is.
  static constexpr unsigned kFirstUserPage = 16;
  static constexpr unsigned kUserPages = 64;
  std::uint64_t base = 0;  ///< where all address spaces begin, if they do overlap
  std::uint64_t first_page() const {
    return base != 0 ? base / kPageSizeBytes : kFirstUserPage + id * kUserPages;
  }
  Vaddr va_of(unsigned page) const { return Vaddr((first_page() + page) * kPageSizeBytes); }
  unsigned page_of(Vaddr va) const {
    return static_cast<unsigned>(to_bytes(va) / kPageSizeBytes - first_page());
  }

  PteSlot& pte(unsigned page) { return ptes[page]; }
  page_table& table_of(unsigned page) {
    return *std::find_if(tables.begin(), tables.end(),
                         [page](const page_table& table) { return page < table.end_page; });
  }
};

enum class FaultResult : std::uint8_t { Done, Sigsegv, Sigbus };

/// A page that a call of the thread has got and not given back, with what that added to its count.
struct held_page {
  Pfn pfn = kNoPfn;
  std::uint16_t refs = 0;
};

class encoded_page;

/// A thread with its address space, if it has one.
struct thread : task_struct {
  mm_struct* mm = nullptr;
  /// By SIGSEGV or exit_group(): the thread executes nothing more.
  /// differs: a SIGSEGV ends this thread only, as if the others were slow to take the signal.
  bool killed = false;
  bool gone = false;  ///< has dropped its use of the address space
  /// Folios that no other CPU can take: a per-CPU free list.
  folio* free_folios = nullptr;
  unsigned nr_free_folios = 0;
  FaultResult fault = FaultResult::Done;  ///< the last one that was not handled
  kernel::rcu_reader rcu;
  /// By page: the version of its entry that the unmapping call under way has left behind.
  std::span<std::uint32_t> zapped_at;
  std::span<std::uint32_t> zapped_huge_at;  ///< the same of PteSlot::huge(), where there are any
  KeptVector<encoded_page> gathered;        ///< the pages of its mmu_gather
  KeptVector<page_table*> gathered_tables;  ///< its tables; if System::follows_tables
  std::array<held_page, 4> held_pages{};
  System* system = nullptr;
};

}  // namespace mmcheck::mm

// SPDX-License-Identifier: Apache-2.0
// The questions on which the designs differ. Each is one interface with one virtual step; a design
// (src/design) is a choice of one answer to each. Mechanism is elsewhere and asks.
#pragma once

#include "machine/arch/x86_tlb.h"
#include "machine/machine.h"

namespace mmcheck::mm {

/// What zap_pte_range knows about an entry that it has just cleared.
struct zap_entry {
  machine::pte_t pte;     ///< what the entry held
  bool anon = false;      ///< an anonymous page, not one of the page cache
  bool fullmm = false;    ///< the whole address space goes away (exit)
  bool dontneed = false;  ///< the mapping stays (MADV_DONTNEED), so others may fault in a new page
  bool write_locked = false;  ///< mmap_lock is held for writing (MAP_FIXED)
};

/// When the page stops to count as mapped (_mapcount drops, rmap walks miss it).
enum class RmapRemoval : std::uint8_t {
  Now,         ///< before the flush, as each entry is cleared
  AfterFlush,  ///< once no TLB holds the entry, still under the PTL (tlb_flush_rmaps)
  AtFree,      ///< when the gather frees the page, after the PTL is dropped
};

/// When the entry's D bit reaches the page.
enum class DirtyTransfer : std::uint8_t {
  Now,        ///< as the entry is cleared
  WithBatch,  ///< carried in the gather's encoded pointer, set after the flush
};

/// When TLBs must have let go of the entry.
enum class FlushTime : std::uint8_t {
  AtFinish,      ///< when the gather is full or finished: after the PTL is dropped
  BeforeUnlock,  ///< before the PTL is dropped (force_flush)
  AtOnce,        ///< before anything else is done with the page
};

/// How zap_pte_range treats one entry.
class ZapPolicy {
 public:
  struct Treatment {
    RmapRemoval rmap = RmapRemoval::Now;
    DirtyTransfer dirty = DirtyTransfer::Now;
    FlushTime flush = FlushTime::AtFinish;
  };
  virtual Treatment treat(const zap_entry& entry) const = 0;

 protected:
  ~ZapPolicy() = default;
};

/// What mmu_gather may do while rmap removals are outstanding, and where it looks for them.
class GatherPolicy {
 public:
  /// May a further batch be started? `active_is_local`: the active batch is the one on the stack.
  virtual bool may_start_batch(bool delayed_rmap, bool active_is_local) const = 0;
  /// Does tlb_flush_rmaps look at the batch on the stack too, when another one is active?
  virtual bool walks_local_batch() const = 0;

 protected:
  ~GatherPolicy() = default;
};

/// Whether a page stops to count as mapped before the reference of the mapping is dropped.
enum class RmapVersusPut : std::uint8_t { RmapFirst, PutFirst };

/// A spinlock for marking a page dirty and for cleaning it, one of a few by a hash of the page.
enum class DirtyLock : std::uint8_t {
  None,
  AroundDirtying,  ///< around set_page_dirty() and those parts of folio_mkclean() that cannot sleep
  AroundMkclean,   ///< around all of folio_mkclean()
};

/// How the reverse map keeps the mover of memcg charges away: see mm/memcontrol.h.
enum class RmapMemcgLock : std::uint8_t {
  None,            ///< the mover holds the page-table lock, as who changes the rmap does
  BeforeMapcount,  ///< lock_page_memcg() around map count and statistics
  AfterMapcount,   ///< lock_page_memcg() around the statistics
};

enum class MoverPtl : std::uint8_t { Held, NotTaken };
/// Whether charges of pages of files move that the entry does not map.
enum class MoveUnmapped : std::uint8_t { IfMappedNowhere, Yes, No };

struct ChargeMover {
  MoverPtl ptl = MoverPtl::Held;
  MoveUnmapped unmapped = MoveUnmapped::IfMappedNowhere;
};

// How a walk makes sure of an anon_vma: see mm/anon_vma.cc.
enum class AnonRecheck : std::uint8_t { Done, Dropped };
enum class AnonGet : std::uint8_t { NotZero, Always };
enum class AnonSlab : std::uint8_t { TypesafeByRcu, FreedAtOnce };

/// What mlock's batches make of the flags beside a page, and whether they hold the page.
enum class MlockFlags : std::uint8_t { AsEncoded, AsBool };
enum class MlockBatchRef : std::uint8_t { Taken, NotTaken };

enum class PtlAtFlush : std::uint8_t { Held, Dropped };
enum class FlushVersusFree : std::uint8_t { FlushFirst, FreeFirst };
enum class Flushes : std::uint8_t { Done, Omitted };
enum class NestedRule : std::uint8_t { Kept, Dropped };
enum class PvmwSync : std::uint8_t { Yes, No };
enum class BatchFlush : std::uint8_t { Done, Omitted };
/// How zap waits for reclaim's deferred flushes. Only arm64 has something to wait for without a
/// flush: v6.6 had it like that.
enum class BatchedPending : std::uint8_t { Flush, Dsb };
enum class ZapFolioLock : std::uint8_t { NotTaken, Taken };
/// How the mappings of a large folio are counted: page by page, or in one sum.
enum class LargeMapcount : std::uint8_t { PerPage, Sum };
/// Whether zap_pte_range treats the entries of one folio together (folio_pte_batch).
enum class ZapBatch : std::uint8_t { Entry, Folio };
/// When GUP-fast looks at the entry again, and at how much of it.
enum class GupRecheck : std::uint8_t { AfterGrab, BeforeGrab, PfnOnly, None };
enum class GupGrab : std::uint8_t { UnlessZero, Always };
enum class GupIrqs : std::uint8_t { Off, On };
enum class GupWriteCheck : std::uint8_t { Done, Omitted };

/// Which regions a grace period waits for. Before v4.20 synchronize_rcu() did not wait for those
/// with interrupts off; synchronize_sched() did.
enum class RcuReaders : std::uint8_t { IrqsOff, None };
enum class ReclaimPins : std::uint8_t { Respected, Ignored };
/// How a table is freed: after a grace period (MMU_GATHER_RCU_TABLE_FREE), or as pages are, which
/// is right where the flush is an IPI that waits for walkers.
enum class TableFree : std::uint8_t { Rcu, WithPages };
/// Where there is no memory to gather tables: are walk caches flushed, and walkers waited for,
/// before a table is freed?
enum class TableInvalidate : std::uint8_t { Done, Omitted };
enum class TableSync : std::uint8_t { Done, Omitted };
enum class FlushVersusTables : std::uint8_t { FlushFirst, TablesFirst };

/// exit_group(): the address space goes away with its last thread, or under the others.
enum class ExitWaits : std::uint8_t { ForThreads, ForNobody };

/// Which walks of folio_mkclean look for a flush that has been put off.
enum class MkcleanCheck : std::uint8_t { AnyEntry, EntryFound };
enum class GenerationCheck : std::uint8_t { Yes, No };
enum class GenerationCount : std::uint8_t { AfterClear, BeforeClear };
enum class GenerationComplete : std::uint8_t { AfterFlush, Early };

/// Where generations (mm/tlb_gen.h) are counted and looked at.
struct Generations {
  GenerationCheck zap = GenerationCheck::Yes;
  GenerationCheck fault = GenerationCheck::Yes;
  MkcleanCheck mkclean = MkcleanCheck::AnyEntry;
  GenerationCheck unlink_vma = GenerationCheck::Yes;
  GenerationCount count = GenerationCount::AfterClear;
  GenerationComplete complete = GenerationComplete::AfterFlush;
};

/// A step that a mutation leaves out.
enum class Step : std::uint8_t { Kept, Dropped };

/// Moving and splitting folios.
struct MigratePolicies {
  Step flush = Step::Kept;          ///< as an entry becomes a migration entry
  Step collect_flush = Step::Kept;  ///< under the PTL; dropped: behind it, as before v6.0
  Step collect_lock = Step::Kept;   ///< until all is over; dropped: until the entry is replaced
  Step split_freeze = Step::Kept;
  Step gup_folio_recheck = Step::Kept;  ///< GUP-fast: is the page still in the folio it has got?
};

/// Changing the protection of a mapping.
struct ProtectPolicies {
  Step flush = Step::Kept;            ///< before the call returns
  Step batched_pending = Step::Kept;  ///< flush_tlb_batched_pending() in change_pte_range
  Step exchange = Step::Kept;         ///< dropped: the entry is read, and written later
  Step dirty_check = Step::Kept;      ///< of an entry of a file that is made writable
  Step start_write = Step::Kept;      ///< of the VMA's lock
  Step flush_pending = Step::Kept;    ///< pte_accessible() looks at mm.tlb_flush_pending
};

/// When mremap() flushes what it has moved.
enum class MremapFlush : std::uint8_t {
  UnderPtls,  ///< before either lock is dropped
  /// Of dirty entries after the new table's lock is dropped, and before the old one's; of clean
  /// ones after both: as until v4.19 (CVE-2018-18281).
  DirtyUnderOldPtl,
  AfterPtls,
};

struct MremapPolicies {
  MremapFlush flush = MremapFlush::UnderPtls;
  Step rmap_locks = Step::Kept;       ///< where walks of the reverse map meet the new place first
  Step batched_pending = Step::Kept;  ///< flush_tlb_batched_pending() in move_ptes
};

/// What reclaim looks at before it drops a lazyfree page, and when.
struct LazyfreePolicies {
  Step flush = Step::Kept;             ///< of entries that MADV_FREE has cleaned
  Step batched_pending = Step::Kept;   ///< flush_tlb_batched_pending() in madvise_free_pte_range
  Step ref_check = Step::Kept;         ///< is the page its mappings' only?
  Step clear_before_ref = Step::Kept;  ///< the entry is cleared before the count is read
  Step dirty_check = Step::Kept;
  Step ref_before_dirty = Step::Kept;  ///< dropped: the flag is read before the count
};

/// When fork() makes TLBs forget that the parent's pages were writable.
enum class ForkFlush : std::uint8_t { BeforeUnlock, AfterUnlock, Omitted };

/// fork(), in the same order in all designs.
struct ForkPolicies {
  ForkFlush flush = ForkFlush::BeforeUnlock;
  Step vma_start_write = Step::Kept;    ///< dup_mmap() locks each VMA of the parent
  Step write_protect_seq = Step::Kept;  ///< GUP-fast looks whether fork() came in between
  Step pin_check = Step::Kept;          ///< pinned pages are copied at once
  Step clear_exclusive = Step::Kept;    ///< a page that the child maps too is not exclusive
  Step anon_vma_fork = Step::Kept;
};

/// Which count says that nobody else has an anonymous page. Until v5.8 it was the map count.
enum class CowReuse : std::uint8_t { RefCount, MapCount };
/// In which order wp_page_copy() replaces the entry.
enum class CowOrder : std::uint8_t { ClearFlushSet, SetFlush };
/// When it drops what the old entry held.
enum class CowPut : std::uint8_t { AfterSwitch, BeforeClear };

/// Copy on write.
struct CowPolicies {
  CowReuse reuse = CowReuse::RefCount;
  CowOrder order = CowOrder::ClearFlushSet;
  CowPut put = CowPut::AfterSwitch;
  Step gup_unshare = Step::Kept;  ///< a page that is pinned for reading becomes exclusive first
};

/// What a fault locks first.
enum class FaultLock : std::uint8_t { Vma, MmapLock };

/// The protocol of VMA locks.
struct VmaLockPolicies {
  FaultLock fault = FaultLock::Vma;
  Step start_write = Step::Kept;
  Step seq_recheck = Step::Kept;
  Step detached_check = Step::Kept;
};

/// zap_huge_pmd of a file's folio.
enum class ZapHugeOrder : std::uint8_t {
  RmapDirty,       ///< rmap removed, folio dirty; the flush comes with the gather's
  DirtyFlushRmap,  ///< all under the PMD's lock, as zap_pte_range does it
};

/// Reclaim, in the same order in all designs; mutations and variants change it in one place.
struct ReclaimPolicies {
  PvmwSync referenced_walk = PvmwSync::No;
  PvmwSync unmap_walk = PvmwSync::No;  ///< TTU_SYNC
  /// Linux leaves it out: a dirty page of a file is unlocked while its flush is pending.
  Step flush_before_unlock = Step::Dropped;
  Step flush_before_free = Step::Kept;  ///< dropped: after it
  Step ref_freeze = Step::Kept;         ///< dropped: the count is looked at, but not frozen
  Step batched_pending = Step::Kept;    ///< flush_tlb_batched_pending() in zap_pte_range
  // Swap.
  Step unmap_flush_dirty = Step::Kept;  ///< try_to_unmap_flush_dirty() before pageout()
  Step swap_dirty = Step::Kept;         ///< add_to_swap() marks the folio dirty
  Step swap_duplicate = Step::Kept;
  Step swap_count_check = Step::Kept;  ///< folio_free_swap() leaves slots that entries refer to
  Step swap_pte_same = Step::Kept;     ///< do_swap_page() looks at the entry again
  // The OOM reaper.
  Step reaper_gathers_vma = Step::Kept;  ///< dropped: one that says fullmm
};

/// One memory manager. Everything that a design does not name is as in linux-6.12.
struct Policies {
  const ZapPolicy* zap = nullptr;
  const GatherPolicy* gather = nullptr;
  const machine::Arch* arch = nullptr;
  /// Null: what Linux has, tlb_flush_pending and tlb_flush_batched.
  const Generations* generations = nullptr;
  // The rest is the same in all designs of the thread; mutations change it.
  PtlAtFlush ptl_at_flush = PtlAtFlush::Held;
  FlushVersusFree flush_versus_free = FlushVersusFree::FlushFirst;
  Flushes flushes = Flushes::Done;
  NestedRule nested_rule = NestedRule::Kept;
  PvmwSync mkclean_walk = PvmwSync::Yes;
  BatchFlush batch_flush = BatchFlush::Done;
  BatchedPending batched_pending = BatchedPending::Flush;
  ZapFolioLock zap_folio_lock = ZapFolioLock::NotTaken;
  ExitWaits exit_waits = ExitWaits::ForThreads;
  machine::X86TlbPolicy x86_tlb{};
  RmapVersusPut rmap_versus_put = RmapVersusPut::RmapFirst;
  DirtyLock dirty_lock = DirtyLock::None;
  LargeMapcount large_mapcount = LargeMapcount::Sum;
  ZapBatch zap_batch = ZapBatch::Folio;
  ZapHugeOrder zap_huge_order = ZapHugeOrder::RmapDirty;
  Step pmdp_invalidate = Step::Kept;         ///< dropped: the entry is none for a moment
  Step truncate_waits_for_zap = Step::Kept;  ///< of a huge entry
  MigratePolicies migrate{};
  VmaLockPolicies vma_lock{};
  ProtectPolicies protect{};
  MremapPolicies mremap{};
  LazyfreePolicies lazyfree{};
  RcuReaders rcu_readers = RcuReaders::IrqsOff;
  ReclaimPins reclaim_pins = ReclaimPins::Respected;
  TableFree table_free = TableFree::Rcu;
  TableInvalidate table_invalidate = TableInvalidate::Done;
  TableSync table_sync = TableSync::Done;
  FlushVersusTables flush_versus_tables = FlushVersusTables::FlushFirst;
  GupRecheck gup_recheck = GupRecheck::AfterGrab;
  GupGrab gup_grab = GupGrab::UnlessZero;
  GupIrqs gup_irqs = GupIrqs::Off;
  GupWriteCheck gup_write_check = GupWriteCheck::Done;
  AnonRecheck anon_recheck = AnonRecheck::Done;
  AnonGet anon_get = AnonGet::NotZero;
  AnonSlab anon_slab = AnonSlab::TypesafeByRcu;
  MlockFlags mlock_flags = MlockFlags::AsEncoded;
  MlockBatchRef mlock_batch_ref = MlockBatchRef::Taken;
  RmapMemcgLock rmap_memcg_lock = RmapMemcgLock::None;
  ChargeMover charge_mover{};
  ReclaimPolicies reclaim{};
  ForkPolicies fork{};
  CowPolicies cow{};
};

}  // namespace mmcheck::mm

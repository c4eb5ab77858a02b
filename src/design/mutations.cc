// SPDX-License-Identifier: Apache-2.0
// linux-6.12 with one step dropped or moved. A rule that no mutation can break is not checked.
#include "design/mutations.h"

#include <array>
#include <vector>

namespace mmcheck::design {

namespace {

using mm::Policies;

/// Walks only the active batch although linux-6.12 fills two.
class ActiveBatchOnly final : public mm::GatherPolicy {
 public:
  bool may_start_batch(bool delayed_rmap, bool active_is_local) const override {
    return kLocalAndActive.may_start_batch(delayed_rmap, active_is_local);
  }
  bool walks_local_batch() const override { return false; }
};
constexpr ActiveBatchOnly kActiveBatchOnly;

/// Delays the rmap, but lets the flush wait until the gather is finished.
class NoForceFlush final : public mm::ZapPolicy {
 public:
  Treatment treat(const mm::zap_entry& entry) const override {
    Treatment treatment = kDelayedRmap.treat(entry);
    treatment.flush = mm::FlushTime::AtFinish;
    return treatment;
  }
};
constexpr NoForceFlush kNoForceFlush;

/// Removes the rmap of anonymous pages late too: delayed past unlink_anon_vmas().
class AnonRmapAtFree final : public mm::ZapPolicy {
 public:
  Treatment treat(const mm::zap_entry& entry) const override {
    Treatment treatment = kDelayedRmap.treat(entry);
    if (entry.anon) treatment.rmap = mm::RmapRemoval::AtFree;
    return treatment;
  }
};
constexpr AnonRmapAtFree kAnonRmapAtFree;

/// Forces no flush of dirty pages of files where `Free` says so: they are treated like clean ones.
template <typename Free>
class UnforcedWhere final : public mm::ZapPolicy {
 public:
  Treatment treat(const mm::zap_entry& entry) const override {
    return Free()(entry) ? Treatment{} : kDelayedRmap.treat(entry);
  }
};
struct Always {
  bool operator()(const mm::zap_entry&) const { return true; }
};
struct ReadLocked {
  bool operator()(const mm::zap_entry& entry) const { return !entry.write_locked; }
};
struct WriteLocked {
  bool operator()(const mm::zap_entry& entry) const { return entry.write_locked; }
};
constexpr UnforcedWhere<Always> kUnforced;
constexpr UnforcedWhere<ReadLocked> kUnforcedReadLocked;
constexpr UnforcedWhere<WriteLocked> kUnforcedWriteLocked;
/// Everything that the flush lets go of waits until then, and nothing forces the flush.
class DirtyAndRmapAtFree final : public mm::ZapPolicy {
 public:
  Treatment treat(const mm::zap_entry& entry) const override {
    if (entry.anon || !machine::pte_dirty(entry.pte)) return {};
    return {.rmap = mm::RmapRemoval::AtFree, .dirty = mm::DirtyTransfer::WithBatch};
  }
};
constexpr DirtyAndRmapAtFree kDirtyAndRmapAtFree;

/// Where a flush sends no IPI, interrupts that are off make nobody wait: the steps that GUP-fast is
/// left with then can be told from steps that do nothing.
template <typename Change>
Policies changed_on_s390(Change change) {
  Policies policies = linux_6_12(machine::s390());
  change(policies);
  return policies;
}

const Policies kNoPvmwSync = changed([](Policies& p) { p.mkclean_walk = mm::PvmwSync::No; });
const Policies kFlushAfterPtl =
    changed([](Policies& p) { p.ptl_at_flush = mm::PtlAtFlush::Dropped; });
const Policies kRmapBeforeFlush = changed([](Policies& p) { p.zap = &kEarlyRmap; });
const Policies kScanActiveOnly = changed([](Policies& p) { p.gather = &kActiveBatchOnly; });
const Policies kFreeBeforeFlush =
    changed([](Policies& p) { p.flush_versus_free = mm::FlushVersusFree::FreeFirst; });
const Policies kNoFlush = changed([](Policies& p) { p.flushes = mm::Flushes::Omitted; });
const Policies kNoNestedRule =
    changed([](Policies& p) { p.nested_rule = mm::NestedRule::Dropped; });
const Policies kZapLocksFolio =
    changed([](Policies& p) { p.zap_folio_lock = mm::ZapFolioLock::Taken; });
const Policies kNoForcedFlush = changed([](Policies& p) { p.zap = &kNoForceFlush; });
const Policies kNoGupRecheck =
    changed_on_s390([](Policies& p) { p.gup_recheck = mm::GupRecheck::None; });
const Policies kGupRecheckFirst =
    changed_on_s390([](Policies& p) { p.gup_recheck = mm::GupRecheck::BeforeGrab; });
const Policies kGupRecheckPfn =
    changed_on_s390([](Policies& p) { p.gup_recheck = mm::GupRecheck::PfnOnly; });
const Policies kGupRefAlways =
    changed_on_s390([](Policies& p) { p.gup_grab = mm::GupGrab::Always; });
const Policies kGupIrqsOn = changed([](Policies& p) { p.gup_irqs = mm::GupIrqs::On; });
const Policies kNoGupWriteCheck =
    changed([](Policies& p) { p.gup_write_check = mm::GupWriteCheck::Omitted; });
const Policies kTablesFirst =
    changed([](Policies& p) { p.flush_versus_tables = mm::FlushVersusTables::TablesFirst; });
const Policies kNoTableInvalidate =
    changed([](Policies& p) { p.table_invalidate = mm::TableInvalidate::Omitted; });
const Policies kNoTableRcu =
    changed_on_s390([](Policies& p) { p.table_free = mm::TableFree::WithPages; });
const Policies kNoTableSync =
    changed_on_s390([](Policies& p) { p.table_sync = mm::TableSync::Omitted; });
const Policies kRcuIgnoresIrqsOff =
    changed_on_s390([](Policies& p) { p.rcu_readers = mm::RcuReaders::None; });
const Policies kReclaimIgnoresPins =
    changed([](Policies& p) { p.reclaim_pins = mm::ReclaimPins::Ignored; });
const Policies kLateAnonRmap = changed([](Policies& p) { p.zap = &kAnonRmapAtFree; });
const Policies kArm64DsbForPending =
    changed([](Policies& p) { p.batched_pending = mm::BatchedPending::Dsb; }, machine::arm64());
const Policies kArm64NoBatchDsb =
    changed([](Policies& p) { p.batch_flush = mm::BatchFlush::Omitted; }, machine::arm64());
const Policies kSharedUnforced = changed([](Policies& p) { p.zap = &kUnforced; });
const Policies kReadLockedUnforced = changed([](Policies& p) { p.zap = &kUnforcedReadLocked; });
const Policies kWriteLockedUnforced = changed([](Policies& p) { p.zap = &kUnforcedWriteLocked; });
const Policies kExitAmongThreads = changed([](Policies& p) {
  p.zap = &kNoForceAtExit;
  p.exit_waits = mm::ExitWaits::ForNobody;
});
const Policies kArm64ExitAmongThreads =
    changed([](Policies& p) { p.exit_waits = mm::ExitWaits::ForNobody; }, machine::arm64());

/// amit-tlb-generation with one thing changed.
template <typename Change>
mm::Generations generations(Change change) {
  mm::Generations generations;
  change(generations);
  return generations;
}
Policies with(const mm::Generations& generations) {
  return {.zap = &kRmapByGeneration,
          .gather = &kAnyBatch,
          .arch = &machine::x86_64(),
          .generations = &generations,
          .nested_rule = mm::NestedRule::Dropped};
}
using mm::Generations;
const Generations kMkcleanEntry =
    generations([](Generations& g) { g.mkclean = mm::MkcleanCheck::EntryFound; });
const Generations kUncheckedUnlink =
    generations([](Generations& g) { g.unlink_vma = mm::GenerationCheck::No; });
const Generations kUncheckedFault =
    generations([](Generations& g) { g.fault = mm::GenerationCheck::No; });
const Generations kUncheckedZap =
    generations([](Generations& g) { g.zap = mm::GenerationCheck::No; });
const Generations kCountedEarly =
    generations([](Generations& g) { g.count = mm::GenerationCount::BeforeClear; });
const Generations kCompletedEarly =
    generations([](Generations& g) { g.complete = mm::GenerationComplete::Early; });
const Policies kGenMkcleanEntry = with(kMkcleanEntry);
const Policies kGenUncheckedUnlink = with(kUncheckedUnlink);
const Policies kGenUncheckedFault = with(kUncheckedFault);
const Policies kGenUncheckedZap = with(kUncheckedZap);
const Policies kGenCountedEarly = with(kCountedEarly);
const Policies kGenCompletedEarly = with(kCompletedEarly);
const Policies kThirdBatch = changed([](Policies& p) { p.gather = &kAnyBatch; });
const Policies kPutBeforeRmap = changed([](Policies& p) {
  p.zap = &kFileRmapAtFree;
  p.rmap_versus_put = mm::RmapVersusPut::PutFirst;
});
const Policies kLateDirtyAndRmap = changed([](Policies& p) { p.zap = &kDirtyAndRmapAtFree; });
const Policies kDirtyLockOverMkclean =
    changed([](Policies& p) { p.dirty_lock = mm::DirtyLock::AroundMkclean; });
const Policies kMoverWithoutPtl =
    changed([](Policies& p) { p.charge_mover.ptl = mm::MoverPtl::NotTaken; });
const Policies kNoAnonRecheck =
    changed([](Policies& p) { p.anon_recheck = mm::AnonRecheck::Dropped; });
const Policies kAnonGetAlways = changed([](Policies& p) { p.anon_get = mm::AnonGet::Always; });
const Policies kAnonSlabFreedAtOnce =
    changed([](Policies& p) { p.anon_slab = mm::AnonSlab::FreedAtOnce; });
const Policies kMlockFlagsAsBool =
    changed([](Policies& p) { p.mlock_flags = mm::MlockFlags::AsBool; });
const Policies kMlockBatchNoRef =
    changed([](Policies& p) { p.mlock_batch_ref = mm::MlockBatchRef::NotTaken; });
const Policies kFreeBeforeUnmapFlush =
    changed([](Policies& p) { p.reclaim.flush_before_free = mm::Step::Dropped; });
const Policies kNoRefFreeze =
    changed([](Policies& p) { p.reclaim.ref_freeze = mm::Step::Dropped; });
const Policies kNoBatchedPending =
    changed([](Policies& p) { p.reclaim.batched_pending = mm::Step::Dropped; });
const Policies kNoUnmapFlushDirty =
    changed([](Policies& p) { p.reclaim.unmap_flush_dirty = mm::Step::Dropped; });
const Policies kSwapClean = changed([](Policies& p) { p.reclaim.swap_dirty = mm::Step::Dropped; });
const Policies kNoSwapDuplicate =
    changed([](Policies& p) { p.reclaim.swap_duplicate = mm::Step::Dropped; });
const Policies kFreeSwapInUse =
    changed([](Policies& p) { p.reclaim.swap_count_check = mm::Step::Dropped; });
const Policies kNoSwapPteSame =
    changed([](Policies& p) { p.reclaim.swap_pte_same = mm::Step::Dropped; });

const Policies kCollectUnlocksEarly =
    changed([](Policies& p) { p.migrate.collect_lock = mm::Step::Dropped; });
const Policies kCollectFlushAfterPtl =
    changed([](Policies& p) { p.migrate.collect_flush = mm::Step::Dropped; });
const Policies kMigrateNoFlush = changed([](Policies& p) { p.migrate.flush = mm::Step::Dropped; });
const Policies kSplitNoFreeze =
    changed([](Policies& p) { p.migrate.split_freeze = mm::Step::Dropped; });
const Policies kNoFolioRecheck =
    changed_on_s390([](Policies& p) { p.migrate.gup_folio_recheck = mm::Step::Dropped; });
const Policies kNoVmaStartWrite =
    changed([](Policies& p) { p.vma_lock.start_write = mm::Step::Dropped; });
const Policies kNoVmaSeqRecheck =
    changed([](Policies& p) { p.vma_lock.seq_recheck = mm::Step::Dropped; });
const Policies kNoVmaDetachedCheck =
    changed([](Policies& p) { p.vma_lock.detached_check = mm::Step::Dropped; });
const Policies kPmdTransientNone =
    changed([](Policies& p) { p.pmdp_invalidate = mm::Step::Dropped; });
const Policies kTruncateNoWait =
    changed([](Policies& p) { p.truncate_waits_for_zap = mm::Step::Dropped; });
using Tlb = machine::X86TlbPolicy;
const Policies kMaskBeforeGen =
    changed([](Policies& p) { p.x86_tlb.flusher = Tlb::Flusher::ReadsMaskFirst; });
const Policies kSkipSwitchingCpu =
    changed([](Policies& p) { p.x86_tlb.switching_cpu = Tlb::SwitchingCpu::Skipped; });
const Policies kSkipLazyTables =
    changed([](Policies& p) { p.x86_tlb.lazy_cpu = Tlb::LazyCpu::Skipped; });
const Policies kSwitchGenFirst =
    changed([](Policies& p) { p.x86_tlb.switch_mm = Tlb::Switch::ReadsGenFirst; });
const Policies kSwitchNoGen =
    changed([](Policies& p) { p.x86_tlb.switch_mm = Tlb::Switch::IgnoresGen; });
const Policies kLazyGenFirst =
    changed([](Policies& p) { p.x86_tlb.lazy_return = Tlb::LazyReturn::ReadsGenFirst; });
const Policies kLazyNoGen =
    changed([](Policies& p) { p.x86_tlb.lazy_return = Tlb::LazyReturn::IgnoresGen; });
const Policies kFlushOwnRange =
    changed([](Policies& p) { p.x86_tlb.flush_func = Tlb::FlushFunc::OwnRange; });
const Policies kS390AttachWithoutWait{.zap = &kEarlyRmap,
                                      .gather = &kAnyBatch,
                                      .arch = &machine::s390(machine::S390Attach::WithoutWait)};
const Policies kS390AttachWithoutFlush{.zap = &kEarlyRmap,
                                       .gather = &kAnyBatch,
                                       .arch = &machine::s390(machine::S390Attach::WithoutFlush)};

const std::array kMutations{
    Design{"linux-6.12/no-pvmw-sync", "folio_mkclean peeks at entries without the PTL",
           "drops PVMW_SYNC in mm/rmap.c: folio_mkclean", &kNoPvmwSync},
    Design{"linux-6.12/flush-after-ptl", "the forced flush comes after the PTL is dropped",
           "moves tlb_flush_mmu_tlbonly in mm/memory.c: zap_pte_range", &kFlushAfterPtl},
    Design{"linux-6.12/rmap-before-flush", "the rmap is removed as the entry is cleared",
           "drops delay_rmap in mm/memory.c: zap_present_folio_ptes", &kRmapBeforeFlush},
    Design{"linux-6.12/scan-active-batch", "delayed removals in the local batch are forgotten",
           "drops the local batch in mm/mmu_gather.c: tlb_flush_rmaps", &kScanActiveOnly},
    Design{"linux-6.12/free-before-flush", "pages are freed before TLBs are flushed",
           "swaps the steps of mm/mmu_gather.c: tlb_flush_mmu", &kFreeBeforeFlush},
    Design{"linux-6.12/no-flush", "TLBs are never flushed by the gather",
           "drops tlb_flush in include/asm-generic/tlb.h: tlb_flush_mmu_tlbonly", &kNoFlush},
    Design{"linux-6.12/no-nested-rule", "a gather does not care for others on the same mm",
           "drops mm_tlb_flush_nested in mm/mmu_gather.c: tlb_finish_mmu", &kNoNestedRule},
    Design{"linux-6.12/no-force-flush", "delayed rmap, but nothing forces the flush",
           "drops force_flush in mm/memory.c: zap_present_folio_ptes", &kNoForcedFlush},
    Design{"linux-6.12/zap-locks-folio", "zap takes the page lock to mark the page dirty",
           "adds folio_lock in mm/memory.c: zap_present_folio_ptes", &kZapLocksFolio},
    Design{"linux-6.12/late-anon-rmap", "anonymous pages keep their rmap until they are freed",
           "Torvalds, 31 Oct 2022, for anonymous pages only", &kLateAnonRmap},
    Design{"linux-6.12/unforced", "dirty pages of files are zapped like clean ones",
           "drops delay_rmap and force_flush in mm/memory.c: zap_present_folio_ptes",
           &kSharedUnforced},
    Design{"linux-6.12/unforced-read-locked", "the same where mmap_lock is held for reading",
           "Torvalds, 27 Oct 2022, question (c)", &kReadLockedUnforced},
    Design{"linux-6.12/unforced-write-locked", "the same where mmap_lock is held for writing",
           "Torvalds, 27 Oct 2022, question (c)", &kWriteLockedUnforced},
    Design{"linux-6.12/unforced-exit-among-threads",
           "no forced flush at exit, and exit does not wait for the other threads",
           "drops mm_users in kernel/fork.c: mmput; Torvalds, 27 Oct 2022, question (b)",
           &kExitAmongThreads},
    Design{"linux-6.1-s390/attach-no-wait", "a CPU attaches while entries are being changed",
           "drops flush_count in arch/s390/include/asm/mmu_context.h: finish_arch_post_lock_switch",
           &kS390AttachWithoutWait},
    Design{"linux-6.1-s390/attach-no-flush", "a CPU attaches without the flush that was put off",
           "drops __tlb_flush_mm_lazy in finish_arch_post_lock_switch of the same file",
           &kS390AttachWithoutFlush},
    Design{"linux-6.12-arm64/exit-among-threads", "fullmm, but other threads run",
           "drops mm_users in kernel/fork.c: mmput; as the oom reaper's fullmm of 2017",
           &kArm64ExitAmongThreads},
    Design{"amit-tlb-generation/mkclean-entry", "the check is in page_vma_mkclean_one",
           "Amit, 30 Oct 2022, to the letter", &kGenMkcleanEntry},
    Design{"amit-tlb-generation/no-unlink-check", "no check before a VMA leaves the reverse map",
           "Amit, 30 Oct 2022, to the letter", &kGenUncheckedUnlink},
    Design{"amit-tlb-generation/no-fault-check", "faults do not look at the generation",
           "drops rule 4 of 27 Oct 2022 in mm/memory.c: faults", &kGenUncheckedFault},
    Design{"amit-tlb-generation/no-zap-check", "zap does not look at the generation",
           "drops rule 4 of 27 Oct 2022 in mm/memory.c: zap_pte_range", &kGenUncheckedZap},
    Design{"amit-tlb-generation/count-early", "the generation is counted before the clear",
           "moves rule 3 of 27 Oct 2022", &kGenCountedEarly},
    Design{"amit-tlb-generation/complete-early", "a flush counts as completed when it begins",
           "moves rule 2 of 27 Oct 2022", &kGenCompletedEarly},
    Design{"linux-6.12-arm64/dsb-for-pending", "zap waits for its own TLBIs, not for reclaim's",
           "linux v6.6 arch/arm64/include/asm/tlbflush.h: arch_flush_tlb_batched_pending",
           &kArm64DsbForPending},
    Design{"linux-6.12-arm64/no-batch-dsb", "reclaim does not wait for the TLBIs of its batch",
           "drops the DSB in arch/arm64/include/asm/tlbflush.h: arch_tlbbatch_flush",
           &kArm64NoBatchDsb},
    Design{"linux-6.12/mask-before-gen", "a flush looks for CPUs and then counts itself",
           "moves inc_mm_tlb_gen in arch/x86/mm/tlb.c: flush_tlb_mm_range", &kMaskBeforeGen},
    Design{"linux-6.12/skip-switching-cpu", "a CPU that is just loading the mm is not interrupted",
           "drops LOADED_MM_SWITCHING in arch/x86/mm/tlb.c: should_flush_tlb (as v6.13 had it)",
           &kSkipSwitchingCpu},
    Design{"linux-6.12/skip-lazy-tables", "lazy CPUs are skipped although tables are freed",
           "drops freed_tables in arch/x86/mm/tlb.c: native_flush_tlb_multi", &kSkipLazyTables},
    Design{"linux-6.12/switch-gen-first", "a CPU reads tlb_gen and then sets its bit in the mask",
           "moves the barrier of arch/x86/mm/tlb.c: switch_mm_irqs_off", &kSwitchGenFirst},
    Design{"linux-6.12/switch-no-gen", "a CPU that loads an mm again does not look at tlb_gen",
           "drops need_flush in arch/x86/mm/tlb.c: switch_mm_irqs_off", &kSwitchNoGen},
    Design{"linux-6.12/lazy-gen-first", "a lazy CPU reads tlb_gen and then stops to be lazy",
           "moves smp_mb in arch/x86/mm/tlb.c: switch_mm_irqs_off", &kLazyGenFirst},
    Design{"linux-6.12/lazy-no-gen", "a lazy CPU comes back without a look at tlb_gen",
           "drops tlb_gen in arch/x86/mm/tlb.c: switch_mm_irqs_off, same mm", &kLazyNoGen},
    Design{"linux-6.12/flush-own-range", "a CPU flushes what it is asked for, whatever it missed",
           "drops the partial flush's conditions in arch/x86/mm/tlb.c: flush_tlb_func",
           &kFlushOwnRange},
    Design{"linux-6.12/third-batch", "a third batch is started, although two are walked",
           "drops the test of delayed_rmap in mm/mmu_gather.c: tlb_next_batch", &kThirdBatch},
    Design{"linux-6.12/put-before-rmap", "the rmap is removed after the reference is dropped",
           "moves folio_remove_rmap_ptes behind free_pages_and_swap_cache", &kPutBeforeRmap},
    Design{"linux-6.12/late-dirty-and-rmap", "page dirty and rmap removed when the page is freed",
           "Torvalds, 31 Oct 2022, on why this would not work", &kLateDirtyAndRmap},
    Design{"linux-6.12/dirty-lock-over-mkclean", "a spinlock is held over all of folio_mkclean",
           "Torvalds, 29 Oct 2022, option (c), to the letter", &kDirtyLockOverMkclean},
    Design{"linux-6.12/no-gup-recheck", "on s390: GUP-fast does not look at the entry again",
           "drops the second look in mm/gup.c: gup_fast_pte_range", &kNoGupRecheck},
    Design{"linux-6.12/gup-recheck-first",
           "on s390: GUP-fast looks again before it raises the count",
           "swaps the two in mm/gup.c: gup_fast_pte_range", &kGupRecheckFirst},
    Design{"linux-6.12/reclaim-ignores-pins", "reclaim takes the buffers of pinned pages",
           "drops folio_maybe_dma_pinned in mm/vmscan.c: shrink_folio_list, as until 2023",
           &kReclaimIgnoresPins},
    Design{"linux-6.12/gup-recheck-pfn", "on s390: GUP-fast compares only the page number",
           "weakens the second look in mm/gup.c: gup_fast_pte_range", &kGupRecheckPfn},
    Design{"linux-6.12/gup-ref-not-unless-zero", "on s390: GUP-fast raises a count that is 0",
           "drops 'unless zero' in mm/gup.c: try_get_folio", &kGupRefAlways},
    Design{"linux-6.12/no-gup-irqs-off", "GUP-fast walks with interrupts on",
           "drops local_irq_save in mm/gup.c: gup_fast", &kGupIrqsOn},
    Design{"linux-6.12/no-gup-write-check", "GUP-fast takes read-only entries for writing",
           "drops pte_access_permitted in mm/gup.c: gup_fast_pte_range", &kNoGupWriteCheck},
    Design{"linux-6.12/table-free-before-flush", "tables are freed before TLBs are flushed",
           "swaps the steps of mm/mmu_gather.c: tlb_flush_mmu", &kTablesFirst},
    Design{"linux-6.12/no-table-invalidate",
           "without memory for a batch, a table is freed before TLBs are flushed",
           "drops tlb_table_invalidate in mm/mmu_gather.c: tlb_remove_table, as until 2018",
           &kNoTableInvalidate},
    Design{"linux-6.12/no-table-rcu", "on s390: tables are freed without a grace period",
           "drops call_rcu in mm/mmu_gather.c: tlb_remove_table_free", &kNoTableRcu},
    Design{"linux-6.12/no-table-sync",
           "on s390: without memory for a batch, walkers are not waited for",
           "drops tlb_remove_table_sync_one in mm/mmu_gather.c: tlb_remove_table_one",
           &kNoTableSync},
    Design{"linux-6.12/rcu-ignores-irqs-off",
           "on s390: a grace period does not wait for regions with interrupts off",
           "as synchronize_rcu in kernel/rcu/tree_plugin.h until v4.19", &kRcuIgnoresIrqsOff},
    Design{"linux-6.12/mover-without-ptl", "memcg charges move without the page-table lock",
           "drops the PTL in mm/memcontrol-v1.c: mem_cgroup_move_charge_pte_range",
           &kMoverWithoutPtl},
    Design{"linux-6.12/mlock-flags-as-bool", "of the flags beside a page one remains: whether any",
           "encoded_page_flags as posted on 8 Nov 2022, in mm/mlock.c: mlock_folio_batch",
           &kMlockFlagsAsBool},
    Design{"linux-6.12/mlock-batch-no-ref", "the batches of mlock hold no reference to their pages",
           "drops folio_get in mm/mlock.c: mlock_folio", &kMlockBatchNoRef},
    Design{"linux-6.12/no-anon-recheck", "a locked anon_vma is used without a second look",
           "drops the second folio_mapped in mm/rmap.c: folio_lock_anon_vma_read", &kNoAnonRecheck},
    Design{"linux-6.12/anon-get-always", "a reference to an anon_vma is taken from 0 too",
           "atomic_inc for atomic_inc_not_zero in mm/rmap.c: folio_lock_anon_vma_read",
           &kAnonGetAlways},
    Design{"linux-6.12/anon-slab-freed-at-once",
           "the memory of an anon_vma is gone when it is freed",
           "drops SLAB_TYPESAFE_BY_RCU in mm/rmap.c: anon_vma_init", &kAnonSlabFreedAtOnce},
    Design{"linux-6.12/free-before-unmap-flush", "reclaim frees its pages before it flushes",
           "moves try_to_unmap_flush in mm/vmscan.c: shrink_folio_list", &kFreeBeforeUnmapFlush},
    Design{"linux-6.12/no-ref-freeze",
           "reclaim looks at the reference count and does not freeze it",
           "drops folio_ref_freeze in mm/vmscan.c: __remove_mapping", &kNoRefFreeze},
    Design{"linux-6.12/no-batched-pending", "zap does not care for reclaim's deferred flushes",
           "drops flush_tlb_batched_pending in mm/memory.c: zap_pte_range", &kNoBatchedPending},
    Design{"linux-6.12/no-unmap-flush-dirty", "a page is written to swap before TLBs are flushed",
           "drops try_to_unmap_flush_dirty in mm/vmscan.c: shrink_folio_list", &kNoUnmapFlushDirty},
    Design{"linux-6.12/swap-clean", "a page comes into the swap cache as if it were on the device",
           "drops folio_mark_dirty in mm/swap_state.c: add_to_swap", &kSwapClean},
    Design{"linux-6.12/no-swap-duplicate", "entries that refer to a swap slot are not counted",
           "drops swap_duplicate in mm/rmap.c: try_to_unmap_one", &kNoSwapDuplicate},
    Design{"linux-6.12/free-swap-in-use", "a slot is freed although entries refer to it",
           "drops folio_swapped in mm/swapfile.c: folio_free_swap", &kFreeSwapInUse},
    Design{"linux-6.12/no-swap-pte-same", "a swap fault does not look at the entry again",
           "drops pte_same in mm/memory.c: do_swap_page", &kNoSwapPteSame},
    Design{"linux-6.12/collect-unlocks-early", "migrate_vma unlocks the page before it flushes",
           "moves folio_unlock in mm/migrate_device.c: migrate_vma_collect_pmd",
           &kCollectUnlocksEarly},
    Design{"linux-6.12/collect-flush-after-ptl", "migrate_vma flushes after the PTL is dropped",
           "reverts commit 60bae7370896 in mm/migrate_device.c: migrate_vma_collect_pmd",
           &kCollectFlushAfterPtl},
    Design{"linux-6.12/migrate-no-flush", "entries become migration entries without a flush",
           "drops the flush in mm/rmap.c: try_to_migrate_one", &kMigrateNoFlush},
    Design{"linux-6.12/split-no-freeze", "a folio is split whoever holds a reference",
           "drops folio_ref_freeze in mm/huge_memory.c: split_huge_page_to_list_to_order",
           &kSplitNoFreeze},
    Design{"linux-6.12/no-folio-recheck",
           "on s390: GUP-fast does not look again whether the page is in its folio",
           "drops page_folio() == folio in mm/gup.c: try_get_folio", &kNoFolioRecheck},
    Design{"linux-6.12/no-vma-start-write", "munmap detaches a VMA without locking it",
           "drops vma_start_write in mm/vma.c: vms_gather_munmap_vmas", &kNoVmaStartWrite},
    Design{"linux-6.12/no-vma-seq-recheck", "a fault looks at vm_lock_seq only before it locks",
           "drops the second look in include/linux/mm.h: vma_start_read", &kNoVmaSeqRecheck},
    Design{"linux-6.12/no-vma-detached-check", "a fault does not ask whether its VMA is detached",
           "drops vma->detached in mm/memory.c: lock_vma_under_rcu", &kNoVmaDetachedCheck},
    Design{"linux-6.12/pmd-transient-none", "a huge entry is none while it is cleaned",
           "pmdp_huge_get_and_clear for pmdp_invalidate in mm/rmap.c: page_vma_mkclean_one",
           &kPmdTransientNone},
    Design{"linux-6.12/truncate-no-pmd-lock",
           "truncation does not wait for who zaps the huge entry",
           "drops pmd_lock for single_folio in mm/memory.c: zap_pmd_range, as until v5.12",
           &kTruncateNoWait},
};

}  // namespace

std::span<const Design> mutations() {
  static const std::vector<Design> all = [] {
    std::vector<Design> joined(kMutations.begin(), kMutations.end());
    for (const auto& more : {fork_mutations(), call_mutations()}) {
      joined.insert(joined.end(), more.begin(), more.end());
    }
    return joined;
  }();
  return all;
}

}  // namespace mmcheck::design

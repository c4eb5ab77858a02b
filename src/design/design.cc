// SPDX-License-Identifier: Apache-2.0
#include "design/design.h"

#include <array>

#include "design/policies.h"

namespace mmcheck::design {

namespace {

using mm::Policies;

/// Before v6.3 the reverse map took lock_page_memcg(), and charges of pages moved that were mapped
/// elsewhere. `lock`: when.
constexpr Policies with_memcg_lock(Policies policies, mm::RmapMemcgLock lock) {
  policies.rmap_memcg_lock = lock;
  policies.charge_mover.unmapped = mm::MoveUnmapped::Yes;
  return policies;
}

/// Besides: large folios were counted and zapped by page, and VMAs had no locks of their own.
constexpr Policies before_6_3(Policies policies) {
  policies.large_mapcount = mm::LargeMapcount::PerPage;
  policies.zap_batch = mm::ZapBatch::Entry;
  policies.vma_lock.fault = mm::FaultLock::MmapLock;
  return with_memcg_lock(policies, mm::RmapMemcgLock::BeforeMapcount);
}

const Policies kLinux61 =
    before_6_3({.zap = &kEarlyRmap, .gather = &kAnyBatch, .arch = &machine::x86_64()});
const Policies kLinux62 =
    before_6_3({.zap = &kDelayedRmap, .gather = &kNoBatchWhileDelayed, .arch = &machine::x86_64()});
const Policies kLinux612{
    .zap = &kDelayedRmap, .gather = &kLocalAndActive, .arch = &machine::x86_64()};
const Policies kTorvaldsDirtyInBatch =
    before_6_3({.zap = &kDirtyInBatch, .gather = &kAnyBatch, .arch = &machine::x86_64()});
const Policies kTorvaldsRmapAtFree =
    with_memcg_lock({.zap = &kRmapAtFree, .gather = &kAnyBatch, .arch = &machine::x86_64()},
                    mm::RmapMemcgLock::AfterMapcount);
const Policies kTorvaldsRmapAtFreeFileOnly =
    with_memcg_lock({.zap = &kFileRmapAtFree, .gather = &kAnyBatch, .arch = &machine::x86_64()},
                    mm::RmapMemcgLock::AfterMapcount);
const Policies kDirtyLockHashed = before_6_3({.zap = &kDirtyInBatch,
                                              .gather = &kAnyBatch,
                                              .arch = &machine::x86_64(),
                                              .dirty_lock = mm::DirtyLock::AroundDirtying});
const Policies kZijlstraForceFlush =
    before_6_3({.zap = &kForceFlush, .gather = &kAnyBatch, .arch = &machine::x86_64()});
const Policies kFlushEveryPagePolicies{
    .zap = &kFlushEveryPage, .gather = &kAnyBatch, .arch = &machine::x86_64()};
const Policies kLinux61S390 =
    before_6_3({.zap = &kEarlyRmap, .gather = &kAnyBatch, .arch = &machine::s390()});
const Policies kLockPageMemcgLate = with_memcg_lock(kLinux62, mm::RmapMemcgLock::AfterMapcount);
const Policies kLinux612ZapHugeFlush{.zap = &kDelayedRmap,
                                     .gather = &kLocalAndActive,
                                     .arch = &machine::x86_64(),
                                     .zap_huge_order = mm::ZapHugeOrder::DirtyFlushRmap};
const Policies kLinux612Kvm{
    .zap = &kDelayedRmap, .gather = &kLocalAndActive, .arch = &machine::x86_64_kvm()};
using machine::LocklessRead;
using machine::TlbFlush;
const Policies kLinux61PaePv =
    before_6_3({.zap = &kEarlyRmap,
                .gather = &kAnyBatch,
                .arch = &machine::i386_pae(TlbFlush::Kvm, LocklessRead::LowHighLow)});
/// pv_tlb_flush_supported() is false, so that the guest flushes as bare metal does.
const Policies kLinux61PaePvFixed =
    before_6_3({.zap = &kEarlyRmap,
                .gather = &kAnyBatch,
                .arch = &machine::i386_pae(TlbFlush::Native, LocklessRead::LowHighLow)});
const Policies kLinux61PaePvCmpxchg8b =
    before_6_3({.zap = &kEarlyRmap,
                .gather = &kAnyBatch,
                .arch = &machine::i386_pae(TlbFlush::Kvm, LocklessRead::Cmpxchg8b)});
const Policies kZijlstraForceFlushPae =
    before_6_3({.zap = &kForceFlush,
                .gather = &kAnyBatch,
                .arch = &machine::i386_pae(TlbFlush::Native, LocklessRead::LowHighLow)});
/// What would mend linux-6.12 in catalog/thread/claim-09c.
constexpr Policies moving_mapped_only(Policies policies) {
  policies.charge_mover.unmapped = mm::MoveUnmapped::No;
  return policies;
}
const Policies kLinux612MoveMappedOnly = moving_mapped_only(kLinux612);
const Policies kLinux612FlushDirty{.zap = &kDelayedRmap,
                                   .gather = &kLocalAndActive,
                                   .arch = &machine::x86_64(),
                                   .reclaim = {.flush_before_unlock = mm::Step::Kept}};

const Policies kTorvaldsNoForceAtExit{
    .zap = &kNoForceAtExit, .gather = &kLocalAndActive, .arch = &machine::x86_64()};
// A gather that finds nothing to do has looked at the generation of the table: no nested rule.
constexpr mm::Generations kAllChecks;
const Policies kAmitTlbGeneration{.zap = &kRmapByGeneration,
                                  .gather = &kAnyBatch,
                                  .arch = &machine::x86_64(),
                                  .generations = &kAllChecks,
                                  .nested_rule = mm::NestedRule::Dropped};
const Policies kLinux612Arm64{
    .zap = &kDelayedRmap, .gather = &kLocalAndActive, .arch = &machine::arm64()};

const std::array kDesigns{
    Design{"linux-6.1", "rmap removed before the flush", "linux v6.1 mm/memory.c", &kLinux61},
    Design{"linux-6.2", "delayed rmap, no new batch while removals are outstanding",
           "series of 9 Nov 2022, as posted", &kLinux62},
    Design{"linux-6.12", "delayed rmap, local and active batch", "linux v6.12 mm/mmu_gather.c",
           &kLinux612},
    Design{"torvalds-dirty-in-batch", "the D bit is set after the flush, the rmap goes early",
           "Torvalds, 29 Oct 2022", &kTorvaldsDirtyInBatch},
    Design{"torvalds-rmap-at-free", "the rmap is removed when the page is freed, anon too",
           "Torvalds, 31 Oct 2022", &kTorvaldsRmapAtFree},
    Design{"torvalds-rmap-at-free-file-only", "the same for pages of files only",
           "Torvalds, 6 Nov 2022, after Dickins' report", &kTorvaldsRmapAtFreeFileOnly},
    Design{"dirty-lock-hashed", "torvalds-dirty-in-batch, and a spinlock for dirtying and cleaning",
           "Torvalds, 29 Oct 2022, option (c)", &kDirtyLockHashed},
    Design{"lock-page-memcg-late", "linux-6.2 with lock_page_memcg() after the map count drops",
           "Torvalds, 30 Oct 2022: page_zap_pte_rmap()", &kLockPageMemcgLate},
    Design{"zijlstra-force-flush", "MADV_DONTNEED flushes before the PTL is dropped",
           "Zijlstra, 25 Oct 2022", &kZijlstraForceFlush},
    Design{"flush-every-page", "each entry is flushed as it is cleared",
           "linux v6.12 mm/memory.c: the order of wp_page_copy", &kFlushEveryPagePolicies},
    Design{"linux-6.1-s390", "linux-6.1 where a change of an entry flushes all TLBs at once",
           "linux v6.1 arch/s390/mm/pgtable.c", &kLinux61S390},
    Design{"amit-tlb-generation", "who relies on a page table flushes what is outstanding there",
           "Amit, 27 and 30 Oct 2022, with the checks of claim-18a and claim-18b",
           &kAmitTlbGeneration},
    Design{"linux-6.12-arm64", "linux-6.12 where invalidations are broadcast, without any IPI",
           "linux v6.12 arch/arm64/include/asm/tlbflush.h", &kLinux612Arm64},
    Design{"linux-6.1-pae-pv", "linux-6.1 on 32-bit x86 with PAE, as a guest of KVM",
           "linux v6.1 arch/x86/kernel/kvm.c", &kLinux61PaePv},
    Design{"linux-6.1-pae-pv-fixed", "the same, with flushes by IPI only, as on bare metal",
           "Zijlstra, 25 Oct 2022", &kLinux61PaePvFixed},
};

const std::array kVariants{
    Design{"torvalds-no-force-at-exit", "linux-6.12 without the forced flush at exit",
           "Torvalds, 27 Oct 2022, question (b)", &kTorvaldsNoForceAtExit},
    Design{"linux-6.12/move-mapped-only", "only charges of pages that are mapped at the entry move",
           "drops mc_handle_file_pte in mm/memcontrol-v1.c: get_mctgt_type",
           &kLinux612MoveMappedOnly},
    Design{"linux-6.12/kvm", "linux-6.12 as a guest of KVM, with paravirtual flushes",
           "linux v6.12 arch/x86/kernel/kvm.c", &kLinux612Kvm},
    Design{"linux-6.1-pae-pv/cmpxchg8b", "linux-6.1-pae-pv, and entries are read at once",
           "Horn, 25 Oct 2022", &kLinux61PaePvCmpxchg8b},
    Design{"linux-6.1-pae-pv-fixed/force-flush",
           "both patches of that day: this, and zijlstra-force-flush",
           "Zijlstra, 25 Oct 2022, second mail", &kZijlstraForceFlushPae},
    Design{"linux-6.12/flush-dirty-before-unlock",
           "reclaim flushes before it unlocks a dirty page of a file that it has unmapped",
           "adds try_to_unmap_flush_dirty in linux v6.12 mm/vmscan.c: shrink_folio_list",
           &kLinux612FlushDirty},
    Design{"linux-6.12/zap-huge-flush",
           "linux-6.12, and zap_huge_pmd marks dirty and flushes before it removes the rmap",
           "the order of linux v6.12 mm/memory.c: zap_pte_range", &kLinux612ZapHugeFlush},
};

}  // namespace

std::span<const Design> designs() { return kDesigns; }

std::span<const Design> variants() { return kVariants; }

const Design* find_design(std::string_view name) {
  for (const std::span<const Design> list : {designs(), variants(), mutations()}) {
    for (const Design& design : list) {
      if (design.name == name) return &design;
    }
  }
  return nullptr;
}

}  // namespace mmcheck::design

// SPDX-License-Identifier: Apache-2.0
// linux-6.12 with one step of mprotect(), mremap() or madvise(MADV_FREE) dropped or moved.
#include <array>

#include "design/mutations.h"

namespace mmcheck::design {

namespace {

using mm::Policies;
using mm::Step;

const Policies kMprotectNoFlush = changed([](Policies& p) { p.protect.flush = Step::Dropped; });
const Policies kMprotectNoBatchedPending =
    changed([](Policies& p) { p.protect.batched_pending = Step::Dropped; });
const Policies kMprotectWritableClean =
    changed([](Policies& p) { p.protect.dirty_check = Step::Dropped; });
const Policies kMprotectNoVmaWrite =
    changed([](Policies& p) { p.protect.start_write = Step::Dropped; });
const Policies kNoFlushPending =
    changed([](Policies& p) { p.protect.flush_pending = Step::Dropped; });

const Policies kMremapFlushAfterPtls =
    changed([](Policies& p) { p.mremap.flush = mm::MremapFlush::AfterPtls; });
const Policies kMremap414 =
    changed([](Policies& p) { p.mremap.flush = mm::MremapFlush::DirtyUnderOldPtl; });
const Policies kMremapNoRmapLocks =
    changed([](Policies& p) { p.mremap.rmap_locks = Step::Dropped; });
const Policies kMremapNoBatchedPending =
    changed([](Policies& p) { p.mremap.batched_pending = Step::Dropped; });

const Policies kMprotectNoExchange =
    changed([](Policies& p) { p.protect.exchange = Step::Dropped; });
const Policies kMadvFreeNoFlush = changed([](Policies& p) { p.lazyfree.flush = Step::Dropped; });
const Policies kMadvFreeNoBatchedPending =
    changed([](Policies& p) { p.lazyfree.batched_pending = Step::Dropped; });
const Policies kLazyfreeNoRefCheck =
    changed([](Policies& p) { p.lazyfree.ref_check = Step::Dropped; });
const Policies kLazyfreeRefFirst =
    changed([](Policies& p) { p.lazyfree.clear_before_ref = Step::Dropped; });
const Policies kLazyfreeNoDirtyCheck =
    changed([](Policies& p) { p.lazyfree.dirty_check = Step::Dropped; });
const Policies kLazyfreeDirtyFirst =
    changed([](Policies& p) { p.lazyfree.ref_before_dirty = Step::Dropped; });

const std::array kCallMutations{
    Design{"linux-6.12/mprotect-no-flush", "mprotect does not flush what it has changed",
           "drops tlb_flush_pte_range in mm/mprotect.c: change_pte_range", &kMprotectNoFlush},
    Design{"linux-6.12/mprotect-no-batched-pending",
           "mprotect does not care for reclaim's deferred flushes",
           "drops flush_tlb_batched_pending in mm/mprotect.c: change_pte_range",
           &kMprotectNoBatchedPending},
    Design{"linux-6.12/mprotect-writable-clean",
           "mprotect makes clean entries of files writable, and no filesystem hears of the store",
           "drops pte_dirty in mm/mprotect.c: can_change_pte_writable", &kMprotectWritableClean},
    Design{"linux-6.12/mprotect-no-vma-start-write", "mprotect does not lock the VMA",
           "drops vma_start_write in mm/mprotect.c: mprotect_fixup", &kMprotectNoVmaWrite},
    Design{"linux-6.12/no-flush-pending-check",
           "who takes an inaccessible entry away does not care for flushes under way",
           "drops tlb_flush_pending in arch/x86/include/asm/pgtable.h: pte_accessible, as until "
           "v3.12",
           &kNoFlushPending},
    Design{"linux-6.12/mremap-flush-after-ptls", "mremap flushes after both PTLs are dropped",
           "moves flush_tlb_range in mm/mremap.c: move_ptes", &kMremapFlushAfterPtls},
    Design{"linux-6.12/mremap-4.14",
           "mremap flushes dirty entries after the new table's PTL is dropped, others after both",
           "linux v4.14 mm/mremap.c: move_ptes; CVE-2018-18281", &kMremap414},
    Design{"linux-6.12/mremap-no-rmap-locks",
           "mremap moves entries while a walk of the reverse map may miss them",
           "drops take_rmap_locks in mm/mremap.c: move_ptes", &kMremapNoRmapLocks},
    Design{"linux-6.12/mremap-no-batched-pending",
           "mremap does not care for reclaim's deferred flushes",
           "drops flush_tlb_batched_pending in mm/mremap.c: move_ptes", &kMremapNoBatchedPending},
    Design{"linux-6.12/mprotect-no-exchange",
           "mprotect reads an entry and writes it, and the hardware may set D in between",
           "drops ptep_modify_prot_start in mm/mprotect.c: change_pte_range", &kMprotectNoExchange},
    Design{"linux-6.12/madv-free-no-flush", "MADV_FREE does not flush what it has cleaned",
           "drops tlb_remove_tlb_entry in mm/madvise.c: madvise_free_pte_range", &kMadvFreeNoFlush},
    Design{"linux-6.12/madv-free-no-batched-pending",
           "MADV_FREE does not care for reclaim's deferred flushes",
           "drops flush_tlb_batched_pending in mm/madvise.c: madvise_free_pte_range",
           &kMadvFreeNoBatchedPending},
    Design{"linux-6.12/lazyfree-no-ref-check",
           "reclaim drops a lazyfree page that somebody has got",
           "drops folio_ref_count in mm/rmap.c: try_to_unmap_one, as until v5.17",
           &kLazyfreeNoRefCheck},
    Design{"linux-6.12/lazyfree-ref-first",
           "reclaim looks at a lazyfree page's count before it clears the entry",
           "moves folio_ref_count in mm/rmap.c: try_to_unmap_one", &kLazyfreeRefFirst},
    Design{"linux-6.12/lazyfree-no-dirty-check",
           "reclaim drops a lazyfree page that was written to again",
           "drops folio_test_dirty in mm/rmap.c: try_to_unmap_one", &kLazyfreeNoDirtyCheck},
    Design{"linux-6.12/lazyfree-dirty-first",
           "reclaim looks whether a lazyfree page is dirty and then at its count",
           "moves smp_rmb in mm/rmap.c: try_to_unmap_one", &kLazyfreeDirtyFirst},
};

}  // namespace

std::span<const Design> call_mutations() { return kCallMutations; }

}  // namespace mmcheck::design

// SPDX-License-Identifier: Apache-2.0
// linux-6.12 with one step of fork() or of copy on write dropped or moved.
#include <array>

#include "design/mutations.h"

namespace mmcheck::design {

namespace {

using mm::Policies;
using mm::Step;
const Policies kNoForkFlush = changed([](Policies& p) { p.fork.flush = mm::ForkFlush::Omitted; });
const Policies kForkFlushAfterUnlock =
    changed([](Policies& p) { p.fork.flush = mm::ForkFlush::AfterUnlock; });
const Policies kForkNoVmaLock =
    changed([](Policies& p) { p.fork.vma_start_write = Step::Dropped; });
const Policies kNoWriteProtectSeq =
    changed([](Policies& p) { p.fork.write_protect_seq = Step::Dropped; });
const Policies kForkIgnoresPins = changed([](Policies& p) { p.fork.pin_check = Step::Dropped; });
const Policies kForkKeepsExclusive =
    changed([](Policies& p) { p.fork.clear_exclusive = Step::Dropped; });
const Policies kNoAnonVmaFork = changed([](Policies& p) { p.fork.anon_vma_fork = Step::Dropped; });
const Policies kCowReuseByMapcount =
    changed([](Policies& p) { p.cow.reuse = mm::CowReuse::MapCount; });
const Policies kCowSetBeforeFlush =
    changed([](Policies& p) { p.cow.order = mm::CowOrder::SetFlush; });
const Policies kCowPutBeforeClear =
    changed([](Policies& p) { p.cow.put = mm::CowPut::BeforeClear; });
const Policies kNoGupUnshare = changed([](Policies& p) { p.cow.gup_unshare = Step::Dropped; });

const std::array kForkMutations{
    Design{"linux-6.12/no-fork-flush", "fork() does not flush the parent's TLBs",
           "drops flush_tlb_mm in kernel/fork.c: dup_mmap", &kNoForkFlush},
    Design{"linux-6.12/fork-flush-after-unlock", "fork() flushes after it has dropped mmap_lock",
           "moves flush_tlb_mm in kernel/fork.c: dup_mmap", &kForkFlushAfterUnlock},
    Design{"linux-6.12/fork-no-vma-lock", "fork() does not lock the parent's VMAs",
           "drops vma_start_write in kernel/fork.c: dup_mmap, as in v6.4", &kForkNoVmaLock},
    Design{"linux-6.12/no-write-protect-seq", "GUP-fast does not see that fork() has been there",
           "drops write_protect_seq in mm/gup.c: gup_fast, as until v5.10", &kNoWriteProtectSeq},
    Design{"linux-6.12/fork-ignores-pins", "fork() shares pages that are pinned",
           "drops folio_needs_cow_for_dma in include/linux/rmap.h: folio_try_dup_anon_rmap_pte",
           &kForkIgnoresPins},
    Design{"linux-6.12/fork-keeps-exclusive", "a page that the child maps too counts as exclusive",
           "drops ClearPageAnonExclusive in include/linux/rmap.h: folio_try_dup_anon_rmap_pte",
           &kForkKeepsExclusive},
    Design{"linux-6.12/no-anon-vma-fork", "the child's VMA hangs on no anon_vma of its parent",
           "drops anon_vma_fork in kernel/fork.c: dup_mmap", &kNoAnonVmaFork},
    Design{"linux-6.12/cow-reuse-by-mapcount", "a page that nobody else maps is written in place",
           "mapcount for refcount in mm/memory.c: wp_can_reuse_anon_folio (CVE-2020-29374)",
           &kCowReuseByMapcount},
    Design{"linux-6.12/cow-set-before-flush", "the entry leads to the copy before TLBs are flushed",
           "moves ptep_clear_flush in mm/memory.c: wp_page_copy", &kCowSetBeforeFlush},
    Design{"linux-6.12/cow-put-before-clear",
           "the old page is given up before the entry is cleared",
           "moves folio_remove_rmap_pte and folio_put in mm/memory.c: wp_page_copy",
           &kCowPutBeforeClear},
    Design{"linux-6.12/no-gup-unshare", "a page that is pinned for reading may be shared",
           "drops gup_must_unshare in mm/gup.c: gup_fast_pte_range, follow_page_pte",
           &kNoGupUnshare},
};

}  // namespace

std::span<const Design> fork_mutations() { return kForkMutations; }

}  // namespace mmcheck::design

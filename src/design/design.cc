// SPDX-License-Identifier: Apache-2.0
#include "design/design.h"

#include <array>

#include "design/policies.h"

namespace mmcheck::design {

namespace {

using mm::Policies;

/// What designs on v6.1 have in common, whatever their answer to the thread.
Policies on_linux_6_1(const mm::ZapPolicy& zap, const mm::GatherPolicy& gather,
                      const machine::Arch& arch, mm::DirtyLock dirty_lock = mm::DirtyLock::None) {
  return {.zap = &zap,
          .gather = &gather,
          .arch = &arch,
          .dirty_lock = dirty_lock,
          .large_mapcount = mm::LargeMapcount::PerPage,
          .zap_batch = mm::ZapBatch::Entry};
}

const Policies kLinux61 = on_linux_6_1(kEarlyRmap, kAnyBatch, machine::x86_64());
const Policies kLinux62 = on_linux_6_1(kDelayedRmap, kNoBatchWhileDelayed, machine::x86_64());
const Policies kLinux612{
    .zap = &kDelayedRmap, .gather = &kLocalAndActive, .arch = &machine::x86_64()};
const Policies kTorvaldsDirtyInBatch = on_linux_6_1(kDirtyInBatch, kAnyBatch, machine::x86_64());
const Policies kTorvaldsRmapAtFree = on_linux_6_1(kRmapAtFree, kAnyBatch, machine::x86_64());
const Policies kTorvaldsRmapAtFreeFileOnly =
    on_linux_6_1(kFileRmapAtFree, kAnyBatch, machine::x86_64());
const Policies kDirtyLockHashed = on_linux_6_1(kDirtyInBatch, kAnyBatch, machine::x86_64(),
                                               mm::DirtyLock::AroundDirtying);
const Policies kZijlstraForceFlush = on_linux_6_1(kForceFlush, kAnyBatch, machine::x86_64());
const Policies kFlushEveryPagePolicies =
    on_linux_6_1(kFlushEveryPage, kAnyBatch, machine::x86_64());
const Policies kLinux61S390 = on_linux_6_1(kEarlyRmap, kAnyBatch, machine::s390());

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
    Design{"zijlstra-force-flush", "MADV_DONTNEED flushes before the PTL is dropped",
           "Zijlstra, 25 Oct 2022", &kZijlstraForceFlush},
    Design{"flush-every-page", "each entry is flushed as it is cleared",
           "linux v6.12 mm/memory.c: the order of wp_page_copy", &kFlushEveryPagePolicies},
    Design{"linux-6.1-s390", "linux-6.1 where a change of an entry flushes all TLBs at once",
           "linux v6.1 arch/s390/mm/pgtable.c", &kLinux61S390},
};

}  // namespace

std::span<const Design> designs() { return kDesigns; }

const Design* find_design(std::string_view name) {
  for (const std::span<const Design> list : {designs(), mutations()}) {
    for (const Design& design : list) {
      if (design.name == name) return &design;
    }
  }
  return nullptr;
}

}  // namespace mmcheck::design

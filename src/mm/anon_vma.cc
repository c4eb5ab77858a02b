// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/error.h"
#include "mm/rmap.h"

namespace mmcheck::mm {

void vma_erase(VmaTree& tree, const vm_area_struct& vma) {
  const auto place = std::find(tree.begin(), tree.end(), &vma);
  if (place == tree.end()) throw InternalError("a VMA is not in the tree that it is taken from");
  tree.erase(place);
}

namespace {

/// Hangs the VMA on its anon_vma. [mm.mmap_lock, or page_table_lock in Linux]
void anon_vma_link(thread& task, vm_area_struct& vma) {
  anon_vma& av = *vma.anon;
  av.rwsem.down_write(task, {.format = "anon_vma_lock_write()", .detail = Detail::Minor});
  av.tree.push_back(&vma);
  av.refcount.write(av.refcount.read_last() + 1);
  vma.anon_ready.write(true);
  av.rwsem.up_write(task, {.format = "anon_vma_unlock_write()", .detail = Detail::Minor});
}

}  // namespace

// linux v6.12 mm/rmap.c: __anon_vma_prepare
// differs: no search for a neighbour's anon_vma to share: each VMA has one in store.
void anon_vma_prepare(thread& task, vm_area_struct& vma) {
  task.x().step({.format = "anon_vma_prepare()", .detail = Detail::Minor});
  if (vma.anon_ready.read()) return;
  if (vma.anon == nullptr) throw InternalError("a mapping has no anon_vma to take");
  vma.anon_ready.write(true);  // Claimed: a fault that races for it finds it done.
  anon_vma_link(task, vma);
}

// linux v6.12 mm/rmap.c: anon_vma_clone, for split_vma(): both parts hang on one anon_vma, and a
// walk sees the whole or both parts.
void anon_vma_split(thread& task, vm_area_struct& vma, vm_area_struct& tail, unsigned page_nr) {
  tail.anon = vma.anon;
  if (vma.anon == nullptr) {
    vma.end_page = page_nr;
    return;
  }
  anon_vma& av = *vma.anon;
  av.rwsem.down_write(task, {.format = "anon_vma_lock_write()", .detail = Detail::Minor});
  vma.end_page = page_nr;
  if (vma.anon_ready.read()) {
    av.tree.push_back(&tail);
    av.refcount.write(av.refcount.read_last() + 1);
    tail.anon_ready.write(true);
  }
  av.rwsem.up_write(task, {.format = "anon_vma_clone()", .detail = Detail::Minor});
}

// linux v6.12 mm/rmap.c: unlink_anon_vmas, put_anon_vma, anon_vma_free
//
// Runs from free_pgtables(), before the gather is finished. A page that still counts as mapped now
// leads rmap walks to an anon_vma that is about to be freed (R-ANON; Dickins, 6 Nov 2022):
//
//     CPU0 munmap                            CPU1 kswapd
//     zap_pte_range (rmap kept for later)
//     unlink_anon_vmas: freed
//                                            folio_mapped(): yes
//                                            down_read_trylock(anon_vma)   [use after free]
//     tlb_finish_mmu: page_remove_rmap
void unlink_anon_vmas(thread& task, vm_area_struct& vma) {
  task.x().step({.format = "unlink_anon_vmas()", .detail = Detail::Minor});
  if (!vma.anon_ready.read_last()) return;
  anon_vma& av = *vma.anon;
  av.rwsem.down_write(task, {.format = "anon_vma_lock_write()", .detail = Detail::Minor});
  vma_erase(av.tree, vma);
  vma.anon_ready.write(false);
  const int count = av.refcount.read_last() - 1;
  av.refcount.write(count);
  av.rwsem.up_write(task, {.format = "anon_vma_unlock_write()", .detail = Detail::Minor});
  if (count != 0) return;
  // anon_vma_free() waits for whoever still holds the lock.
  av.rwsem.wait_until_free(task, {.format = "put_anon_vma(): freed"});
  av.freed.write(true);
  av.freed_at = task.x().current_event();
}

}  // namespace mmcheck::mm

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

// linux v6.12 mm/rmap.c: __anon_vma_prepare
// differs: no search for a neighbour's anon_vma to share. Two faults that race for it are told
// apart by page_table_lock in Linux; here the step is one.
void anon_vma_prepare(thread& task, vm_area_struct& vma) {
  task.x().step({.format = "anon_vma_prepare()", .detail = Detail::Minor});
  if (vma.anon_ready.read()) return;
  if (vma.anon == nullptr) throw InternalError("a mapping has no anon_vma to take");
  vma.anon->refcount.write(1);
  vma.anon->tree.push_back(&vma);
  vma.anon_ready.write(true);
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
  if (!vma.anon_ready.read()) return;
  anon_vma& av = *vma.anon;
  av.rwsem.down_write(task, {.format = "anon_vma_lock_write()", .detail = Detail::Minor});
  vma_erase(av.tree, vma);
  const bool empty = av.tree.empty();
  vma.anon_ready.write(false);
  av.rwsem.up_write(task, {.format = "anon_vma_unlock_write()", .detail = Detail::Minor});
  if (!empty) return;
  // anon_vma_free() waits for whoever still holds the lock.
  task.x().step_when(av.rwsem.is_free(), {.format = "put_anon_vma(): freed"});
  const int count = av.refcount.read() - 1;
  av.refcount.write(count);
  if (count == 0) {
    av.freed.write(true);
    av.freed_at = task.x().current_event();
  }
}

}  // namespace mmcheck::mm

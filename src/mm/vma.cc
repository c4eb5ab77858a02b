// SPDX-License-Identifier: Apache-2.0
#include "mm/vma.h"

#include <algorithm>

#include "base/error.h"
#include "mm/mlock.h"
#include "mm/rmap.h"
#include "mm/vma_lock.h"

namespace mmcheck::mm {

vm_area_struct& vm_area_alloc(const thread& task, mm_struct& mm) {
  for (vm_area_struct& vma : mm.vmas) {
    if (vma.mm == nullptr) {
      vma.mm = &mm;
      return vma;
    }
  }
  if (task.system->recycles) task.system->exhausted(Resource::Vmas);
  throw InternalError("no vm_area_struct left: the scenario maps and splits too often");
}

void vma_link_file(thread& task, vm_area_struct& vma) {
  if (vma.file == nullptr) return;
  auto& lock = vma.file->i_mmap_rwsem;
  lock.down_write(task, {.format = "i_mmap_lock_write()", .detail = Detail::Minor});
  vma_interval_tree_insert(vma.file->i_mmap, vma);
  lock.up_write(task, {.format = "vma_link_file()", .detail = Detail::Minor});
}

// Walks of the reverse map see either the whole or both parts: both locks are held over the change.
vm_area_struct& split_vma(thread& task, vm_area_struct& vma, unsigned page_nr) {
  vma_start_write(task, vma);
  vm_area_struct& tail = vm_area_alloc(task, *vma.mm);
  tail.kind = vma.kind;
  tail.may_write = vma.may_write;
  tail.dont_copy = vma.dont_copy;
  tail.wipe_on_fork = vma.wipe_on_fork;
  tail.vm_locked = vma.vm_locked;
  tail.on_fault = vma.on_fault;
  tail.first_page = page_nr;
  tail.end_page = vma.end_page;
  tail.file = vma.file;
  tail.pgoff = vma.index_of(page_nr);
  tail.moved_by = vma.moved_by;
  if (task.system->has_protection) tail.vm_flags.write(vma.vm_flags.peek());  // [mmap_lock]
  if (vma.file != nullptr) {
    vma.file->i_mmap_rwsem.down_write(task,
                                      {.format = "i_mmap_lock_write()", .detail = Detail::Minor});
    vma_interval_tree_insert(vma.file->i_mmap, tail);
  }
  anon_vma_split(task, vma, tail, page_nr);
  vma_mark_attached(task, tail);
  if (vma.file != nullptr) {
    vma.file->i_mmap_rwsem.up_write(task, {.format = "split_vma()", .detail = Detail::Minor});
  }
  return tail;
}

VmaList detach_vmas(thread& task, mm_struct& mm, unsigned first_page, unsigned end_page) {
  VmaList detached(task);
  for_each_vma_within(task, mm, first_page, end_page, [&](vm_area_struct& vma) {
    vma_start_write(task, vma);
    vma_mark_detached(task, vma);
    detached.push_back(vma);
  });
  return detached;
}

void unmap_region(thread& task, mm_struct& mm, const VmaList& vmas, ZapReason reason) {
  lru_add_drain(task);
  mmu_gather tlb = tlb_gather_mmu(task, mm, /*fullmm=*/false);
  for (vm_area_struct* vma : vmas) {
    unmap_page_range(task, tlb, vma->first_page, vma->end_page, reason);
  }
  for (vm_area_struct* vma : vmas) free_pgtables(task, tlb, *vma);
  tlb_finish_mmu(task, tlb);
  remove_vmas(task, vmas);
}

// No walk finds them any more: they have left all trees.
void remove_vmas(const thread& task, const VmaList& vmas) {
  if (!task.system->recycles) return;
  for (vm_area_struct* vma : vmas) {
    vma->mm = nullptr;
    vma->file = nullptr;
    vma->anon = nullptr;
    vma->moved_by = 0;
    vma->may_write = true;
    vma->dont_copy = vma->wipe_on_fork = false;
  }
}

vm_flags_t vm_flags_of(const thread& task, const vm_area_struct& vma) {
  return task.system->has_protection ? vma.vm_flags.read_last() : kVmRead | kVmWrite;
}

void forget_zapped(thread& task) {
  std::fill(task.zapped_at.begin(), task.zapped_at.end(), 0u);
  std::fill(task.zapped_huge_at.begin(), task.zapped_huge_at.end(), 0u);
}

}  // namespace mmcheck::mm

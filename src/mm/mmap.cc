// SPDX-License-Identifier: Apache-2.0
#include "mm/mmap.h"

#include <algorithm>

#include "base/error.h"
#include "mm/memory.h"
#include "mm/mlock.h"
#include "mm/rmap.h"
#include "mm/vma_lock.h"

namespace mmcheck::mm {

vm_area_struct* find_vma(mm_struct& mm, unsigned page_nr) {
  for (vm_area_struct& vma : mm.vmas) {
    if (vma.attached && vma.first_page <= page_nr && page_nr < vma.end_page) return &vma;
  }
  return nullptr;
}

void vma_link_file(thread& task, vm_area_struct& vma) {
  if (vma.file == nullptr) return;
  auto& lock = vma.file->i_mmap_rwsem;
  lock.down_write(task, {.format = "i_mmap_lock_write()", .detail = Detail::Minor});
  vma.file->i_mmap.push_back(&vma);
  lock.up_write(task, {.format = "vma_link_file()", .detail = Detail::Minor});
}

namespace {

using VmaList = static_vector<vm_area_struct*, 12>;

/// A VMA that is in no tree. [mm.mmap_lock for writing]
vm_area_struct& vm_area_alloc(mm_struct& mm) {
  for (vm_area_struct& vma : mm.vmas) {
    if (vma.mm == nullptr) {
      vma.mm = &mm;
      return vma;
    }
  }
  throw InternalError("no vm_area_struct left: the scenario maps and splits too often");
}

/// linux v6.12 mm/vma.c: split_vma. The new VMA is the part from `page_nr` on. Walks of the reverse
/// map see either the whole or both parts: both locks are held over the change.
void split_vma(thread& task, vm_area_struct& vma, unsigned page_nr) {
  vma_start_write(task, vma);
  vm_area_struct& tail = vm_area_alloc(*vma.mm);
  tail.kind = vma.kind;
  tail.vm_locked = vma.vm_locked;
  tail.first_page = page_nr;
  tail.end_page = vma.end_page;
  tail.file = vma.file;
  tail.pgoff = vma.index_of(page_nr);
  if (vma.file != nullptr) {
    vma.file->i_mmap_rwsem.down_write(task,
                                      {.format = "i_mmap_lock_write()", .detail = Detail::Minor});
    vma.file->i_mmap.push_back(&tail);
  }
  anon_vma_split(task, vma, tail, page_nr);
  vma_mark_attached(task, tail);
  if (vma.file != nullptr) {
    vma.file->i_mmap_rwsem.up_write(task, {.format = "split_vma()", .detail = Detail::Minor});
  }
}

/// linux v6.12 mm/vma.c: vms_gather_munmap_vmas: takes the range's VMAs out of the tree, so that no
/// new fault finds them. [mm.mmap_lock for writing]
VmaList detach_vmas(thread& task, mm_struct& mm, unsigned first_page, unsigned end_page) {
  VmaList detached;
  for (unsigned i = 0; i < mm.vmas.size(); ++i) {
    vm_area_struct& vma = mm.vmas[i];
    if (!vma.attached || vma.end_page <= first_page || end_page <= vma.first_page) continue;
    if (vma.first_page < first_page) {
      split_vma(task, vma, first_page);  // The tail comes later in this loop.
      continue;
    }
    if (end_page < vma.end_page) split_vma(task, vma, end_page);
    vma_start_write(task, vma);
    vma_mark_detached(task, vma);
    detached.push_back(&vma);
  }
  return detached;
}

/// linux v6.1 mm/mmap.c: unmap_region; v6.12 mm/vma.c: vms_clear_ptes
void unmap_region(thread& task, mm_struct& mm, VmaList& vmas, ZapReason reason) {
  lru_add_drain(task);
  mmu_gather tlb = tlb_gather_mmu(task, mm, /*fullmm=*/false);
  for (vm_area_struct* vma : vmas) {
    unmap_page_range(task, tlb, vma->first_page, vma->end_page, reason);
  }
  for (vm_area_struct* vma : vmas) free_pgtables(task, tlb, *vma);
  tlb_finish_mmu(task, tlb);
}

void unmap_returns(thread& task, unsigned first_page, unsigned end_page,
                   const trace::StepText& text) {
  task.x().step(text);
  task.system->monitor->unmap_returned(task, first_page, end_page);
  std::fill(task.zapped_at.begin(), task.zapped_at.end(), std::uint8_t{0});
  std::fill(task.zapped_huge_at.begin(), task.zapped_huge_at.end(), std::uint8_t{0});
}

}  // namespace

// linux v6.1 mm/mmap.c: do_mas_align_munmap; v6.12 mm/vma.c: do_vmi_align_munmap
// mmap_lock is only held for writing until the VMAs are detached: entries are cleared and TLBs
// flushed under the read lock.
void sys_munmap(thread& task, unsigned first_page, unsigned end_page) {
  mm_struct& mm = *task.mm;
  const trace::Arg va = machine::arg(mm.va_of(first_page));
  mm.mmap_lock.down_write(task, {.format = "munmap({}): mmap_write_lock()", .args = {va}});
  VmaList detached = detach_vmas(task, mm, first_page, end_page);
  vma_end_write_all(task, mm);
  mm.mmap_lock.downgrade_write(task, {.format = "mmap_write_downgrade()", .detail = Detail::Minor});
  if (!detached.empty()) unmap_region(task, mm, detached, ZapReason::Unmap);
  mm.mmap_lock.up_read(task, {.format = "mmap_read_unlock()", .detail = Detail::Minor});
  unmap_returns(task, first_page, end_page, {.format = "munmap({}) returns", .args = {va}});
}

// linux v6.1 mm/mmap.c: mmap_region; v6.12 mm/mmap.c: __mmap_region
void sys_mmap_fixed(thread& task, unsigned first_page, unsigned end_page, VmaKind kind,
                    address_space* file, unsigned pgoff) {
  mm_struct& mm = *task.mm;
  const trace::Arg va = machine::arg(mm.va_of(first_page));
  mm.mmap_lock.down_write(task, {.format = "mmap({}, MAP_FIXED): mmap_write_lock()", .args = {va}});
  VmaList detached = detach_vmas(task, mm, first_page, end_page);
  if (!detached.empty()) unmap_region(task, mm, detached, ZapReason::MapFixed);
  vm_area_struct& vma = vm_area_alloc(mm);
  vma.kind = kind;
  vma.first_page = first_page;
  vma.end_page = end_page;
  vma.file = file;
  vma.pgoff = pgoff;
  vma_link_file(task, vma);
  vma_start_write(task, vma);
  vma_mark_attached(task, vma);
  vma_end_write_all(task, mm);
  mm.mmap_lock.up_write(task, {.format = "mmap_write_unlock()", .detail = Detail::Minor});
  unmap_returns(task, first_page, end_page,
                {.format = "mmap({}, MAP_FIXED) returns", .args = {va}});
}

// linux v6.12 mm/madvise.c: madvise_dontneed_single_vma; mm/memory.c: zap_page_range_single
void sys_madvise_dontneed(thread& task, unsigned first_page, unsigned end_page) {
  mm_struct& mm = *task.mm;
  const trace::Arg va = machine::arg(mm.va_of(first_page));
  mm.mmap_lock.down_read(task, {.format = "madvise({}, DONTNEED): mmap_read_lock()", .args = {va}});
  for (vm_area_struct& vma : mm.vmas) {
    if (!vma.attached || vma.end_page <= first_page || end_page <= vma.first_page) continue;
    lru_add_drain(task);
    mmu_gather tlb = tlb_gather_mmu(task, mm, /*fullmm=*/false);
    unmap_page_range(task, tlb, std::max(first_page, vma.first_page),
                     std::min(end_page, vma.end_page), ZapReason::DontNeed);
    tlb_finish_mmu(task, tlb);
  }
  mm.mmap_lock.up_read(task, {.format = "mmap_read_unlock()", .detail = Detail::Minor});
  unmap_returns(task, first_page, end_page,
                {.format = "madvise({}, DONTNEED) returns", .args = {va}});
}

// linux v6.12 kernel/sched/core.c: context_switch
// differs: no run queue: the thread comes back on the same CPU, and nothing waits for it.
void schedule(thread& task) {
  if (!task.system->x86_tlb) return;
  task.system->x86_tlb->enter_lazy_tlb(*task.cpu);
  task.system->x86_tlb->switch_mm_irqs_off(*task.cpu, task.mm->id);
}

void yield(thread& task) {
  if (task.mm->has_context) task.system->arch().yield(*task.cpu, task.mm->context);
  if (!task.system->x86_tlb) return;
  task.system->x86_tlb->switch_away(*task.cpu);
  task.system->x86_tlb->switch_mm_irqs_off(*task.cpu, task.mm->id);
}

void sys_exit_group(thread& task) {
  task.x().step({.format = "exit_group()"});
  task.mm->exiting.write(true);
  exit_mm(task);
  if (task.system->policies->exit_waits == ExitWaits::ForNobody) exit_mmap(task);
}

// linux v6.12 kernel/exit.c: exit_mm; kernel/fork.c: mmput
void exit_mm(thread& task) {
  task.killed = true;
  task.gone = true;
  task.x().step({.format = "mmput()", .detail = Detail::Minor});
  const int users = task.mm->mm_users.read_last() - 1;
  task.mm->mm_users.write(users);
  if (task.mm->has_context) {
    auto& usable = task.mm->context.usable;
    usable.write(usable.read_last() & ~(1u << to_index(task.cpu->id())));
  }
  if (users == 0 && task.system->policies->exit_waits == ExitWaits::ForThreads) exit_mmap(task);
}

// No thread runs in the address space any more, but writeback and reclaim still find its pages
// through the reverse map, and the OOM reaper through its process. The entries are cleared under
// the read lock, the rest is freed under the write lock.
void exit_mmap(thread& task) {
  mm_struct& mm = *task.mm;
  mm.mmap_lock.down_read(task, {.format = "exit_mmap(): mmap_read_lock()"});
  lru_add_drain(task);
  mmu_gather tlb = tlb_gather_mmu(task, mm, /*fullmm=*/true);
  VmaList vmas;
  for (vm_area_struct& vma : mm.vmas) {
    if (vma.attached) vmas.push_back(&vma);
  }
  for (vm_area_struct* vma : vmas) {
    unmap_page_range(task, tlb, vma->first_page, vma->end_page, ZapReason::Exit);
  }
  mm.mmap_lock.up_read(task, {.format = "mmap_read_unlock()", .detail = Detail::Minor});
  if (task.system->has_oom) {
    task.x().step({.format = "MMF_OOM_SKIP", .detail = Detail::Minor});
    mm.oom_skip.write(true);
  }
  mm.mmap_lock.down_write(task, {.format = "mmap_write_lock()", .detail = Detail::Minor});
  for (vm_area_struct* vma : vmas) vma->attached = false;
  for (vm_area_struct* vma : vmas) free_pgtables(task, tlb, *vma);
  tlb_finish_mmu(task, tlb);
  mm.mmap_lock.up_write(task, {.format = "mmap_write_unlock()", .detail = Detail::Minor});
}

}  // namespace mmcheck::mm

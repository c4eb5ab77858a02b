// SPDX-License-Identifier: Apache-2.0
#include "mm/mmap.h"

#include <algorithm>
#include <cerrno>

#include "mm/memory.h"
#include "mm/mlock.h"
#include "mm/vma.h"
#include "mm/vma_lock.h"

namespace mmcheck::mm {

vm_area_struct* find_vma(mm_struct& mm, unsigned page_nr) {
  for (vm_area_struct& vma : mm.vmas) {
    if (vma.attached && vma.first_page <= page_nr && page_nr < vma.end_page) return &vma;
  }
  return nullptr;
}

namespace {

void unmap_returns(thread& task, unsigned first_page, unsigned end_page,
                   const trace::StepText& text) {
  task.x().step(text);
  task.system->monitor->unmap_returned(task, first_page, end_page);
  forget_zapped(task);
}

}  // namespace

// linux v6.1 mm/mmap.c: do_mas_align_munmap; v6.12 mm/vma.c: do_vmi_align_munmap
// mmap_lock is only held for writing until the VMAs are detached: entries are cleared and TLBs
// flushed under the read lock.
void sys_munmap(thread& task, unsigned first_page, unsigned end_page) {
  mm_struct& mm = *task.mm;
  const trace::Arg va = machine::arg(mm.va_of(first_page));
  mm.mmap_lock.down_write(task, {.format = "munmap({}): mmap_write_lock()", .args = {va}});
  const VmaList detached = detach_vmas(task, mm, first_page, end_page);
  vma_end_write_all(task, mm);
  mm.mmap_lock.downgrade_write(task, {.format = "mmap_write_downgrade()", .detail = Detail::Minor});
  if (!detached.empty()) unmap_region(task, mm, detached, ZapReason::Unmap);
  mm.mmap_lock.up_read(task, {.format = "mmap_read_unlock()", .detail = Detail::Minor});
  unmap_returns(task, first_page, end_page, {.format = "munmap({}) returns", .args = {va}});
}

namespace {

/// linux v6.1 mm/mmap.c: mmap_region; v6.12 mm/mmap.c: __mmap_region [mm.mmap_lock for writing]
/// differs: does not merge VMAs.
void mmap_region(thread& task, unsigned first_page, const MmapRequest& request) {
  mm_struct& mm = *task.mm;
  const unsigned end_page = first_page + request.nr_pages;
  const VmaList detached = detach_vmas(task, mm, first_page, end_page);
  if (!detached.empty()) unmap_region(task, mm, detached, ZapReason::MapFixed);
  vm_area_struct& vma = vm_area_alloc(task, mm);
  vma.kind = request.kind;
  vma.first_page = first_page;
  vma.end_page = end_page;
  vma.file = request.file;
  vma.pgoff = request.pgoff;
  vma.may_write = request.may_write;
  if (task.system->has_protection) vma.vm_flags.write(request.flags);
  vma_link_file(task, vma);
  vma_start_write(task, vma);
  vma_mark_attached(task, vma);
  vma_end_write_all(task, mm);
}

/// [mm.mmap_lock]
bool is_free(mm_struct& mm, unsigned first_page, unsigned end_page) {
  return end_page <= mm.ptes.size() &&
         std::none_of(mm.vmas.begin(), mm.vmas.end(), [&](const vm_area_struct& vma) {
           return vma.attached && vma.first_page < end_page && first_page < vma.end_page;
         });
}

}  // namespace

// linux v6.12 mm/mmap.c: vm_unmapped_area, unmapped_area_topdown [mm.mmap_lock]
unsigned vm_unmapped_area(const thread& task, unsigned nr_pages) {
  mm_struct& mm = *task.mm;
  auto end = static_cast<unsigned>(mm.ptes.size());
  while (nr_pages <= end) {
    unsigned below = end;  // Where something is in the way.
    for (const vm_area_struct& vma : mm.vmas) {
      if (!vma.attached || vma.first_page >= end || vma.end_page <= end - nr_pages) continue;
      below = std::min(below, vma.first_page);
    }
    if (below == end) return end - nr_pages;
    end = below;
  }
  task.system->exhausted(Resource::Pages);
}

void sys_mmap_fixed(thread& task, unsigned first_page, unsigned end_page, VmaKind kind,
                    address_space* file, unsigned pgoff, vm_flags_t flags) {
  mm_struct& mm = *task.mm;
  const trace::Arg va = machine::arg(mm.va_of(first_page));
  mm.mmap_lock.down_write(task, {.format = "mmap({}, MAP_FIXED): mmap_write_lock()", .args = {va}});
  mmap_region(task, first_page,
              {.nr_pages = end_page - first_page,
               .kind = kind,
               .file = file,
               .pgoff = pgoff,
               .flags = flags});
  mm.mmap_lock.up_write(task, {.format = "mmap_write_unlock()", .detail = Detail::Minor});
  unmap_returns(task, first_page, end_page,
                {.format = "mmap({}, MAP_FIXED) returns", .args = {va}});
}

// linux v6.12 mm/mmap.c: do_mmap
std::int64_t sys_mmap(thread& task, const MmapRequest& request) {
  mm_struct& mm = *task.mm;
  mm.mmap_lock.down_write(task, {.format = "mmap(): mmap_write_lock()"});
  unsigned first_page = request.first_page;
  const bool fits = request.place != MmapPlace::Anywhere &&
                    is_free(mm, first_page, first_page + request.nr_pages);
  const bool refused = request.place == MmapPlace::FixedNoReplace && !fits;
  if (!refused) {
    if (!fits && request.place != MmapPlace::Fixed) {
      first_page = vm_unmapped_area(task, request.nr_pages);
    }
    mmap_region(task, first_page, request);
  }
  mm.mmap_lock.up_write(task, {.format = "mmap_write_unlock()", .detail = Detail::Minor});
  if (refused) return -EEXIST;
  unmap_returns(task, first_page, first_page + request.nr_pages,
                {.format = "mmap({}) returns", .args = {machine::arg(mm.va_of(first_page))}});
  return first_page;
}

namespace {

/// Up to the first page of a VMA that is locked in memory. [mm.mmap_lock]
unsigned end_before_locked(mm_struct& mm, unsigned first_page, unsigned end_page) {
  for (const vm_area_struct& vma : mm.vmas) {
    if (!vma.attached || !vma.vm_locked || vma.end_page <= first_page) continue;
    end_page = std::min(end_page, std::max(first_page, vma.first_page));
  }
  return end_page;
}

}  // namespace

// linux v6.12 mm/madvise.c: madvise_walk_vmas, madvise_dontneed_single_vma; mm/memory.c:
// zap_page_range_single
int sys_madvise_dontneed(thread& task, unsigned first_page, unsigned end_page) {
  mm_struct& mm = *task.mm;
  const trace::Arg va = machine::arg(mm.va_of(first_page));
  mm.mmap_lock.down_read(task, {.format = "madvise({}, DONTNEED): mmap_read_lock()", .args = {va}});
  const unsigned end = end_before_locked(mm, first_page, end_page);
  unsigned nr_mapped = 0;
  for (vm_area_struct& vma : mm.vmas) {
    if (!vma.attached || vma.end_page <= first_page || end <= vma.first_page) continue;
    lru_add_drain(task);
    mmu_gather tlb = tlb_gather_mmu(task, mm, /*fullmm=*/false);
    const unsigned begin = std::max(first_page, vma.first_page);
    nr_mapped += std::min(end, vma.end_page) - begin;
    unmap_page_range(task, tlb, begin, std::min(end, vma.end_page), ZapReason::DontNeed);
    tlb_finish_mmu(task, tlb);
  }
  mm.mmap_lock.up_read(task, {.format = "mmap_read_unlock()", .detail = Detail::Minor});
  unmap_returns(task, first_page, end, {.format = "madvise({}, DONTNEED) returns", .args = {va}});
  if (end < end_page) return -EINVAL;
  return nr_mapped < end - first_page ? -ENOMEM : 0;
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
  if (task.mm->has_running) {
    auto& running = task.mm->running;
    running.write(running.read_last() & ~(1u << to_index(task.cpu->id())));
  }
  if (users == 0 && task.system->policies->exit_waits == ExitWaits::ForThreads) exit_mmap(task);
}

namespace {

/// [mm.mmap_lock]
VmaList attached_vmas(const thread& task, mm_struct& mm) {
  VmaList vmas(task);
  for (vm_area_struct& vma : mm.vmas) {
    if (vma.attached) vmas.push_back(vma);
  }
  return vmas;
}

}  // namespace

// No thread runs in the address space any more, but writeback and reclaim still find its pages
// through the reverse map, and the OOM reaper through its process. The entries are cleared under
// the read lock, the rest is freed under the write lock.
void exit_mmap(thread& task) {
  mm_struct& mm = *task.mm;
  mm.mmap_lock.down_read(task, {.format = "exit_mmap(): mmap_read_lock()"});
  lru_add_drain(task);
  mmu_gather tlb = tlb_gather_mmu(task, mm, /*fullmm=*/true);
  VmaList vmas = attached_vmas(task, mm);
  for (vm_area_struct* vma : vmas) {
    unmap_page_range(task, tlb, vma->first_page, vma->end_page, ZapReason::Exit);
  }
  mm.mmap_lock.up_read(task, {.format = "mmap_read_unlock()", .detail = Detail::Minor});
  if (task.system->has_oom) {
    task.x().step({.format = "MMF_OOM_SKIP", .detail = Detail::Minor});
    mm.oom_skip.write(true);
  }
  mm.mmap_lock.down_write(task, {.format = "mmap_write_lock()", .detail = Detail::Minor});
  vmas = attached_vmas(task, mm);  // The same, unless a design lets other threads go on.
  for (vm_area_struct* vma : vmas) vma->attached = false;
  for (vm_area_struct* vma : vmas) free_pgtables(task, tlb, *vma);
  tlb_finish_mmu(task, tlb);
  remove_vmas(task, vmas);
  mm.mmap_lock.up_write(task, {.format = "mmap_write_unlock()", .detail = Detail::Minor});
}

}  // namespace mmcheck::mm

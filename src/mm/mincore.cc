// SPDX-License-Identifier: Apache-2.0
// What is asked and noted about ranges of pages. linux mm/mincore.c, mm/mlock.c
#include <algorithm>
#include <cerrno>

#include "mm/memory.h"
#include "mm/mmap.h"
#include "mm/vma.h"
#include "mm/vma_lock.h"

namespace mmcheck::mm {

namespace {

/// linux v6.12 mm/mincore.c: mincore_pte_range, __mincore_unmapped_range
/// differs: without the PTL, of which nobody can tell here; pages of files need not be up to date.
bool mincore_page(thread& task, vm_area_struct& vma, unsigned page_nr) {
  task.x().step({.format = "mincore({})",
                 .args = {machine::arg(vma.mm->va_of(page_nr))},
                 .detail = Detail::Minor});
  if (!pte_none(vma.mm->pte(page_nr).walk())) return true;
  if (vma.file == nullptr || vma.index_of(page_nr) >= vma.file->nr_pages) return false;
  return vma.file->i_pages[vma.index_of(page_nr)].read_last() != 0;
}

}  // namespace

// linux v6.12 mm/mincore.c: mincore, do_mincore
int sys_mincore(thread& task, unsigned first_page, unsigned end_page, std::span<std::uint8_t> out) {
  mm_struct& mm = *task.mm;
  mm.mmap_lock.down_read(task, {.format = "mincore(): mmap_read_lock()"});
  int error = 0;
  for (unsigned page_nr = first_page; page_nr < end_page && error == 0; ++page_nr) {
    vm_area_struct* vma = find_vma(mm, page_nr);
    if (vma == nullptr) {
      error = -ENOMEM;
    } else {
      out[page_nr - first_page] = mincore_page(task, *vma, page_nr) ? 1 : 0;
    }
  }
  mm.mmap_lock.up_read(task, {.format = "mmap_read_unlock()", .detail = Detail::Minor});
  return error;
}

namespace {

/// [mm.mmap_lock]
MappedRange reach_of(mm_struct& mm, unsigned first_page, unsigned end_page,
                     FunctionRef<bool(const vm_area_struct&)> wanted) {
  MappedRange range{.end = first_page};
  while (range.end < end_page) {
    const vm_area_struct* vma = find_vma(mm, range.end);
    if (vma != nullptr && !wanted(*vma)) break;
    range.whole &= vma != nullptr;
    range.end = vma == nullptr ? range.end + 1 : std::min(vma->end_page, end_page);
  }
  return range;
}

}  // namespace

MappedRange check_range(thread& task, unsigned first_page, unsigned end_page,
                        FunctionRef<bool(const vm_area_struct&)> wanted) {
  mm_struct& mm = *task.mm;
  mm.mmap_lock.down_read(task, {.format = "mmap_read_lock()"});
  const MappedRange range = reach_of(mm, first_page, end_page, wanted);
  mm.mmap_lock.up_read(task, {.format = "mmap_read_unlock()", .detail = Detail::Minor});
  return range;
}

int sys_madvise_update(thread& task, unsigned first_page, unsigned end_page,
                       FunctionRef<bool(const vm_area_struct&)> wanted,
                       FunctionRef<void(vm_area_struct&)> change) {
  mm_struct& mm = *task.mm;
  mm.mmap_lock.down_write(task, {.format = "madvise(): mmap_write_lock()"});
  const MappedRange range = reach_of(mm, first_page, end_page, wanted);
  if (first_page < range.end) {
    for_each_vma_within(task, mm, first_page, range.end, [&](vm_area_struct& vma) {
      vma_start_write(task, vma);
      change(vma);
    });
  }
  vma_end_write_all(task, mm);
  mm.mmap_lock.up_write(task, {.format = "mmap_write_unlock()", .detail = Detail::Minor});
  if (range.end < end_page) return -EINVAL;
  return range.whole ? 0 : -ENOMEM;
}

FaultResult faultin_page(thread& task, unsigned page_nr, machine::AccessKind kind) {
  mm_struct& mm = *task.mm;
  task.x().step({.format = "follow_page_mask({})?",
                 .args = {machine::arg(mm.va_of(page_nr))},
                 .detail = Detail::Minor});
  const pte_t pte = mm.pte(page_nr).walk_last();
  const bool there = pte_present(pte) && (kind == machine::AccessKind::Load || pte_write(pte));
  return there ? FaultResult::Done : handle_mm_fault(task, mm.va_of(page_nr), kind);
}

namespace {

void set_lock(thread& task, vm_area_struct& vma, VmLock lock) {
  vma_start_write(task, vma);
  vma.vm_locked = lock != VmLock::None;
  vma.on_fault = lock == VmLock::OnFault;
}

}  // namespace

bool mark_locked(thread& task, unsigned first_page, unsigned end_page, VmLock lock) {
  mm_struct& mm = *task.mm;
  mm.mmap_lock.down_write(task, {.format = lock == VmLock::None ? "munlock(): mmap_write_lock()"
                                                                : "mlock(): mmap_write_lock()"});
  unsigned reach = first_page;
  while (reach < end_page) {
    const vm_area_struct* vma = find_vma(mm, reach);
    if (vma == nullptr) break;
    reach = std::min(vma->end_page, end_page);
  }
  if (first_page < reach) {
    for_each_vma_within(task, mm, first_page, reach,
                        [&](vm_area_struct& vma) { set_lock(task, vma, lock); });
  }
  vma_end_write_all(task, mm);
  mm.mmap_lock.up_write(task, {.format = "mmap_write_unlock()", .detail = Detail::Minor});
  return reach == end_page;
}

void mark_all_locked(thread& task, VmLock lock) {
  mm_struct& mm = *task.mm;
  mm.mmap_lock.down_write(task, {.format = "mlockall(): mmap_write_lock()"});
  for (vm_area_struct& vma : mm.vmas) {
    if (vma.attached) set_lock(task, vma, lock);
  }
  vma_end_write_all(task, mm);
  mm.mmap_lock.up_write(task, {.format = "mmap_write_unlock()", .detail = Detail::Minor});
}

}  // namespace mmcheck::mm

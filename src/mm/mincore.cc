// SPDX-License-Identifier: Apache-2.0
// linux mm/mincore.c
#include <cerrno>

#include "mm/mmap.h"

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

}  // namespace mmcheck::mm

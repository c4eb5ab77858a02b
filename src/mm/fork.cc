// SPDX-License-Identifier: Apache-2.0
#include "mm/fork.h"

#include <algorithm>

#include "mm/folio.h"
#include "mm/rmap.h"

namespace mmcheck::mm {

namespace {

using machine::pte_mkold;
using machine::pte_present;
using machine::pte_wrprotect;

/// linux v6.12 mm/memory.c: copy_present_ptes, of one small folio [PTL of the parent]
void copy_present_pte(thread& task, mm_struct& child, mm_struct& parent, unsigned page_nr) {
  PteSlot& slot = parent.pte(page_nr);
  task.x().step({.format = "copy_present_pte({})", .args = {machine::arg(slot.va())}});
  const pte_t pte = slot.ptep_get();
  if (!pte_present(pte)) return;
  folio& page = task.system->page(machine::pte_pfn(pte));
  folio_ref_add(task, page, 1);
  page.mapcount.write(page.mapcount.read_last() + 1);
  slot.set_pte(pte_wrprotect(pte));
  child.pte(page_nr).set_pte(pte_mkold(pte_wrprotect(pte)));
}

}  // namespace

// differs: the child's PTL is not taken, as nothing leads to its entries yet: its VMAs hang on no
// anon_vma. No pinned pages, no write_protect_seq. So it serves the cost of a fork (src/cost), and
// not scenarios, which would need copy on write.
void dup_mmap(thread& task, mm_struct& child, mm_struct& parent) {
  parent.mmap_lock.down_write(task, {.format = "dup_mmap(): mmap_write_lock()"});
  for (const vm_area_struct& vma : parent.vmas) {
    if (!vma.attached || vma.kind != VmaKind::Anonymous) continue;
    unsigned page_nr = vma.first_page;
    while (page_nr < vma.end_page) {
      const unsigned end = std::min(parent.table_of(page_nr).end_page, vma.end_page);
      task.x().step({.format = "pte_alloc()", .detail = Detail::Minor});
      child.table_of(page_nr).pmd.write(true);
      lock_ptl(task, parent, page_nr);
      for (; page_nr < end; ++page_nr) copy_present_pte(task, child, parent, page_nr);
      unlock_ptl(task, parent, end - 1);
    }
  }
  // Before the parent may write again: a stale writable entry would write to a page that is shared
  // by now.
  flush_tlb_pages(task, parent, 0, static_cast<unsigned>(parent.ptes.size()));
  parent.mmap_lock.up_write(task, {.format = "mmap_write_unlock()", .detail = Detail::Minor});
}

}  // namespace mmcheck::mm

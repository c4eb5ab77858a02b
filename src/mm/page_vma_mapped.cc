// SPDX-License-Identifier: Apache-2.0
#include "mm/page_vma_mapped.h"

#include "mm/folio.h"
#include "mm/tlb_gen.h"

namespace mmcheck::mm {

PageVmaMappedWalk::PageVmaMappedWalk(thread& task, vm_area_struct& vma, folio& page, PvmwSync sync)
    : task_(task), mm_(*vma.mm) {
  // An anonymous page's index is its page number in the address space. Stable: the caller's
  // reference or lock keeps the page where it is.
  const unsigned start = page.mapping.peek().is_anon() ? vma.first_page : vma.pgoff;
  if (page.index < start || page.index >= start + (vma.end_page - vma.first_page)) return;
  page_nr_ = vma.first_page + (page.index - start);
  PteSlot& slot = mm_.pte(page_nr_);
  if (sync == PvmwSync::No) {
    task.x().step({.format = "page_vma_mapped_walk({}): peek",
                   .args = {machine::arg(slot.va())},
                   .detail = Detail::Minor});
    if (!pte_present(slot.walk_last())) return;
  } else {
    task.x().step({.format = "page_vma_mapped_walk({}): pmd",
                   .args = {machine::arg(slot.va())},
                   .detail = Detail::Minor});
    if (!mm_.table_of(page_nr_).pmd.read_last()) return;
  }
  // differs: the walk is no RCU reader, as in v6.12 it is: the lock of the reverse map, which is
  // held here and which free_pgtables() takes, keeps the table.
  const machine::TablePage& table = mm_.table_of(page_nr_).page;
  const unsigned generation = table.followed() ? table.generation() : 0;
  lock_ptl(task, mm_, page_nr_);
  task.x().step({.format = "page_vma_mapped_walk({})", .args = {machine::arg(slot.va())}});
  if (table.followed()) table.walk(generation);
  const pte_t pte = slot.ptep_get_last();
  found_ = pte_present(pte) && pte_pfn(pte) == page.frame.pfn();
  const Generations* generations = task.system->policies->generations;
  if (generations != nullptr && sync == PvmwSync::Yes &&
      (generations->mkclean == MkcleanCheck::AnyEntry ||
       (generations->mkclean == MkcleanCheck::EntryFound && found_))) {
    flush_deferred(task, mm_, mm_.table_of(page_nr_));
  }
  if (found_) return;
  unlock_ptl(task, mm_, page_nr_);
}

}  // namespace mmcheck::mm

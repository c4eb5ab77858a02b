// SPDX-License-Identifier: Apache-2.0
#include "mm/page_vma_mapped.h"

#include <algorithm>

#include "mm/folio.h"

namespace mmcheck::mm {

PageVmaMappedWalk::PageVmaMappedWalk(thread& task, vm_area_struct& vma, folio& page, PvmwSync sync)
    : task_(task), mm_(*vma.mm), folio_(page), sync_(sync) {
  // An anonymous page's index is its page number in the address space. Stable: the caller's
  // reference or lock keeps the page where it is.
  const unsigned start = page.mapping.peek().is_anon() ? vma.first_page : vma.pgoff;
  const unsigned end = start + (vma.end_page - vma.first_page);
  const unsigned first = std::max(page.index, start);
  const unsigned last = std::min(page.index + folio_nr_pages(page), end);
  if (first >= last) return;
  first_page_ = vma.first_page + page.index - start;  // May wrap around; so does page().
  page_nr_ = vma.first_page + (first - start);
  end_page_ = vma.first_page + (last - start);
  seek();
}

folio& PageVmaMappedWalk::page() const { return folio_page(folio_, page_nr_ - first_page_); }

void PageVmaMappedWalk::next() {
  step_over();
  seek();
}

/// To the first entry from here on that maps its page.
void PageVmaMappedWalk::seek() {
  while (page_nr_ < end_page_ && !((locked_ || map_pte()) && check_pte())) step_over();
}

/// Drops the PTL behind the last entry of a table.
void PageVmaMappedWalk::step_over() {
  const bool last = page_nr_ + 1 == std::min(end_page_, mm_.table_of(page_nr_).end_page);
  if (locked_ && last) {
    unlock_ptl(task_, mm_, page_nr_);
    locked_ = false;
  }
  ++page_nr_;
}

/// Takes the PTL if there may be something to find.
bool PageVmaMappedWalk::map_pte() {
  PteSlot& slot = mm_.pte(page_nr_);
  if (sync_ == PvmwSync::No) {
    task_.x().step({.format = "page_vma_mapped_walk({}): peek",
                    .args = {machine::arg(slot.va())},
                    .detail = Detail::Minor});
    if (!pte_present(slot.walk_last())) return false;
  } else {
    task_.x().step({.format = "page_vma_mapped_walk({}): pmd",
                    .args = {machine::arg(slot.va())},
                    .detail = Detail::Minor});
    if (!mm_.table_of(page_nr_).pmd.read_last()) return false;
  }
  lock_ptl(task_, mm_, page_nr_);
  locked_ = true;
  return true;
}

/// [PTL]
bool PageVmaMappedWalk::check_pte() {
  PteSlot& slot = mm_.pte(page_nr_);
  task_.x().step({.format = "page_vma_mapped_walk({})", .args = {machine::arg(slot.va())}});
  const pte_t pte = slot.ptep_get_last();
  return pte_present(pte) && pte_pfn(pte) == page().frame.pfn();
}

}  // namespace mmcheck::mm

// SPDX-License-Identifier: Apache-2.0
#include "mm/page_vma_mapped.h"

#include <algorithm>

#include "mm/folio.h"
#include "mm/tlb_gen.h"

namespace mmcheck::mm {

PageVmaMappedWalk::PageVmaMappedWalk(thread& task, vm_area_struct& vma, folio& page, PvmwSync sync,
                                     PvmwEntries entries)
    : task_(task), mm_(*vma.mm), folio_(page), sync_(sync), entries_(entries) {
  // An anonymous page's index is its page number in the address space, before any mremap(). Stable:
  // the caller's reference or lock keeps the page where it is.
  const unsigned start =
      page.mapping.peek().is_anon() ? vma.anon_index_of(vma.first_page) : vma.pgoff;
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
  if (huge_) {
    mm_.table_of(page_nr_).pmd_lock.unlock(task_, {.format = "spin_unlock(pmd)"});
    huge_ = locked_ = false;
    page_nr_ = end_page_;
    return;
  }
  step_over();
  seek();
}

/// To the first entry from here on that maps its page.
void PageVmaMappedWalk::seek() {
  PteSlot* pmd = page_nr_ < end_page_ ? mm_.pte(page_nr_).huge() : nullptr;
  if (pmd != nullptr && !locked_ && map_pmd(*pmd)) return;
  while (page_nr_ < end_page_ && !((locked_ || map_pte()) && check_pte())) step_over();
}

/// The PMD's lock is taken if the entry is huge; and, with PVMW_SYNC, if it is none: then
/// zap_huge_pmd() may be at work on it.
bool PageVmaMappedWalk::map_pmd(PteSlot& pmd) {
  kernel::spinlock_t& lock = mm_.table_of(page_nr_).pmd_lock;
  task_.x().step({.format = "page_vma_mapped_walk({}): pmd_trans_huge?",
                  .args = {machine::arg(pmd.va())},
                  .detail = Detail::Minor});
  const bool present = pmd_present(pmd.ptep_get_last());
  if (!present && sync_ == PvmwSync::No) return false;
  lock.lock(task_, {.format = "spin_lock(pmd)"});
  if (present) {
    task_.x().step({.format = "page_vma_mapped_walk({})", .args = {machine::arg(pmd.va())}});
    const pte_t now = pmd.ptep_get_last();
    huge_ = locked_ = pmd_present(now) && pte_pfn(now) == folio_.frame.pfn();
  }
  flush_generations(huge_);
  if (huge_) return true;
  lock.unlock(task_, {.format = "spin_unlock(pmd)"});
  return false;
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
  // differs: the walk is no RCU reader, as in v6.12 it is: the lock of the reverse map, which is
  // held here and which free_pgtables() takes, keeps the table.
  const machine::TablePage& table = mm_.table_of(page_nr_).page;
  table_generation_ = table.followed() ? table.generation() : 0;
  lock_ptl(task_, mm_, page_nr_);
  locked_ = true;
  return true;
}

/// With generations: before what is found is changed, and what is not found is gone. [PTL]
void PageVmaMappedWalk::flush_generations(bool found) {
  const Generations* generations = task_.system->policies->generations;
  if (generations == nullptr || sync_ == PvmwSync::No) return;
  const bool wanted = generations->mkclean == MkcleanCheck::AnyEntry ||
                      (generations->mkclean == MkcleanCheck::EntryFound && found);
  if (wanted) flush_deferred(task_, mm_, mm_.table_of(page_nr_));
}

/// [PTL]
bool PageVmaMappedWalk::check_pte() {
  PteSlot& slot = mm_.pte(page_nr_);
  const machine::TablePage& table = mm_.table_of(page_nr_).page;
  task_.x().step({.format = "page_vma_mapped_walk({})", .args = {machine::arg(slot.va())}});
  if (table.followed()) table.walk(table_generation_);
  const pte_t pte = slot.ptep_get_last();
  const Pfn pfn = page().frame.pfn();
  const bool found = entries_ == PvmwEntries::Present
                         ? pte_present(pte) && pte_pfn(pte) == pfn
                         : is_migration_entry(pte) && pte_pfn(remove_migration_entry(pte)) == pfn;
  flush_generations(found);
  return found;
}

}  // namespace mmcheck::mm

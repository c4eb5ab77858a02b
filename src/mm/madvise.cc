// SPDX-License-Identifier: Apache-2.0
// Memory that may be dropped while nobody has written to it again. linux mm/madvise.c, mm/swap.c
#include <algorithm>

#include "mm/folio.h"
#include "mm/memory.h"
#include "mm/mlock.h"
#include "mm/mmap.h"
#include "mm/mmu_gather.h"
#include "mm/rmap.h"
#include "mm/swapfile.h"
#include "mm/vma.h"
#include "mm/vmscan.h"

namespace mmcheck::mm {

namespace {

using machine::is_swap_pte;
using machine::pte_dirty;
using machine::pte_mkclean;
using machine::pte_mkold;
using machine::pte_present;
using machine::pte_young;

/// A clean page, if it could be made one: not in the swap cache, not dirty, nobody else's. [PTL]
bool clean_folio(thread& task, folio& page) {
  task.x().step(
      {.format = "{}: in the swap cache, or dirty?", .args = {arg(page)}, .detail = Detail::Minor});
  const bool cached = has_swap(task) && page.swapcache.read() != 0;
  if (!page.dirty.read() && !cached) return true;
  if (!folio_trylock(task, page)) return false;
  task.x().step(
      {.format = "folio_mapcount({}) == 1?", .args = {arg(page)}, .detail = Detail::Minor});
  const bool alone = page.mapcount.read_last() == 0;  // One mapping.
  const bool freed = alone && (!cached || folio_free_swap(task, page));
  if (freed) {
    task.x().step({.format = "folio_clear_dirty({})", .args = {arg(page)}});
    page.dirty.write(false);
  }
  folio_unlock(task, page);
  return freed;
}

/// linux v6.12 mm/swap.c: folio_mark_lazyfree, lru_lazyfree
/// differs: the batch is drained at once, and so holds no reference.
bool folio_mark_lazyfree(thread& task, folio& page) {
  task.x().step({.format = "folio_mark_lazyfree({})", .args = {arg(page)}});
  if (page.isolated.read() || (has_swap(task) && page.swapcache.read() != 0)) return false;
  if (page.swapbacked.read()) page.swapbacked.write(false);
  task.system->monitor->lazyfree_marked(page);
  return true;
}

/// One present entry; returns whether its page is lazyfree now. [PTL]
///
/// A store from here on sets D again, and so keeps the page. But a TLB that holds the entry as
/// dirty sets nothing: hence the flush before the call returns. While it has not returned, a store
/// may belong to what is freed.
bool madvise_free_pte(thread& task, mmu_gather& tlb, PteSlot& slot, pte_t seen, folio& page) {
  if (!clean_folio(task, page)) return false;
  const machine::Arch& arch = task.system->arch();
  if (pte_young(seen) || pte_dirty(seen)) {
    const pte_t old = arch.ptep_get_and_clear(*task.cpu, slot);
    arch.set_pte(*task.cpu, slot, pte_mkold(pte_mkclean(old)),
                 {.format = "set_pte({}) old, clean", .args = {machine::arg(slot.va())}});
    if (task.system->policies->lazyfree.flush == Step::Kept) {
      tlb_remove_tlb_entry(tlb, tlb.mm->page_of(slot.va()));
    }
  }
  return folio_mark_lazyfree(task, page);
}

/// linux v6.12 mm/madvise.c: madvise_free_pte_range, of one page table
/// differs: large folios are left alone, as Linux leaves those that it cannot split; on arm64 the
/// entry is none for a moment, as elsewhere.
void madvise_free_pte_range(thread& task, mmu_gather& tlb, unsigned first_page, unsigned end_page,
                            FolioList& marked) {
  mm_struct& mm = *tlb.mm;
  lock_ptl(task, mm, first_page);
  page_table& table = mm.table_of(first_page);
  flush_pending_of_others(task, mm, table, task.system->policies->lazyfree.batched_pending);
  count_generation(task, tlb, table, GenerationCount::BeforeClear);
  for (unsigned page_nr = first_page; page_nr < end_page; ++page_nr) {
    PteSlot& slot = mm.pte(page_nr);
    task.x().step(
        {.format = "ptep_get({})", .args = {machine::arg(slot.va())}, .detail = Detail::Minor});
    const pte_t pte = slot.ptep_get_last();
    if (pte_present(pte)) {
      folio& page = task.system->page(pte_pfn(pte));
      if (folio_test_large(page_folio(page))) continue;
      if (!madvise_free_pte(task, tlb, slot, pte, page)) continue;
      marked.push_back(&page);
    } else if (is_swap_pte(pte)) {
      zap_swap_pte(task, slot);
    }
    task.zapped_at[page_nr] = slot.current();
  }
  if (tlb.need_flush) count_generation(task, tlb, table, GenerationCount::AfterClear);
  unlock_ptl(task, mm, first_page);
}

/// linux v6.12 mm/madvise.c: madvise_free_single_vma
void madvise_free_single_vma(thread& task, vm_area_struct& vma, unsigned first_page,
                             unsigned end_page, FolioList& marked) {
  lru_add_drain(task);
  mmu_gather tlb = tlb_gather_mmu(task, *vma.mm, /*fullmm=*/false);
  while (first_page < end_page) {
    const page_table& table = vma.mm->table_of(first_page);
    const unsigned end = std::min(table.end_page, end_page);
    task.x().step({.format = "pmd_none({})?",
                   .args = {machine::arg(vma.mm->va_of(first_page))},
                   .detail = Detail::Minor});
    if (table.pmd.read_last()) madvise_free_pte_range(task, tlb, first_page, end, marked);
    first_page = end;
  }
  tlb_finish_mmu(task, tlb);
}

}  // namespace

// linux v6.12 mm/madvise.c: do_madvise, madvise_dontneed_free
// differs: passes over what is no anonymous memory, where Linux stops (-EINVAL).
void sys_madvise_free(thread& task, unsigned first_page, unsigned end_page) {
  mm_struct& mm = *task.mm;
  const trace::Arg va = machine::arg(mm.va_of(first_page));
  FolioList marked;
  mm.mmap_lock.down_read(task, {.format = "madvise({}, FREE): mmap_read_lock()", .args = {va}});
  for (vm_area_struct& vma : mm.vmas) {
    if (!vma.attached || vma.end_page <= first_page || end_page <= vma.first_page) continue;
    if (vma.kind != VmaKind::Anonymous) continue;
    madvise_free_single_vma(task, vma, std::max(first_page, vma.first_page),
                            std::min(end_page, vma.end_page), marked);
  }
  mm.mmap_lock.up_read(task, {.format = "mmap_read_unlock()", .detail = Detail::Minor});
  task.x().step({.format = "madvise({}, FREE) returns", .args = {va}});
  for (folio* page : marked) task.system->monitor->lazyfree_returned(*page);
  task.system->monitor->change_returned(task, first_page, end_page, Monitor::Revoked::Dirty);
  forget_zapped(task);
}

}  // namespace mmcheck::mm

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "mm/folio.h"
#include "mm/huge_memory.h"
#include "mm/memory.h"
#include "mm/mlock.h"
#include "mm/rmap.h"
#include "mm/swapfile.h"
#include "mm/tlb_gen.h"

namespace mmcheck::mm {

namespace {

using machine::is_swap_pte;
using machine::pte_dirty;
using machine::pte_mkdirty;
using machine::pte_present;

/// What zap_pte_range has to do about TLBs before it goes on.
struct ZapProgress {
  bool force_flush = false;  ///< before the PTL is dropped
  bool gather_full = false;
  bool cleared = false;  ///< some entry
};

/// How many entries from this one on map the next pages of one folio. [PTL]
/// linux v6.12 mm/internal.h: folio_pte_batch, with FPB_IGNORE_DIRTY
unsigned folio_pte_batch(thread& task, mm_struct& mm, unsigned page_nr, unsigned end_page,
                         pte_t first) {
  if (task.system->policies->zap_batch == ZapBatch::Entry) return 1;
  folio& page = task.system->page(pte_pfn(first));
  const folio& whole = page_folio(page);
  const unsigned behind = folio_nr_pages(whole) - static_cast<unsigned>(&page - &whole);
  const unsigned max = std::min(behind, end_page - page_nr);
  unsigned nr = 1;
  for (; nr < max; ++nr) {
    task.x().step({.format = "folio_pte_batch({})",
                   .args = {machine::arg(mm.va_of(page_nr + nr))},
                   .detail = Detail::Minor});
    const pte_t pte = mm.pte(page_nr + nr).ptep_get_last();
    if (pte_pfn(pte) != folio_page(page, nr).frame.pfn()) break;
  }
  return nr;
}

/// linux v6.12 include/linux/pgtable.h: get_and_clear_full_ptes. The A and D bits of all.
pte_t get_and_clear_ptes(thread& task, mmu_gather& tlb, unsigned page_nr, unsigned nr) {
  pte_t all{};
  for (unsigned page = page_nr; page < page_nr + nr; ++page) {
    const pte_t pte = task.system->arch().ptep_get_and_clear(*task.cpu, tlb.mm->pte(page));
    task.zapped_at[page] = tlb.mm->pte(page).current();
    tlb_remove_tlb_entry(tlb, page);
    if (page == page_nr) all = pte;
    if (pte_dirty(pte)) all = pte_mkdirty(all);
  }
  return all;
}

/// Entries of one folio, of which the first was found present. linux v6.12 mm/memory.c:
/// zap_present_ptes, zap_present_folio_ptes; v6.1 inlines it in zap_pte_range, of one entry [PTL]
///
/// The order of the next four steps is what the thread was about. A store through a stale TLB
/// entry reaches the page as long as the entry is not flushed, so whoever cleans the page must
/// be kept waiting until then. What makes it wait is that the page still counts as mapped: then
/// folio_mkclean() goes for the PTL that is held here. See folio_mkclean() for the interleaving
/// (R-WRITE).
void zap_present_ptes(thread& task, mmu_gather& tlb, unsigned page_nr, unsigned nr,
                      ZapReason reason, ZapProgress& progress) {
  const System& system = *task.system;
  const pte_t pte = get_and_clear_ptes(task, tlb, page_nr, nr);
  progress.cleared = true;
  folio& first = task.system->page(pte_pfn(pte));
  folio& page = page_folio(first);
  const bool anon = page.mapping.peek().is_anon();  // Stable: this entry's reference holds it.
  const ZapPolicy::Treatment treatment = system.policies->zap->treat(
      {.pte = pte,
       .anon = anon,
       .fullmm = tlb.fullmm,
       .dontneed = reason == ZapReason::DontNeed || reason == ZapReason::TruncatedFolio,
       .write_locked = reason == ZapReason::MapFixed});
  if (treatment.flush == FlushTime::AtOnce) flush_tlb_pages(task, *tlb.mm, page_nr, page_nr + nr);
  if (treatment.flush == FlushTime::BeforeUnlock) progress.force_flush = true;

  page_flags_t flags;
  if (!anon && pte_dirty(pte)) {
    // What would order zap and the cleaner most simply is what zap cannot do: the page lock sleeps,
    // and the PTL is a spinlock (R-LIVE).
    const bool lock = system.policies->zap_folio_lock == ZapFolioLock::Taken;
    if (lock) folio_lock(task, page);
    if (treatment.dirty == DirtyTransfer::Now) folio_mark_dirty(task, page);
    if (treatment.dirty == DirtyTransfer::WithBatch) flags |= kDirty;
    if (lock) folio_unlock(task, page);
  }
  switch (treatment.rmap) {
    case RmapRemoval::Now:
      page_remove_rmap(task, first, nr);
      break;
    case RmapRemoval::AfterFlush:
      flags |= kDelayRmap;
      break;
    case RmapRemoval::AtFree:
      flags |= kRmapAtFree;
      break;
  }
  // differs: Linux munlocks together with the removal of the rmap, also where that is delayed.
  munlock_vma_folio(task, *tlb.mm, page_nr, page);
  if (tlb_remove_pages(task, tlb, first, nr, flags)) {
    progress.force_flush = true;
    progress.gather_full = true;
  }
}

}  // namespace

void flush_pending_of_others(thread& task, mm_struct& mm, page_table& table, Step batched_pending) {
  const Generations* generations = task.system->policies->generations;
  if (generations == nullptr) {
    if (batched_pending == Step::Kept) flush_tlb_batched_pending(task, mm);
  } else if (generations->zap == GenerationCheck::Yes) {
    flush_deferred(task, mm, table);
  }
}

void count_generation(thread& task, mmu_gather& tlb, page_table& table, GenerationCount when) {
  const Generations* generations = task.system->policies->generations;
  if (generations == nullptr || generations->count != when) return;
  tlb.tlb_gen = defer_tlb_flush(task, *tlb.mm, &table);
}

void zap_swap_pte(thread& task, PteSlot& slot) {
  free_swap_and_cache(task, swp_offset(slot.peek()));
  task.x().step({.format = "pte_clear({})", .args = {machine::arg(slot.va())}});
  slot.set_pte({});
}

namespace {

/// Of a migration entry: reference and rmap went when it was made. It is not flushed:
/// whoever made it has done that, under this PTL. [PTL]
void zap_migration_entry(thread& task, PteSlot& slot) {
  task.x().step({.format = "pte_clear_not_present_full({})", .args = {machine::arg(slot.va())}});
  slot.set_pte(pte_t{});
}

/// linux v6.12 mm/memory.c: zap_pte_range, of one page table. Returns the page to go on with.
/// differs: no need_resched, no rss.
unsigned zap_pte_range(thread& task, mmu_gather& tlb, unsigned first_page, unsigned end_page,
                       ZapReason reason) {
  mm_struct& mm = *tlb.mm;
  ZapProgress progress;
  lock_ptl(task, mm, first_page);
  page_table& table = mm.table_of(first_page);
  flush_pending_of_others(task, mm, table, task.system->policies->reclaim.batched_pending);
  count_generation(task, tlb, table, GenerationCount::BeforeClear);
  unsigned page_nr = first_page;
  while (page_nr < end_page && !progress.gather_full) {
    task.x().step({.format = "ptep_get({})",
                   .args = {machine::arg(tlb.mm->va_of(page_nr))},
                   .detail = Detail::Minor});
    const pte_t pte = mm.pte(page_nr).ptep_get_last();
    unsigned nr = 1;
    if (pte_present(pte)) {
      nr = folio_pte_batch(task, mm, page_nr, end_page, pte);
      zap_present_ptes(task, tlb, page_nr, nr, reason, progress);
    } else {
      if (is_swap_pte(pte)) zap_swap_pte(task, mm.pte(page_nr));
      if (is_migration_entry(pte)) zap_migration_entry(task, mm.pte(page_nr));
      task.zapped_at[page_nr] = mm.pte(page_nr).current();
    }
    page_nr += nr;
  }
  if (progress.cleared) count_generation(task, tlb, table, GenerationCount::AfterClear);
  const bool flush_late = task.system->policies->ptl_at_flush == PtlAtFlush::Dropped;
  if (progress.force_flush && !flush_late) {
    tlb_flush_mmu_tlbonly(task, tlb);
    tlb_flush_rmaps(task, tlb);
  }
  unlock_ptl(task, mm, first_page);
  if (progress.force_flush) {
    if (flush_late) {
      tlb_flush_mmu_tlbonly(task, tlb);
      tlb_flush_rmaps(task, tlb);
    }
    tlb_flush_mmu(task, tlb);
  }
  return page_nr;
}

}  // namespace

// linux v6.12 mm/memory.c: unmap_page_range, zap_pmd_range
void unmap_page_range(thread& task, mmu_gather& tlb, unsigned first_page, unsigned end_page,
                      ZapReason reason) {
  unsigned page_nr = first_page;
  while (page_nr < end_page) {
    const unsigned end = std::min(tlb.mm->table_of(page_nr).end_page, end_page);
    if (PteSlot* pmd = tlb.mm->pte(page_nr).huge()) {
      if (zap_huge_pmd(task, tlb, page_nr, *pmd)) {
        page_nr = end;
        continue;
      }
      if (reason == ZapReason::TruncatedFolio) wait_for_zap_huge_pmd(task, *tlb.mm, page_nr);
    }
    task.x().step({.format = "pmd_none({})?",
                   .args = {machine::arg(tlb.mm->va_of(page_nr))},
                   .detail = Detail::Minor});
    if (!tlb.mm->table_of(page_nr).pmd.read_last()) {
      page_nr = end;
      continue;
    }
    page_nr = zap_pte_range(task, tlb, page_nr, end, reason);
  }
}

// linux v6.12 mm/memory.c: unmap_mapping_range, unmap_mapping_folio, unmap_mapping_range_vma
// differs: copies in private mappings stay (even_cows).
void unmap_mapping_range(thread& task, address_space& file, unsigned first, unsigned end,
                         ZapReason reason) {
  file.i_mmap_rwsem.down_read(task, {.format = "unmap_mapping_range(): i_mmap_lock_read()"});
  for (vm_area_struct* vma : file.i_mmap) {
    const unsigned nr_pages = vma->end_page - vma->first_page;
    const unsigned begin = std::max(first, vma->pgoff);
    const unsigned stop = std::min(end, vma->pgoff + nr_pages);
    if (begin >= stop) continue;
    lru_add_drain(task);
    mmu_gather tlb = tlb_gather_mmu(task, *vma->mm, /*fullmm=*/false);
    unmap_page_range(task, tlb, vma->first_page + (begin - vma->pgoff),
                     vma->first_page + (stop - vma->pgoff), reason);
    tlb_finish_mmu(task, tlb);
  }
  file.i_mmap_rwsem.up_read(task, {.format = "i_mmap_unlock_read()", .detail = Detail::Minor});
  std::fill(task.zapped_at.begin(), task.zapped_at.end(), 0u);  // Nobody was promised anything.
}

namespace {

/// linux v6.1 mm/mmap.c: unlink_file_vma; v6.12 mm/vma.c: unlink_file_vma_batch_add
void unlink_file_vma(thread& task, vm_area_struct& vma) {
  if (vma.file == nullptr) return;
  auto& lock = vma.file->i_mmap_rwsem;
  lock.down_write(task, {.format = "i_mmap_lock_write()", .detail = Detail::Minor});
  vma_erase(vma.file->i_mmap, vma);
  lock.up_write(task, {.format = "unlink_file_vma()", .detail = Detail::Minor});
}

/// Whether some attached VMA still needs the table. [mm.mmap_lock]
bool table_in_use(const mm_struct& mm, const page_table& table) {
  return std::any_of(mm.vmas.begin(), mm.vmas.end(), [&](const vm_area_struct& other) {
    return other.attached && other.first_page < table.end_page && other.end_page > table.first_page;
  });
}

}  // namespace

// linux v6.12 mm/memory.c: free_pgtables, free_pgd_range, free_pte_range
// differs: where a scenario has no lockless walks, a table's memory is not freed, only unhooked.
void free_pgtables(thread& task, mmu_gather& tlb, vm_area_struct& vma) {
  const Generations* generations = task.system->policies->generations;
  if (generations != nullptr && generations->unlink_vma == GenerationCheck::Yes) {
    flush_tlb_generation(task, *tlb.mm, tlb.tlb_gen);
  }
  vma.vm_locked = vma.on_fault = false;
  unlink_anon_vmas(task, vma);
  unlink_file_vma(task, vma);
  for (page_table& table : tlb.mm->tables) {
    if (table.end_page <= vma.first_page || vma.end_page <= table.first_page) continue;
    if (table_in_use(*tlb.mm, table)) continue;
    task.x().step({.format = "pmd_clear()", .detail = Detail::Minor});
    if (!table.pmd.read()) continue;
    table.pmd.write(false);
    if (generations != nullptr) tlb.tlb_gen = defer_tlb_flush(task, *tlb.mm, nullptr);
    pte_free_tlb(task, tlb, table);
  }
}

}  // namespace mmcheck::mm

// SPDX-License-Identifier: Apache-2.0
// Migration to and from the memory of a device. linux mm/migrate_device.c
#include "mm/folio.h"
#include "mm/migrate.h"
#include "mm/mmap.h"
#include "mm/rmap.h"

namespace mmcheck::mm {

namespace {

using machine::make_migration_entry;
using machine::pte_dirty;
using machine::pte_present;

/// One entry that was found present; the page is locked. [PTL]
void collect_pte(thread& task, mm_struct& mm, PteSlot& slot, folio& page) {
  const bool file = page.mapping.peek().is_file();
  const pte_t old = file ? task.system->arch().ptep_get_and_clear(*task.cpu, slot)
                         : ptep_clear_flush(task, mm, slot);  // AnonExclusive
  if (file && pte_dirty(old)) folio_mark_dirty(task, page);
  task.system->arch().set_pte(
      *task.cpu, slot, make_migration_entry(old),
      {.format = "set_pte({}) migration", .args = {machine::arg(slot.va())}});
  page_remove_rmap(task, page);
  folio_put(task, page);
}

/// linux v6.12 mm/migrate_device.c: migrate_vma_collect_pmd, of one entry. Returns the page, locked
/// and with a reference, or null.
/// differs: a large folio is left alone, as Linux leaves it.
///
/// The order is that of the thread's race: the rmap goes before the flush. What is different is
/// that the page is locked, from before the entry is cleared until the entry is back. Who cleans a
/// page must lock it, and so comes too early or too late (R-WRITE; Amit, 29 Oct 2022):
///
///     CPU0 migrate_vma_collect_pmd   CPU1 writeback                CPU2 user
///     folio_trylock                                                (TLB: W, D)
///     ptep_get_and_clear
///     set_page_dirty
///     page_remove_rmap
///                                    folio_lock: waits             store through the TLB
///     flush_tlb_range
///     spin_unlock(ptl)
///     ... remove_migration_pte, folio_unlock
///                                    folio_mkclean: mapped again
///
/// The flush must come before the PTL is dropped for another reason: an unmapper that finds the
/// migration entry flushes nothing, and returns (R-PERM; Popple, commit 60bae7370896).
folio* migrate_vma_collect_pmd(thread& task, mm_struct& mm, unsigned page_nr) {
  const MigratePolicies& policies = task.system->policies->migrate;
  PteSlot& slot = mm.pte(page_nr);
  lock_ptl(task, mm, page_nr);
  task.x().step({.format = "migrate_vma_collect_pmd({})", .args = {machine::arg(slot.va())}});
  const pte_t pte = slot.walk_last();
  folio* page = pte_present(pte) ? &task.system->page(pte_pfn(pte)) : nullptr;
  if (page != nullptr && folio_test_large(page_folio(*page))) page = nullptr;
  if (page != nullptr) {
    folio_get(task, *page);
    if (!folio_trylock(task, *page)) {
      folio_put(task, *page);
      page = nullptr;
    }
  }
  if (page != nullptr) {
    collect_pte(task, mm, slot, *page);
    if (policies.collect_lock == Step::Dropped) folio_unlock(task, *page);
    if (policies.collect_flush == Step::Kept) flush_tlb_pages(task, mm, page_nr, page_nr + 1);
  }
  unlock_ptl(task, mm, page_nr);
  if (page != nullptr && policies.collect_flush == Step::Dropped) {
    flush_tlb_pages(task, mm, page_nr, page_nr + 1);
  }
  return page;
}

/// linux v6.12 mm/migrate_device.c: migrate_device_unmap
/// differs: the page is not taken off its LRU list; an anonymous page is mapped here only.
void migrate_device_unmap(thread& task, folio& page) {
  task.x().step({.format = "folio_mapped({})?", .args = {arg(page)}, .detail = Detail::Minor});
  if (!folio_mapped(page) || !page.mapping.peek().is_file()) return;
  auto& lock = task.system->files[page.mapping.peek().file()].i_mmap_rwsem;
  lock.down_read(task, {.format = "i_mmap_lock_read()", .detail = Detail::Minor});
  try_to_migrate(task, page);
  lock.up_read(task, {.format = "i_mmap_unlock_read()", .detail = Detail::Minor});
}

/// linux v6.12 mm/migrate_device.c: migrate_vma_finalize, of a page that stays where it is
void migrate_device_finalize(thread& task, folio& page) {
  const mapping_t mapping = page.mapping.peek();
  auto& lock = mapping.is_file() ? task.system->files[mapping.file()].i_mmap_rwsem
                                 : task.system->anon_vmas[mapping.anon()].root->rwsem;
  lock.down_read(task, {.format = "rmap_walk()", .detail = Detail::Minor});
  remove_migration_ptes(task, page);
  lock.up_read(task, {.format = "rmap_walk() done", .detail = Detail::Minor});
}

}  // namespace

// differs: mmap_lock is held throughout; a driver may drop it between collecting and the end.
void migrate_vma(thread& task, mm_struct& mm, unsigned page_nr) {
  mm.mmap_lock.down_read(task, {.format = "migrate_vma({}): mmap_read_lock()",
                                .args = {machine::arg(mm.va_of(page_nr))}});
  folio* page =
      find_vma(mm, page_nr) == nullptr ? nullptr : migrate_vma_collect_pmd(task, mm, page_nr);
  if (page != nullptr) {
    migrate_device_unmap(task, *page);
    migrate_device_finalize(task, *page);
    if (task.system->policies->migrate.collect_lock == Step::Kept) folio_unlock(task, *page);
    folio_put(task, *page);
  }
  mm.mmap_lock.up_read(task, {.format = "mmap_read_unlock()", .detail = Detail::Minor});
}

}  // namespace mmcheck::mm

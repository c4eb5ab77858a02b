// SPDX-License-Identifier: Apache-2.0
#include "mm/migrate.h"

#include "mm/folio.h"
#include "mm/page_vma_mapped.h"

namespace mmcheck::mm {

namespace {

using machine::make_migration_entry;
using machine::pte_dirty;
using machine::pte_mkclean;
using machine::remove_migration_entry;

/// Calls `function` for each VMA in which the page may be mapped: none of a page that a design has
/// freed under its lock. linux v6.12 mm/rmap.c: rmap_walk_locked
template <typename Function>
void rmap_walk_locked(System& system, const folio& page, Function function) {
  const mapping_t mapping = page.mapping.peek();  // Stable: the page is locked.
  if (!mapping.is_anon() && !mapping.is_file()) return;
  const VmaTree& vmas = mapping.is_anon() ? system.anon_vmas[mapping.anon()].tree
                                          : system.files[mapping.file()].i_mmap;
  for (vm_area_struct* vma : vmas) function(*vma);
}

/// [PTL]
void set_pte(thread& task, PteSlot& slot, pte_t pte) {
  task.system->arch().set_pte(
      *task.cpu, slot, pte,
      {.format = is_migration_entry(pte) ? "set_pte({}) migration" : "set_pte({})",
       .args = {machine::arg(slot.va())}});
}

/// linux v6.12 mm/rmap.c: try_to_migrate_one [PTL]
/// differs: flushes at once, as v6.1 does; v6.12 may put it off to the end of the walk. D of an
/// anonymous page stays in the entry only: nobody looks at the folio's.
void try_to_migrate_one(thread& task, vm_area_struct& vma, folio& page) {
  const bool flush = task.system->policies->migrate.flush == Step::Kept;
  for (PageVmaMappedWalk walk(task, vma, page, PvmwSync::Yes); walk.found(); walk.next()) {
    PteSlot& slot = vma.mm->pte(walk.page_nr());
    const pte_t old = flush ? ptep_clear_flush(task, *vma.mm, slot)
                            : task.system->arch().ptep_get_and_clear(*task.cpu, slot);
    if (pte_dirty(old) && page.mapping.peek().is_file()) folio_mark_dirty(task, page);
    set_pte(task, slot, make_migration_entry(old));
    page_remove_rmap(task, walk.page());
    folio_put(task, page);
  }
}

/// linux v6.12 mm/migrate.c: remove_migration_pte [PTL]
void remove_migration_pte(thread& task, vm_area_struct& vma, folio& page) {
  PageVmaMappedWalk walk(task, vma, page, PvmwSync::Yes, PvmwEntries::Migration);
  for (; walk.found(); walk.next()) {
    PteSlot& slot = vma.mm->pte(walk.page_nr());
    folio_get(task, page);
    pte_t pte = remove_migration_entry(slot.peek());  // The walk's step has read it.
    // Cleaned meanwhile: then what follows must be seen. Only who has the lock cleans.
    if (page.mapping.peek().is_file() && !page.dirty.read()) pte = pte_mkclean(pte);
    if (page.mapping.peek().is_anon()) {
      page_add_anon_rmap(task, walk.page());
    } else {
      page_add_file_rmap(task, walk.page());
    }
    set_pte(task, slot, pte);
  }
}

}  // namespace

void try_to_migrate(thread& task, folio& page) {
  rmap_walk_locked(*task.system, page,
                   [&](vm_area_struct& vma) { try_to_migrate_one(task, vma, page); });
}

void remove_migration_ptes(thread& task, folio& page) {
  rmap_walk_locked(*task.system, page,
                   [&](vm_area_struct& vma) { remove_migration_pte(task, vma, page); });
}

// linux v6.12 mm/migrate.c: migration_entry_wait; mm/filemap.c: migration_entry_wait_on_locked
// differs: waits for the entry and not for the page lock. Who has made the entry holds the lock
// until it is gone, so what comes after the wait is the same.
void migration_entry_wait(PteSlot& slot, pte_t entry) {
  slot.step_when_changed(entry,
                         {.format = "migration_entry_wait({})", .args = {machine::arg(slot.va())}});
}

}  // namespace mmcheck::mm

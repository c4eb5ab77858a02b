// SPDX-License-Identifier: Apache-2.0
#include "mm/rmap.h"

#include <optional>

#include "mm/folio.h"
#include "mm/huge_memory.h"
#include "mm/memcontrol.h"
#include "mm/page_vma_mapped.h"

namespace mmcheck::mm {

using machine::pte_dirty;
using machine::pte_mkclean;
using machine::pte_mkold;
using machine::pte_write;
using machine::pte_wrprotect;
using machine::pte_young;

void lock_ptl(thread& task, mm_struct& mm, unsigned page_nr, kernel::Nesting nesting) {
  mm.table_of(page_nr).ptl.lock(task, {.format = "spin_lock(ptl)"}, nesting);
}

void unlock_ptl(thread& task, mm_struct& mm, unsigned page_nr) {
  mm.table_of(page_nr).ptl.unlock(task, {.format = "spin_unlock(ptl)"});
}

void flush_tlb_pages(thread& task, mm_struct& mm, unsigned first_page, unsigned end_page,
                     machine::FreedTables freed_tables) {
  if (task.system->x86_tlb) {
    task.system->x86_tlb->flush_tlb_mm_range(*task.cpu, mm.id, first_page, end_page, freed_tables);
    return;
  }
  const std::span<PteSlot> entries(mm.ptes.data() + first_page, mm.ptes.data() + end_page);
  task.system->arch().flush_tlb(*task.cpu, entries, mm_cpumask(mm), task.system->cpus.data());
  task.system->monitor->tlb_flushed();
}

pte_t ptep_clear_flush(thread& task, mm_struct& mm, PteSlot& slot) {
  const pte_t old = task.system->arch().ptep_xchg_direct(*task.cpu, slot);
  const unsigned page = mm.page_of(slot.va());
  if (pte_accessible(task, mm, old)) flush_tlb_pages(task, mm, page, page + 1);
  return old;
}

// linux v6.12 arch/x86/include/asm/pgtable.h: pte_accessible
//
//     CPU0 mprotect(PROT_NONE)        CPU1 writeback               CPU2 user
//     tlb_gather_mmu: pending = 1                                  (TLB: W, D)
//     entry: PROT_NONE, dirty
//     spin_unlock(ptl)
//                                     clear the entry: not valid
//                                     pending: flush all the same
//                                     clear dirty, write to disk
//     flush TLBs                                                   [without: a store that is lost]
bool pte_accessible(thread& task, mm_struct& mm, pte_t pte) {
  if (!machine::pte_protnone(pte)) return machine::pte_valid(pte);
  if (task.system->policies->protect.flush_pending == Step::Dropped) return false;
  task.x().step({.format = "mm_tlb_flush_pending()?", .detail = Detail::Minor});
  return mm.tlb_flush_pending.read() != 0;
}

namespace {

/// Where the mappings of the page by PTEs are counted.
/// differs: v6.12 counts those of a large folio's pages, too, and by PMD: for statistics only.
Cell<int>& mapcount_of(folio& page) {
  folio& whole = page_folio(page);
  const bool sum = page.system->policies->large_mapcount == LargeMapcount::Sum;
  return sum && folio_test_large(whole) ? whole.large_mapcount : page.mapcount;
}

/// Changes the map count by `change`, which returns whether the page became mapped or unmapped,
/// and then the statistics by `delta`, with the memcg lock where the design wants it.
template <typename Change>
void change_rmap(thread& task, folio& page, int delta, Change change) {
  const RmapMemcgLock when = task.system->policies->rmap_memcg_lock;
  const bool cgroups = !task.system->memcgs.empty();
  std::optional<PageMemcgLock> lock;
  if (cgroups && when == RmapMemcgLock::BeforeMapcount) lock.emplace(task, page);
  if (change()) {
    if (cgroups && when == RmapMemcgLock::AfterMapcount) lock.emplace(task, page);
    mod_mapped_stat(task, page, delta);
  }
  if (lock) lock->unlock();
}

void add_rmap(thread& task, folio& page, const trace::StepText& text) {
  change_rmap(task, page_folio(page), 1, [&] {
    task.x().step(text);
    Cell<int>& mapcount = mapcount_of(page);
    const int count = mapcount.read_last() + 1;
    mapcount.write(count);
    return count == 0;
  });
}

}  // namespace

// linux v6.12 mm/rmap.c: folio_add_file_rmap_ptes (v6.1: page_add_file_rmap)
void page_add_file_rmap(thread& task, folio& page) {
  add_rmap(task, page, {.format = "page_add_file_rmap({})", .args = {arg(page)}});
}

void page_add_anon_rmap(thread& task, folio& page) {
  add_rmap(task, page, {.format = "page_add_anon_rmap({})", .args = {arg(page)}});
}

// linux v6.12 mm/rmap.c: folio_add_new_anon_rmap. In one step: nobody else knows the page yet.
void page_add_new_anon_rmap(thread& task, folio& page, vm_area_struct& vma, unsigned page_nr) {
  task.x().step({.format = "page_add_new_anon_rmap({})", .args = {arg(page)}});
  page.mapping.write(mapping_t::of_anon(vma.anon->id));
  page.index = vma.anon_index_of(page_nr);
  page.mapcount.write(0);
  if (task.system->has_fork) page.anon_exclusive.write(true);
  mod_mapped_stat(task, page, 1);
}

// linux v6.12 mm/rmap.c: folio_move_anon_rmap; mm/memory.c: do_wp_page: SetPageAnonExclusive
void folio_move_anon_rmap(thread& task, folio& page, const vm_area_struct& vma) {
  task.x().step(
      {.format = "folio_move_anon_rmap({})", .args = {arg(page)}, .detail = Detail::Minor});
  page.mapping.write(mapping_t::of_anon(vma.anon->id));
  page.anon_exclusive.write(true);
}

// linux v6.12 mm/rmap.c: folio_remove_rmap_pmd (v6.1: page_remove_rmap, compound)
void folio_remove_rmap_pmd(thread& task, folio& page) {
  task.x().step({.format = "folio_remove_rmap_pmd({})", .args = {arg(page)}});
  const int count = page.large_mapcount.read_last() - 1;
  page.large_mapcount.write(count);
  task.system->monitor->mapcount_dropped(page, count);
}

// linux v6.12 mm/rmap.c: folio_remove_rmap_ptes (v6.1: page_remove_rmap, of one page)
void page_remove_rmap(thread& task, folio& page, unsigned nr) {
  change_rmap(task, page_folio(page), -1, [&] {
    task.x().step({.format = "page_remove_rmap({})", .args = {arg(page)}});
    Cell<int>& mapcount = mapcount_of(page);
    const int count = mapcount.read_last() - static_cast<int>(nr);
    mapcount.write(count);
    task.system->monitor->mapcount_dropped(page, count);
    return count == -1;
  });
}

namespace {

// linux v6.12 mm/rmap.c: page_vma_mkclean_one [PTL]
bool page_mkclean_one(thread& task, vm_area_struct& vma, unsigned page_nr) {
  PteSlot& slot = vma.mm->pte(page_nr);
  const pte_t seen = slot.peek();  // The step of the walk has read it under the PTL.
  if (!pte_dirty(seen) && !pte_write(seen)) return false;
  const bool around_part = task.system->policies->dirty_lock == DirtyLock::AroundDirtying;
  folio& page = page_folio(task.system->page(pte_pfn(seen)));
  if (around_part) lock_dirtying(task, page);
  const pte_t old = ptep_clear_flush(task, *vma.mm, slot);
  task.system->arch().set_pte(
      *task.cpu, slot, pte_wrprotect(pte_mkclean(old)),
      {.format = "set_pte({}) clean, read-only", .args = {machine::arg(slot.va())}});
  if (around_part) unlock_dirtying(task, page);
  return true;
}

/// linux v6.12 mm/rmap.c: rmap_walk_file, for folio_mkclean
unsigned mkclean_walk(thread& task, folio& page) {
  const mapping_t mapping = page.mapping.peek();  // Stable: the page is locked.
  if (!mapping.is_file()) return 0;
  address_space& file = task.system->files[mapping.file()];
  unsigned cleaned = 0;
  file.i_mmap_rwsem.down_read(task, {.format = "i_mmap_lock_read()", .detail = Detail::Minor});
  for (vm_area_struct* vma : file.i_mmap) {
    if (vma->kind != VmaKind::SharedFile) continue;
    PageVmaMappedWalk walk(task, *vma, page, task.system->policies->mkclean_walk);
    for (; walk.found(); walk.next()) {
      const bool dirty = walk.huge() ? pmd_mkclean_one(task, *vma->mm, walk.page_nr())
                                     : page_mkclean_one(task, *vma, walk.page_nr());
      if (dirty) ++cleaned;
    }
  }
  file.i_mmap_rwsem.up_read(task, {.format = "i_mmap_unlock_read()", .detail = Detail::Minor});
  return cleaned;
}

}  // namespace

// linux v6.12 mm/rmap.c: folio_mkclean
//
// Why the first line matters. A page whose rmap is gone is not walked, so the PTL of whoever is
// unmapping it is not waited for, and a TLB that he has not flushed may still write to the page:
//
//     CPU0 zap_pte_range            CPU1 writeback               CPU2 user
//     spin_lock(ptl)
//     ptep_get_and_clear            (page: dirty)                (TLB: W, D)
//     set_page_dirty
//     page_remove_rmap
//                                   folio_mkclean: not mapped
//                                   clear dirty, write to disk
//                                                                store through the TLB
//     flush TLBs                                                 [the store is lost: page clean]
//
// Amit, 28 Oct 2022. Delayed rmap removal (R-WRITE) makes the walk wait: the page stays mapped
// until the flush is done, so the walk below meets the PTL.
unsigned folio_mkclean(thread& task, folio& page) {
  const DirtyLock dirty_lock = task.system->policies->dirty_lock;
  if (dirty_lock != DirtyLock::None) lock_dirtying(task, page);
  task.x().step({.format = "folio_mkclean({}): mapped?", .args = {arg(page)}});
  const bool mapped = folio_mapped_last(page);
  if (dirty_lock == DirtyLock::AroundDirtying) unlock_dirtying(task, page);
  const unsigned cleaned = mapped ? mkclean_walk(task, page) : 0;
  if (dirty_lock == DirtyLock::AroundMkclean) unlock_dirtying(task, page);
  return cleaned;
}

namespace {

/// linux v6.12 mm/rmap.c: folio_referenced_one; ptep_clear_flush_young of the architecture: x86
/// does not flush after clearing A.
unsigned folio_referenced_one(thread& task, vm_area_struct& vma, folio& page) {
  unsigned referenced = 0;
  PageVmaMappedWalk walk(task, vma, page, task.system->policies->reclaim.referenced_walk);
  for (; walk.found(); walk.next()) {
    if (walk.huge()) continue;  // differs: a huge entry's A bit is not looked at.
    PteSlot& slot = vma.mm->pte(walk.page_nr());
    task.x().step({.format = "ptep_test_and_clear_young({})",
                   .args = {machine::arg(slot.va())},
                   .detail = Detail::Minor});
    const pte_t pte = slot.ptep_get();
    if (!pte_present(pte) || !pte_young(pte)) continue;
    slot.set_pte(pte_mkold(pte));
    task.system->arch().flush_young(*task.cpu, slot, mm_cpumask(*vma.mm));
    ++referenced;
  }
  return referenced;
}

}  // namespace

// linux v6.12 mm/rmap.c: folio_referenced
unsigned folio_referenced(thread& task, folio& page) {
  task.x().step(
      {.format = "folio_referenced({}): mapped?", .args = {arg(page)}, .detail = Detail::Minor});
  if (!folio_mapped(page)) return 0;
  const mapping_t mapping = page.mapping.read_last();
  unsigned referenced = 0;
  if (mapping.is_anon()) {
    anon_vma* av = folio_lock_anon_vma_read(task, page, WhenContended::GiveUp);
    if (av == nullptr) return 0;
    for (vm_area_struct* vma : av->tree) referenced += folio_referenced_one(task, *vma, page);
    anon_vma_unlock_read(task, *av);
  } else if (mapping.is_file()) {
    address_space& file = task.system->files[mapping.file()];
    file.i_mmap_rwsem.down_read(task, {.format = "i_mmap_lock_read()", .detail = Detail::Minor});
    for (vm_area_struct* vma : file.i_mmap) referenced += folio_referenced_one(task, *vma, page);
    file.i_mmap_rwsem.up_read(task, {.format = "i_mmap_unlock_read()", .detail = Detail::Minor});
  }
  return referenced;
}

namespace {

/// How many VMAs of a locked anon_vma map the page.
unsigned count_mappings(thread& task, anon_vma& av, folio& page) {
  unsigned mapped = 0;
  for (vm_area_struct* vma : av.tree) {
    PageVmaMappedWalk walk(task, *vma, page, PvmwSync::No);
    for (; walk.found(); walk.next()) ++mapped;
  }
  return mapped;
}

}  // namespace

// linux v6.12 mm/rmap.c: rmap_walk_anon
unsigned rmap_walk_anon(thread& task, folio& page) {
  anon_vma* av = folio_lock_anon_vma_read(task, page, WhenContended::Wait);
  if (av == nullptr) return 0;
  const unsigned mapped = count_mappings(task, *av, page);
  anon_vma_unlock_read(task, *av);
  return mapped;
}

// linux v6.12 mm/migrate.c: migrate_folio_unmap, migrate_folio_move, of which only the walks are
// here
unsigned rmap_walk_got_anon_vma(thread& task, folio& page) {
  anon_vma* av = folio_get_anon_vma(task, page);
  if (av == nullptr) return 0;
  anon_vma_lock_read(task, *av);
  const unsigned mapped = count_mappings(task, *av, page);
  anon_vma_unlock_read(task, *av);
  put_anon_vma(task, *av);
  return mapped;
}

}  // namespace mmcheck::mm

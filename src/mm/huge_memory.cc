// SPDX-License-Identifier: Apache-2.0
#include "mm/huge_memory.h"

#include "mm/folio.h"
#include "mm/migrate.h"
#include "mm/rmap.h"
#include "mm/tlb_gen.h"

namespace mmcheck::mm {

namespace {

using machine::pmd_mkinvalid;
using machine::pmd_present;
using machine::pte_dirty;
using machine::pte_mkclean;
using machine::pte_pfn;
using machine::pte_write;
using machine::pte_wrprotect;

/// linux v6.12 mm/huge_memory.c: __split_huge_page_tail
/// The tail's count comes last: who has got a reference must find its new head.
void split_huge_page_tail(thread& task, folio& head, folio& tail) {
  tail.locked.trylock(task, {.format = "__split_huge_page_tail({})", .args = {arg(tail)}});
  tail.mapping.write(head.mapping.peek());
  task.x().step({.format = "clear_compound_head({})", .args = {arg(tail)}});
  tail.compound_head.write(0);
  task.x().step({.format = "page_ref_unfreeze({})", .args = {arg(tail)}, .detail = Detail::Minor});
  tail.refcount.write(1);
}

/// linux v6.12 mm/huge_memory.c: __split_huge_page. The folio is frozen.
void split_huge_page(thread& task, folio& head, unsigned nr_pages) {
  for (unsigned nr = nr_pages; --nr > 0;) {
    split_huge_page_tail(task, head, folio_page(head, nr));
  }
  task.x().step({.format = "folio_ref_unfreeze({})", .args = {arg(head)}});
  *head.nr_pages = 1;
  if (task.system->policies->migrate.split_freeze == Step::Kept) head.refcount.write(1);
}

/// linux v6.12 mm/huge_memory.c: split_huge_page_to_list_to_order, of an anonymous folio. The
/// caller has locked it and holds a reference. differs: does not look first whether there are other
/// references (can_split_folio); the freeze does.
///
/// The freeze is what makes the split safe: nobody else holds a reference, and nobody gets one as
/// long as it is not clear which page belongs to which folio. GUP-fast, which comes without locks,
/// either has its reference before, and the split gives up; or it finds none to take; or it finds
/// that its page is in another folio by now (R-PIN; Horn and Wilcox, 24 and 25 Oct 2022):
///
///     CPU0 GUP-fast                     CPU1 split
///     pte = ptep_get_lockless: tail
///     folio = page_folio(tail): head
///                                       migration entries; freeze; tail is a folio; unfreeze
///                                       remove_migration_ptes: the entry is as it was
///     try_grab_folio(head)
///     page_folio(tail) == head? no
///     pte_same? yes: this does not tell
bool split_locked_folio(thread& task, folio& head, anon_vma& av) {
  const unsigned nr_pages = folio_nr_pages(head);
  av.root->rwsem.down_write(task, {.format = "anon_vma_lock_write()", .detail = Detail::Minor});
  try_to_migrate(task, head);  // unmap_folio
  task.x().step({.format = "folio_ref_freeze({})", .args = {arg(head)}});
  const bool freeze = task.system->policies->migrate.split_freeze == Step::Kept;
  const bool frozen = !freeze || head.refcount.read() == 1;
  if (frozen && freeze) head.refcount.write(folio::kFrozen);
  if (frozen) split_huge_page(task, head, nr_pages);
  remove_migration_ptes(task, head);
  for (unsigned nr = 1; frozen && nr < nr_pages; ++nr) {
    remove_migration_ptes(task, folio_page(head, nr));
  }
  for (unsigned nr = 1; frozen && nr < nr_pages; ++nr) {
    folio_unlock(task, folio_page(head, nr));
    folio_put(task, folio_page(head, nr));
  }
  av.root->rwsem.up_write(task, {.format = "anon_vma_unlock_write()", .detail = Detail::Minor});
  return frozen;
}

}  // namespace

bool split_folio(thread& task, folio& page) {
  task.x().step({.format = "folio_try_get({})", .args = {arg(page)}, .detail = Detail::Minor});
  const int count = page.refcount.read();
  if (count <= 0) return false;
  page.refcount.write(count + 1);
  bool split = false;
  if (folio_trylock(task, page)) {
    anon_vma* av = folio_test_large(page) ? folio_get_anon_vma(task, page) : nullptr;
    if (av != nullptr) {
      split = split_locked_folio(task, page, *av);
      put_anon_vma(task, *av);
    }
    folio_unlock(task, page);
  }
  folio_put(task, page);
  return split;
}

namespace {

void lock_pmd(thread& task, page_table& table) {
  table.pmd_lock.lock(task, {.format = "spin_lock(pmd)"});
}

void unlock_pmd(thread& task, page_table& table) {
  table.pmd_lock.unlock(task, {.format = "spin_unlock(pmd)"});
}

void flush_pmd_tlb_range(thread& task, mm_struct& mm, const page_table& table) {
  flush_tlb_pages(task, mm, table.first_page, table.end_page);
}

/// The entry under its lock: whether it is huge. Keeps the lock if so.
bool pmd_trans_huge_lock(thread& task, page_table& table, PteSlot& pmd) {
  task.x().step(
      {.format = "pmd_trans_huge({})?", .args = {machine::arg(pmd.va())}, .detail = Detail::Minor});
  if (!pmd_present(pmd.ptep_get_last())) return false;
  lock_pmd(task, table);
  task.x().step(
      {.format = "pmd_trans_huge({})", .args = {machine::arg(pmd.va())}, .detail = Detail::Minor});
  if (pmd_present(pmd.ptep_get_last())) return true;
  unlock_pmd(task, table);
  return false;
}

}  // namespace

// linux v6.12 mm/huge_memory.c: zap_huge_pmd, of a folio of a file
//
// The order of v6.1 and v6.12 is older than the thread, and delayed rmap has not come here: the
// folio stops to count as mapped before it is dirty, and long before the flush, which is the
// gather's. So the thread's race is open (R-WRITE; Torvalds, 31 Oct 2022, leaves huge pages alone):
//
//     CPU0 zap_huge_pmd             CPU1 writeback               CPU2 user
//     pmdp_huge_get_and_clear       (folio: dirty)               (TLB: W, D)
//     folio_remove_rmap_pmd
//     folio_mark_dirty
//     spin_unlock(pmd)
//                                   folio_mkclean: not mapped
//                                   clear dirty, write to disk
//                                                                store through the TLB
//     tlb_finish_mmu: flush                                      [the store is lost: folio clean]
bool zap_huge_pmd(thread& task, mmu_gather& tlb, unsigned page_nr, PteSlot& pmd) {
  page_table& table = tlb.mm->table_of(page_nr);
  const bool huge = pmd_trans_huge_lock(task, table, pmd);
  task.zapped_huge_at[table.first_page] = pmd.current();
  if (!huge) return false;
  const pte_t old = task.system->arch().ptep_get_and_clear(*task.cpu, pmd);
  task.zapped_huge_at[table.first_page] = pmd.current();
  for (unsigned page = table.first_page; page < table.end_page; ++page) {
    tlb_remove_tlb_entry(tlb, page);
  }
  folio& page = task.system->page(pte_pfn(old));
  const bool dirty = pte_dirty(old);
  // differs: a generation is counted here, whatever the design says about when. [PMD's lock]
  if (task.system->policies->generations != nullptr) {
    tlb.tlb_gen = defer_tlb_flush(task, *tlb.mm, &table);
  }
  const bool mended = task.system->policies->zap_huge_order == ZapHugeOrder::DirtyFlushRmap;
  if (dirty && mended) folio_mark_dirty(task, page);
  if (mended) tlb_flush_mmu_tlbonly(task, tlb);
  folio_remove_rmap_pmd(task, page);
  if (dirty && !mended) folio_mark_dirty(task, page);
  unlock_pmd(task, table);
  if (tlb_remove_pages(task, tlb, page, 1, {})) tlb_flush_mmu(task, tlb);
  return true;
}

// linux v6.12 mm/memory.c: zap_pmd_range, where details->single_folio is given: by truncation,
// which goes on to look at the map count.
//
//     CPU0 zap_huge_pmd             CPU1 truncate_cleanup_folio
//     spin_lock(pmd)
//     pmdp_huge_get_and_clear
//                                   folio_mapped(): yes
//                                   unmap_mapping_folio: pmd_none
//                                   filemap_remove_folio        [still mapped]
//     folio_remove_rmap_pmd
void wait_for_zap_huge_pmd(thread& task, mm_struct& mm, unsigned page_nr) {
  if (task.system->policies->truncate_waits_for_zap == Step::Dropped) return;
  page_table& table = mm.table_of(page_nr);
  lock_pmd(task, table);
  unlock_pmd(task, table);
}

// linux v6.12 mm/rmap.c: page_vma_mkclean_one; mm/pgtable-generic.c: pmdp_invalidate. The entry is
// never none, so that a zap that looks without a lock does not pass by.
bool pmd_mkclean_one(thread& task, mm_struct& mm, unsigned page_nr) {
  PteSlot& pmd = *mm.pte(page_nr).huge();
  const pte_t seen = pmd.peek();  // The step of the walk has read it under the lock.
  if (!pte_dirty(seen) && !pte_write(seen)) return false;
  const bool invalid = task.system->policies->pmdp_invalidate == Step::Kept;
  task.x().step({.format = "pmdp_invalidate({})", .args = {machine::arg(pmd.va())}});
  const pte_t old = pmd.ptep_get_last();
  pmd.set_pte(invalid ? pmd_mkinvalid(old) : pte_t{});
  flush_pmd_tlb_range(task, mm, mm.table_of(page_nr));
  task.x().step({.format = "set_pmd({}) clean, read-only", .args = {machine::arg(pmd.va())}});
  pmd.set_pte(pte_wrprotect(pte_mkclean(old)));
  return true;
}

// linux v6.12 mm/memory.c: __handle_mm_fault, wp_huge_pmd; mm/huge_memory.c:
// __split_huge_pmd_locked of a file: the entry goes, and the fault is handled a level below.
// differs: faults make no huge entries (do_set_pmd); the scenario begins with them.
bool handle_huge_fault(thread& task, mm_struct& mm, unsigned page_nr, machine::AccessKind kind) {
  PteSlot& pmd = *mm.pte(page_nr).huge();
  page_table& table = mm.table_of(page_nr);
  if (!pmd_trans_huge_lock(task, table, pmd)) return false;
  const pte_t seen = pmd.peek();
  if (kind == machine::AccessKind::Load || pte_write(seen)) {
    unlock_pmd(task, table);  // Spurious.
    return true;
  }
  const pte_t old = task.system->arch().ptep_get_and_clear(*task.cpu, pmd);
  flush_pmd_tlb_range(task, mm, table);
  folio& page = task.system->page(pte_pfn(old));
  if (pte_dirty(old)) folio_mark_dirty(task, page);
  folio_remove_rmap_pmd(task, page);
  folio_put(task, page);
  unlock_pmd(task, table);
  return false;
}

}  // namespace mmcheck::mm

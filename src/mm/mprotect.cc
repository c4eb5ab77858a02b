// SPDX-License-Identifier: Apache-2.0
// Changing what a mapping allows. linux mm/mprotect.c
#include <algorithm>
#include <cerrno>

#include "mm/folio.h"
#include "mm/mmap.h"
#include "mm/mmu_gather.h"
#include "mm/rmap.h"
#include "mm/vma.h"
#include "mm/vma_lock.h"

namespace mmcheck::mm {

namespace {

using machine::is_migration_entry;
using machine::pte_dirty;
using machine::pte_mkprotnone;
using machine::pte_mkreadonly;
using machine::pte_mkwrite;
using machine::pte_present;

/// linux v6.12 mm/mprotect.c: can_change_pte_writable. The others fault: a clean entry of a file,
/// since its filesystem must hear of the store first, and the page of a file that a private mapping
/// must copy, or another process may have. differs: v6.1 asks for a dirty entry of private memory,
/// too.
bool can_change_pte_writable(thread& task, const vm_area_struct& vma, pte_t pte) {
  if (vma.kind != VmaKind::SharedFile) {
    const folio& page = page_folio(task.system->page(pte_pfn(pte)));
    // Stable: the PTL.
    return page.mapping.peek().is_anon() && (!task.system->has_fork || page.anon_exclusive.peek());
  }
  return pte_dirty(pte) || task.system->policies->protect.dirty_check == Step::Dropped;
}

/// linux v6.12 mm/mprotect.c: change_pte_range: what becomes of a present entry. vm_page_prot of
/// private memory and of files that want to hear of stores (vma_wants_writenotify) is read-only.
pte_t changed_pte(thread& task, const vm_area_struct& vma, pte_t old, vm_flags_t flags) {
  if ((flags & kVmRead) == 0) return pte_mkprotnone(old);
  const pte_t pte = pte_mkreadonly(old);
  const bool writable = (flags & kVmWrite) != 0 && can_change_pte_writable(task, vma, pte);
  return writable ? pte_mkwrite(pte) : pte;
}

/// One present entry. It is none in between, so that the hardware cannot set D in an entry that has
/// been read already and will be overwritten. [PTL]
/// linux v6.12 include/linux/pgtable.h: ptep_modify_prot_start, ptep_modify_prot_commit
void change_present_pte(thread& task, mmu_gather& tlb, const vm_area_struct& vma, PteSlot& slot,
                        vm_flags_t flags) {
  const machine::Arch& arch = task.system->arch();
  const bool exchange = task.system->policies->protect.exchange == Step::Kept;
  const pte_t old = exchange ? arch.ptep_get_and_clear(*task.cpu, slot) : slot.peek();
  const pte_t pte = changed_pte(task, vma, old, flags);
  arch.set_pte(*task.cpu, slot, pte,
               {.format = "ptep_modify_prot_commit({})", .args = {machine::arg(slot.va())}});
  if (!arch.pte_needs_flush(old, pte)) return;
  if (task.system->policies->protect.flush == Step::Dropped) return;
  tlb_remove_tlb_entry(tlb, tlb.mm->page_of(slot.va()));
}

/// linux v6.12 mm/mprotect.c: change_pte_range, of one page table
///
/// The flush comes with the gather's, after the PTL is dropped. Until then TLBs allow what the
/// table does not, and whoever takes the page away or cleans it must not take the table's word for
/// it. Who unmaps flushes anyway; who cleans meets an entry that is still dirty, and flushes. Only
/// where that entry is not valid for the hardware, and so not worth a flush by itself, must he know
/// of this one: pte_accessible() in ptep_clear_flush().
/// differs: no need_resched, no NUMA hinting, no userfaultfd.
void change_pte_range(thread& task, mmu_gather& tlb, const vm_area_struct& vma, unsigned first_page,
                      unsigned end_page, vm_flags_t flags) {
  mm_struct& mm = *tlb.mm;
  lock_ptl(task, mm, first_page);
  page_table& table = mm.table_of(first_page);
  flush_pending_of_others(task, mm, table, task.system->policies->protect.batched_pending);
  count_generation(task, tlb, table, GenerationCount::BeforeClear);
  for (unsigned page_nr = first_page; page_nr < end_page; ++page_nr) {
    PteSlot& slot = mm.pte(page_nr);
    task.x().step(
        {.format = "ptep_get({})", .args = {machine::arg(slot.va())}, .detail = Detail::Minor});
    const pte_t pte = slot.ptep_get_last();
    if (pte_present(pte)) {
      change_present_pte(task, tlb, vma, slot, flags);
    } else if (is_migration_entry(pte)) {
      // make_readable_migration_entry. differs: Linux looks the protection up when it is replaced;
      // here the entry has it.
      const pte_t readable = machine::make_migration_entry(
          (flags & kVmRead) == 0 ? pte_mkprotnone(pte) : pte_mkreadonly(pte));
      task.x().step({.format = "set_pte({}) migration", .args = {machine::arg(slot.va())}});
      slot.set_pte(readable);
    }
    task.zapped_at[page_nr] = slot.current();
  }
  if (tlb.need_flush) count_generation(task, tlb, table, GenerationCount::AfterClear);
  unlock_ptl(task, mm, first_page);
}

/// linux v6.12 mm/mprotect.c: change_protection, change_pmd_range
void change_protection(thread& task, mmu_gather& tlb, const vm_area_struct& vma, vm_flags_t flags) {
  unsigned page_nr = vma.first_page;
  while (page_nr < vma.end_page) {
    const page_table& table = tlb.mm->table_of(page_nr);
    const unsigned end = std::min(table.end_page, vma.end_page);
    task.x().step({.format = "pmd_none({})?",
                   .args = {machine::arg(tlb.mm->va_of(page_nr))},
                   .detail = Detail::Minor});
    if (table.pmd.read_last()) change_pte_range(task, tlb, vma, page_nr, end, flags);
    page_nr = end;
  }
}

/// linux v6.12 mm/mprotect.c: mprotect_fixup. The VMA lies within the range.
///
/// Faults look at the flags, without mmap_lock if they can have the VMA's own lock. So that must be
/// taken first, or a fault makes an entry writable behind the back of change_pte_range() (R-PERM).
/// differs: does not merge VMAs.
void mprotect_fixup(thread& task, mmu_gather& tlb, vm_area_struct& vma, vm_flags_t flags) {
  if (vma.vm_flags.peek() == flags) return;  // Stable: mmap_lock.
  if (task.system->policies->protect.start_write == Step::Kept) vma_start_write(task, vma);
  task.x().step({.format = "vm_flags_reset_once()"});
  vma.vm_flags.write(flags);
  change_protection(task, tlb, vma, flags);
}

/// How far the call comes, and what it returns. [mm.mmap_lock]
struct Reach {
  unsigned end_page = 0;
  int error = 0;
};
Reach reach_of(mm_struct& mm, unsigned first_page, unsigned end_page, vm_flags_t flags) {
  for (unsigned page = first_page; page < end_page;) {
    const vm_area_struct* vma = find_vma(mm, page);
    if (vma == nullptr) return {page, -ENOMEM};
    if ((flags & kVmWrite) != 0 && !vma->may_write) return {page, -EACCES};
    page = vma->end_page;
  }
  return {end_page, 0};
}

}  // namespace

// linux v6.12 mm/mprotect.c: do_mprotect_pkey
int sys_mprotect(thread& task, unsigned first_page, unsigned end_page, vm_flags_t flags) {
  mm_struct& mm = *task.mm;
  const trace::Arg va = machine::arg(mm.va_of(first_page));
  mm.mmap_lock.down_write(task, {.format = "mprotect({}): mmap_write_lock()", .args = {va}});
  const Reach reach = reach_of(mm, first_page, end_page, flags);
  end_page = reach.end_page;
  mmu_gather tlb = tlb_gather_mmu(task, mm, /*fullmm=*/false);
  if (first_page < end_page) {
    for_each_vma_within(task, mm, first_page, end_page,
                        [&](vm_area_struct& vma) { mprotect_fixup(task, tlb, vma, flags); });
  }
  tlb_finish_mmu(task, tlb);
  vma_end_write_all(task, mm);
  mm.mmap_lock.up_write(task, {.format = "mmap_write_unlock()", .detail = Detail::Minor});
  task.x().step({.format = "mprotect({}) returns", .args = {va}});
  using Revoked = Monitor::Revoked;
  if ((flags & kVmWrite) == 0) {
    task.system->monitor->change_returned(task, first_page, end_page,
                                          (flags & kVmRead) == 0 ? Revoked::Load : Revoked::Store);
  }
  forget_zapped(task);
  return reach.error;
}

}  // namespace mmcheck::mm

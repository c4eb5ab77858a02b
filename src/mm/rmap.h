// SPDX-License-Identifier: Apache-2.0
// The reverse map: from a page to the entries that map it. linux mm/rmap.c, mm/page_vma_mapped.c
#pragma once

#include "mm/system.h"

namespace mmcheck::mm {

/// Of one entry that maps the page, which may be a tail.
void page_add_file_rmap(thread& task, folio& page);
/// linux v6.12 mm/rmap.c: folio_add_anon_rmap_pte. Of a page that has been mapped before.
void page_add_anon_rmap(thread& task, folio& page);
void page_add_new_anon_rmap(thread& task, folio& page, vm_area_struct& vma, unsigned page_nr);
void folio_remove_rmap_pmd(thread& task, folio& page);
/// An anonymous page that only this VMA maps leads to its anon_vma from now on. [folio lock, PTL]
void folio_move_anon_rmap(thread& task, folio& page, const vm_area_struct& vma);
/// Of the entries that map this page and the next ones of its folio.
void page_remove_rmap(thread& task, folio& page, unsigned nr = 1);

/// Cleans and write-protects every shared mapping of the page. Returns how many were dirty or
/// writable. The page is locked.
unsigned folio_mkclean(thread& task, folio& page);

/// How many mappings have used the page lately; clears their A bits.
unsigned folio_referenced(thread& task, folio& page);

/// Pages that reclaim has unmapped and whose TLB entries it has not flushed yet.
/// linux v6.12 include/linux/mm_types_task.h: tlbflush_unmap_batch
struct tlb_batch {
  static_vector<mm_struct*, 4> mms;
  std::array<std::uint32_t, 4> tlb_gen{};  ///< with generations: of each one's last change
  bool writable = false;                   ///< an entry was dirty
};

/// Unmaps the page everywhere, with the flush left to try_to_unmap_flush().
void try_to_unmap(thread& task, folio& page, tlb_batch& batch);
void try_to_unmap_flush(thread& task, tlb_batch& batch);
/// The same, if a page of the batch was dirty: nothing may write to it any more.
void try_to_unmap_flush_dirty(thread& task, tlb_batch& batch);
/// [PTL] Reclaim's pending flushes of this address space, before its entries are changed further.
void flush_tlb_batched_pending(thread& task, mm_struct& mm);

/// What a walk does whose anon_vma is locked for writing.
enum class WhenContended : std::uint8_t { GiveUp, Wait };

/// The anon_vma of a page that may be unmapped at any moment, locked for reading, or null.
anon_vma* folio_lock_anon_vma_read(thread& task, folio& page, WhenContended when);
void anon_vma_lock_read(thread& task, anon_vma& av);
void anon_vma_unlock_read(thread& task, anon_vma& av);
/// The same with a reference instead of the lock.
anon_vma* folio_get_anon_vma(thread& task, folio& page);
void put_anon_vma(thread& task, anon_vma& av);

/// Counts the entries that map an anonymous page, under the lock of its anon_vma or with a
/// reference to it.
unsigned rmap_walk_anon(thread& task, folio& page);
unsigned rmap_walk_got_anon_vma(thread& task, folio& page);

void anon_vma_prepare(thread& task, vm_area_struct& vma);
void unlink_anon_vmas(thread& task, vm_area_struct& vma);
/// Hangs `copy` on the anon_vma of `vma`, if it has one.
void anon_vma_clone(thread& task, vm_area_struct& copy, const vm_area_struct& vma);
/// Hangs the child's VMA on the anon_vma of the parent's. [both mmap_locks for writing]
void anon_vma_fork(thread& task, vm_area_struct& vma, const vm_area_struct& parent);
/// Ends the VMA at `page_nr` and hangs `tail` on the same anon_vma.
void anon_vma_split(thread& task, vm_area_struct& vma, vm_area_struct& tail, unsigned page_nr);

/// Whether a TLB may hold the entry that was here: it is valid, or was until a change whose flush
/// is still pending. [PTL]
bool pte_accessible(thread& task, mm_struct& mm, pte_t pte);
/// linux v6.12 mm/pgtable-generic.c: ptep_clear_flush. Returns what the entry held.
pte_t ptep_clear_flush(thread& task, mm_struct& mm, PteSlot& slot);

/// linux v6.12 arch/x86/mm/tlb.c: flush_tlb_mm_range, of the pages [first, end).
void flush_tlb_pages(thread& task, mm_struct& mm, unsigned first_page, unsigned end_page,
                     machine::FreedTables freed_tables = machine::FreedTables::No);

void lock_ptl(thread& task, mm_struct& mm, unsigned page_nr,
              kernel::Nesting nesting = kernel::Nesting::None);
void unlock_ptl(thread& task, mm_struct& mm, unsigned page_nr);

}  // namespace mmcheck::mm

// SPDX-License-Identifier: Apache-2.0
// LRU lists, and the batches by which pages get onto them and mlock(2) moves them. Built only where
// a thread calls mlock() or munlock(). linux mm/mlock.c, mm/swap.c
//
// A page in a batch has a reference of its own, as it may be unmapped before the batch is dealt
// with. What is to become of it is in the low bits of its pointer.
//
// differs: one LRU list and the unevictable one, as flags of the page; the lock of the lists is
// held for one step, so it is none. Reclaim does not look at VM_LOCKED.
#pragma once

#include "mm/encoded_page.h"
#include "mm/system.h"

namespace mmcheck::mm {

// linux v6.12 mm/mlock.c: LRU_FOLIO, NEW_FOLIO; without either, munlock. differs: there they are
// added to a plain pointer; Torvalds, 3 Nov 2022, wished for encoded_page.
inline constexpr page_flags_t kLruFolio = 1;
inline constexpr page_flags_t kNewFolio = 2;

/// A page that the caller has just made is put on an LRU list; on the unevictable one if it is for
/// a VMA that is locked in memory.
void folio_add_lru(thread& task, folio& page);
void folio_add_lru_vma(thread& task, folio& page, const vm_area_struct& vma);

/// [PTL] A page has become mapped at, or is unmapped from, a page of the address space. Does
/// something if that is locked in memory.
void mlock_vma_folio(thread& task, mm_struct& mm, unsigned page_nr, folio& page);
void munlock_vma_folio(thread& task, mm_struct& mm, unsigned page_nr, folio& page);

/// Deals with this CPU's batches.
void lru_add_drain(thread& task);

/// mlock(2) and munlock(2) of whole mappings.
void sys_mlock(thread& task, unsigned first_page, unsigned end_page);
void sys_munlock(thread& task, unsigned first_page, unsigned end_page);

}  // namespace mmcheck::mm

// SPDX-License-Identifier: Apache-2.0
// Faults and zapping. linux mm/memory.c
#pragma once

#include "mm/mmu_gather.h"
#include "mm/system.h"

namespace mmcheck::mm {

/// FAULT_FLAG_UNSHARE: an anonymous page that other processes have too is replaced by a copy, or is
/// found to be this one's own, although nothing is written to it.
enum class Unshare : std::uint8_t { No, Yes };

/// Handles a page fault: takes mmap_lock for reading, finds the VMA, makes the entry usable or
/// finds that it is already. After Done the access is tried again.
FaultResult handle_mm_fault(thread& task, Vaddr va, machine::AccessKind kind,
                            Unshare unshare = Unshare::No);

enum class ZapReason : std::uint8_t { Unmap, MapFixed, DontNeed, TruncatedFolio, Exit };

/// Clears the entries of the pages [first, end), all of one VMA.
void unmap_page_range(thread& task, mmu_gather& tlb, unsigned first_page, unsigned end_page,
                      ZapReason reason);

/// Clears the entries of the pages [first, end) of a file, wherever they are mapped.
void unmap_mapping_range(thread& task, address_space& file, unsigned first, unsigned end,
                         ZapReason reason = ZapReason::DontNeed);

/// [PTL] Flushes that others have put off, of entries that are none by now, before the table is
/// changed further. `batched_pending`: whether reclaim's are among them.
void flush_pending_of_others(thread& task, mm_struct& mm, page_table& table, Step batched_pending);
/// With generations: says in the table that its flush is put off. [PTL]
void count_generation(thread& task, mmu_gather& tlb, page_table& table, GenerationCount when);

/// Clears the entry of a page that is on the swap device. [PTL]
/// linux v6.12 mm/memory.c: zap_nonpresent_ptes
void zap_swap_pte(thread& task, PteSlot& slot);

/// Unlinks the VMA from the reverse map and frees the page tables that only it used. Runs before
/// the gather is finished, hence before the last flush.
void free_pgtables(thread& task, mmu_gather& tlb, vm_area_struct& vma);

/// What an exception, and a system call, begins with: the CPU's stores reach memory. Functions of
/// the kernel are called after it, so their accesses are made to memory directly.
void enter_kernel(thread& task);

/// A load or store of user code: walk, fault as often as it takes, access. Returns false if the
/// thread was killed.
bool user_load(thread& task, Vaddr va, std::uint64_t& value);
bool user_store(thread& task, Vaddr va, std::uint64_t value);

/// A store that keeps a part of what is there, or a locked instruction: up to its last step, and to
/// the page. What is left of that step is frame.read() and frame.update(). Null if killed.
folio* user_begin_update(thread& task, Vaddr va, machine::Translation& translation);

}  // namespace mmcheck::mm

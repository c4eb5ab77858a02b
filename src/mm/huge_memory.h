// SPDX-License-Identifier: Apache-2.0
// Large folios: taken apart, and mapped whole by one entry of the level above. linux
// mm/huge_memory.c. Such an entry is PteSlot::huge() of each entry below it.
#pragma once

#include "mm/mmu_gather.h"
#include "mm/system.h"

namespace mmcheck::mm {

/// Splits an anonymous folio into single pages; returns whether it could.
/// linux v6.12 mm/huge_memory.c: deferred_split_scan, of one folio
bool split_folio(thread& task, folio& page);

/// Clears the entry, if it is huge; returns whether it was.
bool zap_huge_pmd(thread& task, mmu_gather& tlb, unsigned page_nr, PteSlot& pmd);

/// The entry is none, and whoever has cleared it may not have removed the rmap yet.
void wait_for_zap_huge_pmd(thread& task, mm_struct& mm, unsigned page_nr);

/// Cleans and write-protects the entry; returns whether that was necessary. [PMD's lock]
bool pmd_mkclean_one(thread& task, mm_struct& mm, unsigned page_nr);

/// A fault at an address that a huge entry maps. Returns true if there is nothing more to do.
bool handle_huge_fault(thread& task, mm_struct& mm, unsigned page_nr, machine::AccessKind kind);

}  // namespace mmcheck::mm

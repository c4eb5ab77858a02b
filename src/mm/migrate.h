// SPDX-License-Identifier: Apache-2.0
// Migration entries: what stands in a page table while a folio is moved or split. linux
// mm/migrate.c
#pragma once

#include "mm/system.h"

namespace mmcheck::mm {

/// Replaces the entries that map the folio by migration entries. The folio is locked; so is what
/// keeps its VMAs in their tree (TTU_RMAP_LOCKED).
void try_to_migrate(thread& task, folio& page);

/// Puts the entries back, of a folio that has not moved. Locks as above.
void remove_migration_ptes(thread& task, folio& page);

/// A fault has found a migration entry: waits until it is gone. No locks but mmap_lock.
void migration_entry_wait(PteSlot& slot, pte_t entry);

/// What a driver does that wants a page of the address space in its own memory and then cannot
/// have it: collects it, unmaps it elsewhere, and puts all back.
/// linux v6.12 mm/migrate_device.c: migrate_vma_setup, migrate_vma_finalize
void migrate_vma(thread& task, mm_struct& mm, unsigned page_nr);

}  // namespace mmcheck::mm

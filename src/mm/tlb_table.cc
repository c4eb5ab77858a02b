// SPDX-License-Identifier: Apache-2.0
// The memory of page tables, from unhooking to free. linux mm/mmu_gather.c
//
// Two kinds of walkers must have let go of a table before it is freed (R-TABLE): CPUs whose walk
// caches may hold it, and software that walks without locks, with interrupts off:
//
//     CPU0 munmap                   CPU1 user, or walk cache      CPU2 GUP-fast
//                                                                 local_irq_save
//                                   (the MMU has found the table) finds the table
//     clear the entry above it
//     flush TLBs                    [lets go]
//     grace period, or IPI                                        reads an entry
//                                                                 local_irq_restore [lets go]
//     free the table
//
// Without the flush the MMU reads freed memory as entries (fixed in 2018: tables were freed at once
// where memory for a batch was short); without the grace period GUP-fast does. Where the flush is
// an IPI, it waits for CPU2 as well; where it is not, nothing else does.
#include <algorithm>

#include "mm/folio.h"
#include "mm/mmu_gather.h"

namespace mmcheck::mm {

namespace {

unsigned generation_to_free(const page_table& table) { return table.page.generation() - 1; }

void free_table(void* table, unsigned generation) {
  static_cast<machine::TablePage*>(table)->free(generation);
}

void free_table_now(thread& task, page_table& table) {
  task.x().step({.format = "free_page(table of {})", .args = {machine::arg(table.page.va())}});
  table.page.free(generation_to_free(table));
}

/// linux v6.12 mm/mmu_gather.c: tlb_remove_table_one, with tlb_remove_table_sync_one: an IPI to all
/// other CPUs that does nothing. Who has interrupts off takes it when he is through.
void tlb_remove_table_one(thread& task, page_table& table) {
  System& system = *task.system;
  if (system.policies->table_sync == TableSync::Done) {
    system.rcu.smp_call_function_sync(task, system.cpus.data());
  }
  free_table_now(task, table);
}

/// linux v6.12 mm/mmu_gather.c: tlb_remove_table
/// differs: x86 has a table take a slot in the batch of pages, and frees it with them, where no
/// hypervisor wants a grace period (arch/x86/kernel/paravirt.c: native_tlb_remove_table).
void tlb_remove_table(thread& task, mmu_gather& tlb, page_table& table) {
  if (task.system->has_tables || task.system->policies->table_free == TableFree::WithPages) {
    tlb.tables.push_back(&table);
    return;
  }
  if (task.system->policies->table_invalidate == TableInvalidate::Done) {
    tlb_flush_mmu_tlbonly(task, tlb);
  }
  tlb_remove_table_one(task, table);
}

}  // namespace

// The entry above has just been cleared, in this step.
void pte_free_tlb(thread& task, mmu_gather& tlb, page_table& table) {
  tlb.freed_tables = true;
  tlb.start_page = std::min(tlb.start_page, table.first_page);
  tlb.end_page = std::max(tlb.end_page, table.end_page);
  if (!table.page.followed()) return;
  table.page.unhooked();
  tlb_remove_table(task, tlb, table);
}

// linux v6.12 mm/mmu_gather.c: tlb_table_flush, tlb_remove_table_free
// differs: a callback for each table, where Linux has one for the batch.
void tlb_table_flush(thread& task, mmu_gather& tlb) {
  if (tlb.tables.empty()) return;
  System& system = *task.system;
  if (system.policies->table_free == TableFree::WithPages) {
    for (page_table* table : tlb.tables) free_table_now(task, *table);
  } else {
    task.x().step({.format = "call_rcu(): free tables"});
    for (page_table* table : tlb.tables) {
      system.rcu.call_rcu(&free_table, &table->page, generation_to_free(*table));
    }
  }
  tlb.tables.clear();
}

}  // namespace mmcheck::mm

// SPDX-License-Identifier: Apache-2.0
#include "mm/memory_hotplug.h"

#include "mm/folio.h"

namespace mmcheck::mm {

bool offline_pages(thread& task, folio& page) {
  task.x().step({.format = "offline_pages({})", .args = {arg(page)}});
  if (page.refcount.read() != folio::kFree) return false;
  page.refcount.write(folio::kOffline);
  return true;
}

// Nothing uses the memory. But a walk without locks may have read its page number before, from an
// entry that has been cleared since, and is about to raise its count (R-META; Popple, 25 Oct 2022):
//
//     CPU0 GUP-fast                 CPU1 munmap                  CPU2 hot-remove
//     local_irq_save
//     pte = ptep_get_lockless
//                                   clear, flush, free the page
//                                                                offline_pages
//                                                                [synchronize_rcu: not in Linux]
//                                                                section_deactivate
//     try_grab_folio: there is no struct page
//
// Where the flush is an IPI, it waits for CPU0, and so does all that comes after it.
void arch_remove_memory(thread& task, folio& page) {
  task.x().step({.format = "section_deactivate({})", .args = {arg(page)}});
  if (page.refcount.read() != folio::kOffline) return;
  page.metadata_freed.write(true);
  *task.system->metadata_freed_at = task.x().current_event();
}

}  // namespace mmcheck::mm

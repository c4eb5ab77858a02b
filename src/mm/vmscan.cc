// SPDX-License-Identifier: Apache-2.0
#include "mm/vmscan.h"

#include "mm/folio.h"
#include "mm/rmap.h"

namespace mmcheck::mm {

namespace {

/// What is done with one locked folio that has been isolated (so one reference is ours). Returns
/// true if it left the page cache.
bool shrink_locked_folio(thread& task, address_space& mapping, folio& page, tlb_batch& batch) {
  task.x().step(
      {.format = "folio_test_writeback({})?", .args = {arg(page)}, .detail = Detail::Minor});
  if (page.writeback.read_last()) return false;
  if (folio_referenced(task, page) != 0) return false;  // folio_check_references: keep
  task.x().step({.format = "folio_mapped({})?", .args = {arg(page)}, .detail = Detail::Minor});
  if (page.mapcount.read_last() >= 0) {
    try_to_unmap(task, page, batch);
    task.x().step(
        {.format = "still folio_mapped({})?", .args = {arg(page)}, .detail = Detail::Minor});
    if (page.mapcount.read_last() >= 0) return false;
  }
  task.x().step({.format = "folio_test_dirty({})?", .args = {arg(page)}});
  // Who has a page pinned may write to it at any time, and needs the buffers when he marks it
  // dirty.
  const bool pins_count = task.system->policies->reclaim_pins == ReclaimPins::Respected;
  if (pins_count && folio_maybe_dma_pinned(task, page)) return false;
  // Dirty pages of files are left to the flusher: activate_locked, the flush still pending.
  if (page.dirty.read_last()) return false;
  if (page.buffers.peek() && !task.system->file_operations->release_folio(task, page)) return false;
  return task.system->file_operations->remove_mapping(task, mapping, page);
}

}  // namespace

bool folio_isolate(thread& task, folio& page) {
  task.x().step({.format = "folio_isolate({})", .args = {arg(page)}, .detail = Detail::Minor});
  const int count = page.refcount.read();
  if (count <= 0) return false;
  page.refcount.write(count + 1);
  return true;
}

// The order of linux v6.12 mm/vmscan.c: shrink_folio_list, for a list of one page of a file.
// differs: waits for i_mmap_rwsem where Linux gives up; no LRU lists, no swap, no pageout() by
// reclaim itself (v6.12 leaves it to the flusher unless kswapd has seen the page before).
bool shrink_folio_list(thread& task, address_space& mapping, unsigned index) {
  folio* page = task.system->file_operations->find_get(task, mapping, index);
  if (page == nullptr) return false;
  if (!folio_trylock(task, *page)) {
    folio_put(task, *page);
    return false;
  }
  tlb_batch batch;
  const bool gone = shrink_locked_folio(task, mapping, *page, batch);
  folio_unlock(task, *page);
  try_to_unmap_flush(task, batch);
  folio_put(task, *page);
  return gone;
}

}  // namespace mmcheck::mm

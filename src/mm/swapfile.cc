// SPDX-License-Identifier: Apache-2.0
#include "mm/swapfile.h"

#include "mm/folio.h"

namespace mmcheck::mm {

namespace {

swap_slot& slot_of(thread& task, unsigned slot) { return task.system->swap_slots[slot]; }

/// Part of the current step: the folio has the slot, as far as look-ups are concerned.
void add_to_swap_cache(thread& task, folio& page, unsigned slot) {
  slot_of(task, slot).cache.write(static_cast<std::uint8_t>(to_index(page.frame.pfn()) + 1));
  page.swapcache.write(static_cast<std::uint8_t>(slot + 1));
  folio_ref_add(task, page, 1);
}

/// Part of the current step. linux v6.12 mm/swapfile.c: swap_entry_free
void swap_count_dec(thread& task, swap_slot& slot) {
  const int count = slot.count.read() - 1;
  slot.count.write(count);
  task.system->monitor->swap_count_dropped(count);
}

/// What an earlier owner of the slot has left there.
constexpr std::uint64_t kOldContents = 99;

}  // namespace

swap_slot::swap_slot(Kept& kept, explore::Execution& execution, unsigned number)
    : count(execution, 0,
            {.format = "swap slot {}.count",
             .args = {machine::arg(std::uint64_t{number})},
             .value = trace::format_decimal}),
      cache(execution, 0, {.format = "swap cache", .detail = Detail::Minor}),
      block(execution, kOldContents,
            {.format = "swap slot {}",
             .args = {machine::arg(std::uint64_t{number})},
             .value = trace::format_decimal}),
      written_at(kept.make<EventId>(kNoEvent)) {}

// linux v6.12 mm/swap_state.c: add_to_swap, add_to_swap_cache; mm/swap_slots.c: folio_alloc_swap
// In one step: until an entry refers to the slot nobody finds the folio by it. The folio is marked
// dirty whatever its entries say: nothing has been written to the slot yet.
void add_to_swap(thread& task, folio& page) {
  task.x().step({.format = "add_to_swap({})", .args = {arg(page)}});
  add_to_swap_cache(task, page, page.swap_slot);
  if (task.system->policies->reclaim.swap_dirty == Step::Kept) page.dirty.write(true);
}

// linux v6.12 mm/swapfile.c: swap_duplicate
void swap_duplicate(thread& task, unsigned slot) {
  task.x().step({.format = "swap_duplicate({})", .args = {machine::arg(std::uint64_t{slot})}});
  swap_slot& entry = slot_of(task, slot);
  entry.count.write(entry.count.read_last() + 1);
}

// linux v6.12 mm/swapfile.c: swap_free
void swap_free(thread& task, unsigned slot) {
  task.x().step({.format = "swap_free({})", .args = {machine::arg(std::uint64_t{slot})}});
  swap_count_dec(task, slot_of(task, slot));
}

// linux v6.12 mm/swapfile.c: free_swap_and_cache_nr, __try_to_reclaim_swap(TTRS_UNMAPPED)
void free_swap_and_cache(thread& task, unsigned slot) {
  task.x().step({.format = "free_swap_and_cache({})", .args = {machine::arg(std::uint64_t{slot})}});
  swap_slot& entry = slot_of(task, slot);
  swap_count_dec(task, entry);
  if (entry.count.peek() != 0) return;
  folio* page = task.system->cached(entry.cache.read());
  if (page == nullptr) return;
  folio_ref_add(task, *page, 1);
  free_swap_cache(task, *page);
  folio_put(task, *page);
}

// linux v6.12 mm/swapfile.c: folio_free_swap, delete_from_swap_cache
// The folio is dirty from here on: what is in it is nowhere else.
bool folio_free_swap(thread& task, folio& page) {
  task.x().step({.format = "folio_free_swap({})", .args = {arg(page)}});
  const unsigned cached = page.swapcache.read();
  if (cached == 0 || page.writeback.read()) return false;
  swap_slot& slot = slot_of(task, cached - 1);
  const bool counted = task.system->policies->reclaim.swap_count_check == Step::Kept;
  if (counted && slot.count.read() != 0) return false;
  task.system->monitor->page_evicted(page);
  slot.cache.write(0);
  page.swapcache.write(0);
  folio_ref_add(task, page, -1);
  page.dirty.write(true);
  return true;
}

// linux v6.12 mm/swap_state.c: free_swap_cache
// A folio whose lock is taken keeps its slot until reclaim finds it.
void free_swap_cache(thread& task, folio& page) {
  task.x().step({.format = "free_swap_cache({})?", .args = {arg(page)}, .detail = Detail::Minor});
  if (page.swapcache.read() == 0 || folio_mapped_last(page)) return;
  if (!folio_trylock(task, page)) return;
  folio_free_swap(task, page);
  folio_unlock(task, page);
}

namespace {

/// linux v6.12 mm/swap_state.c: __read_swap_cache_async; mm/page_io.c: swap_read_folio
/// differs: the folio stays locked from here until it is mapped.
folio* read_swap_cache(thread& task, unsigned slot) {
  folio& page = folio_alloc(task);
  folio_lock(task, page);
  task.x().step({.format = "swapcache_prepare({})", .args = {machine::arg(std::uint64_t{slot})}});
  swap_slot& entry = slot_of(task, slot);
  if (entry.count.read() == 0 || entry.cache.read() != 0) {
    folio_unlock(task, page);
    folio_put(task, page);
    return nullptr;
  }
  add_to_swap_cache(task, page, slot);
  task.x().step({.format = "swap_read_folio({})", .args = {arg(page)}});
  page.frame.write(entry.block.read_last());
  return &page;
}

}  // namespace

// linux v6.12 mm/memory.c: do_swap_page, its first half; mm/swap_state.c: swap_cache_get_folio
folio* swapin(thread& task, unsigned slot) {
  task.x().step({.format = "swap_cache_get_folio({})",
                 .args = {machine::arg(std::uint64_t{slot})},
                 .detail = Detail::Minor});
  folio* page = task.system->cached(slot_of(task, slot).cache.read());
  if (page == nullptr) return read_swap_cache(task, slot);
  folio_ref_add(task, *page, 1);
  folio_lock(task, *page);
  // Part of the lock's step: it may have left the swap cache while this waited.
  if (page->swapcache.read_last() == slot + 1) return page;
  folio_unlock(task, *page);
  folio_put(task, *page);
  return nullptr;
}

// linux v6.12 mm/vmscan.c: pageout, is_page_cache_freeable; mm/page_io.c: swap_writepage,
// swap_writepage_bdev_sync
Pageout pageout(thread& task, folio& page) {
  task.x().step(
      {.format = "is_page_cache_freeable({})?", .args = {arg(page)}, .detail = Detail::Minor});
  if (page.refcount.read_last() != 2) return Pageout::KeepLocked;
  task.x().step({.format = "clear_page_dirty_for_io({})", .args = {arg(page)}});
  page.dirty.write(false);
  page.last_clean = task.x().current_event();
  const unsigned slot = page.swapcache.read_last() - 1u;
  if (folio_free_swap(task, page)) {  // No entry refers to it any more.
    folio_unlock(task, page);
    return Pageout::Keep;
  }
  task.x().step(
      {.format = "folio_start_writeback({})", .args = {arg(page)}, .detail = Detail::Minor});
  page.writeback.write(true);
  folio_unlock(task, page);
  task.x().step({.format = "device reads {}", .args = {arg(page)}});
  slot_of(task, slot).block.write(page.frame.read());
  slot_of(task, slot).written_at = task.x().current_event();
  task.x().step(
      {.format = "folio_end_writeback({})", .args = {arg(page)}, .detail = Detail::Minor});
  page.writeback.write(false);
  if (!folio_trylock(task, page)) return Pageout::Keep;
  task.x().step({.format = "folio_test_dirty({})?", .args = {arg(page)}});
  return page.dirty.read_last() ? Pageout::KeepLocked : Pageout::Clean;
}

}  // namespace mmcheck::mm

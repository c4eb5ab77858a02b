// SPDX-License-Identifier: Apache-2.0
#include "mm/vmscan.h"

#include "mm/folio.h"
#include "mm/rmap.h"
#include "mm/swapfile.h"

namespace mmcheck::mm {

namespace {

void minor_step(thread& task, std::string_view format, const folio& page) {
  task.x().step({.format = format, .args = {arg(page)}, .detail = Detail::Minor});
}

/// Freezes the reference count: from here on nobody else can get hold of the folio. The first half
/// of __remove_mapping(); a step of its own only where it freezes nothing.
bool folio_ref_freeze(thread& task, folio& page) {
  // The page cache's or swap cache's references, one for each page, and the caller's.
  if (page.refcount.read() != 1 + static_cast<int>(folio_nr_pages(page))) return false;
  if (task.system->policies->reclaim.ref_freeze == Step::Kept) {
    page.refcount.write(folio::kFrozen);
  } else {
    task.x().step({.format = "remove_mapping({}): delete", .args = {arg(page)}});
  }
  return true;
}

void folio_ref_unfreeze(thread& task, folio& page, int count) {
  if (task.system->policies->reclaim.ref_freeze == Step::Kept) page.refcount.write(count);
}

/// linux v6.12 mm/vmscan.c: __remove_mapping; mm/filemap.c: __filemap_remove_folio;
/// mm/swap_state.c:
/// __delete_from_swap_cache
///
/// The reference count is frozen first and the dirty flag read after: a user of get_user_pages()
/// marks the page dirty and then drops its reference, so that one of the two is seen. All is one
/// step, as nobody can reach a frozen folio. The caller has the last reference, or it is frozen.
bool remove_mapping_locked(thread& task, folio& page) {
  task.x().step({.format = "remove_mapping({}): freeze", .args = {arg(page)}});
  if (!folio_ref_freeze(task, page)) return false;
  if (page.dirty.read()) {
    folio_ref_unfreeze(task, page, 1 + static_cast<int>(folio_nr_pages(page)));
    return false;
  }
  task.system->monitor->page_evicted(page);
  if (const unsigned cached = has_swap(task) ? page.swapcache.peek() : 0; cached != 0) {
    // differs: Linux leaves the mapping until the page is freed, but nobody can look any more.
    task.system->swap_slots[cached - 1].cache.write(0);
    page.swapcache.write(0);
  } else {
    address_space& file = task.system->files[page.mapping.peek().file()];
    for (unsigned nr = 0; nr < folio_nr_pages(page); ++nr) file.i_pages[page.index + nr].write(0);
  }
  page.mapping.write({});
  return true;
}

/// What becomes of a folio: whether it is kept, and whether it is still locked then.
enum class Fate : std::uint8_t { KeepLocked, Keep, Gone };

/// A dirty, unmapped folio of a file.
///
/// It is left to the flusher, "activate_locked", and so unlocked while the flush of what
/// try_to_unmap() has cleared is still pending. Writeback finds it unmapped, and waits for nobody:
///
///     CPU0 reclaim                    CPU1 writeback                 CPU2 user
///     (A was cleared, not flushed)                                   (TLB: W, D)
///     try_to_unmap: dirty, unmapped
///     folio_unlock
///                                     folio_lock, folio_mkclean: not mapped
///                                     clear dirty, write to disk
///                                                                    store through the TLB
///     try_to_unmap_flush              [the store is lost: page clean]
///
/// catalog/thread/claim-19. Neither v6.1 nor v6.12 has a step against it; `flush_before_unlock` is
/// one that would do.
/// differs: kswapd, when a node is full of dirty pages that it has seen before, does go on, by
/// try_to_unmap_flush_dirty() and pageout(); which gives an ext4 page back ("activate"), as it has
/// no writepage since v6.3. Then the flush has come before the page is unlocked.
Fate keep_dirty_file(thread& task, tlb_batch& batch) {
  if (task.system->policies->reclaim.flush_before_unlock == Step::Kept) {
    try_to_unmap_flush_dirty(task, batch);
  }
  return Fate::KeepLocked;
}

/// A dirty, unmapped folio of the swap cache. Before it is cleaned, nothing may write to it any
/// more: the flush of what try_to_unmap() has cleared is pending. Gone: go on with it.
Fate pageout_dirty_swap(thread& task, folio& page, tlb_batch& batch) {
  if (task.system->policies->reclaim.unmap_flush_dirty == Step::Kept) {
    try_to_unmap_flush_dirty(task, batch);
  }
  switch (pageout(task, page)) {
    case Pageout::KeepLocked:
      return Fate::KeepLocked;
    case Pageout::Keep:
      return Fate::Keep;
    case Pageout::Clean:
      break;
  }
  return Fate::Gone;
}

/// A lazyfree folio that has been unmapped. Whether it is dirty is not asked any more: nobody maps
/// it, and whoever else has it is the last who does.
Fate freeze_lazyfree(thread& task, folio& page) {
  task.x().step({.format = "folio_ref_freeze({}, 1)", .args = {arg(page)}});
  if (page.refcount.read() != 1) return Fate::KeepLocked;
  page.refcount.write(folio::kFrozen);
  return Fate::Gone;
}

/// Off its list, unless somebody else has taken it: then returns false.
/// linux v6.12 mm/vmscan.c: isolate_lru_folios (folio_test_clear_lru)
bool isolate_folio(thread& task, folio& page) {
  if (!task.system->has_lazyfree) return true;
  minor_step(task, "folio_test_clear_lru({})", page);
  if (page.isolated.read()) return false;
  page.isolated.write(true);
  return true;
}

/// linux v6.12 mm/vmscan.c: move_folios_to_lru
void putback_folio(thread& task, folio& page) {
  if (!task.system->has_lazyfree) return;
  minor_step(task, "folio_putback_lru({})", page);
  page.isolated.write(false);
}

/// What is done with one locked folio. linux v6.12 mm/vmscan.c: shrink_folio_list
Fate shrink_locked_folio(thread& task, folio& page, tlb_batch& batch) {
  minor_step(task, "folio_test_writeback({})?", page);
  if (page.writeback.read_last()) return Fate::KeepLocked;
  // folio_check_references: keep what has been used. differs: no PG_referenced, no PG_active.
  if (folio_referenced(task, page) != 0) return Fate::KeepLocked;
  const bool anon = page.mapping.peek().is_anon();              // Stable: the page is locked.
  if (anon && folio_test_large(page)) return Fate::KeepLocked;  // differs: large ones stay.
  const bool lazyfree = folio_test_lazyfree(page);
  if (anon && !lazyfree && page.swapcache.peek() == 0) add_to_swap(task, page);
  minor_step(task, "folio_mapped({})?", page);
  if (folio_mapped_last(page)) {
    try_to_unmap(task, page, batch);
    minor_step(task, "still folio_mapped({})?", page);
    if (folio_mapped_last(page)) return Fate::KeepLocked;
  }
  task.x().step({.format = "folio_test_dirty({})?", .args = {arg(page)}});
  // Who has a page pinned may write to it at any time, and needs the buffers when he marks it
  // dirty.
  const bool pins_count = task.system->policies->reclaim_pins == ReclaimPins::Respected;
  if (pins_count && folio_maybe_dma_pinned(task, page)) return Fate::KeepLocked;
  if (page.dirty.read_last()) {
    const bool swaps = anon && !lazyfree;  // folio_is_file_lru
    const Fate fate = swaps ? pageout_dirty_swap(task, page, batch) : keep_dirty_file(task, batch);
    if (fate != Fate::Gone) return fate;
  }
  if (page.buffers.peek() && !task.system->file_operations->release_folio(task, page)) {
    return Fate::KeepLocked;
  }
  if (lazyfree) return freeze_lazyfree(task, page);
  // folio_mapping(): truncated meanwhile, or not in the swap cache.
  if (!anon && !page.mapping.peek().is_file()) return Fate::KeepLocked;
  if (anon && page.swapcache.peek() == 0) return Fate::KeepLocked;
  return remove_mapping_locked(task, page) ? Fate::Gone : Fate::KeepLocked;
}

/// Frees folios without another look: their counts are frozen.
/// linux v6.12 mm/page_alloc.c: free_unref_folios
void free_unref_folios(thread& task, const FolioList& folios) {
  for (folio* page : folios) {
    minor_step(task, "free_unref_folios({})", *page);
    page->refcount.write(0);
    page->last_put = task.cpu->id();
  }
}

}  // namespace

folio* folio_isolate(thread& task, folio& page) {
  task.x().step({.format = "folio_isolate({})", .args = {arg(page)}, .detail = Detail::Minor});
  folio& whole = page_folio_lockless(page);
  const int count = whole.refcount.read();
  if (count <= 0) return nullptr;
  whole.refcount.write(count + 1);
  return &whole;
}

// differs: waits for i_mmap_rwsem where Linux gives up; no LRU lists, no demotion; whether an
// anonymous page is pinned is looked at once, after it has been unmapped.
unsigned shrink_folio_list(thread& task, const FolioList& folios) {
  tlb_batch batch;
  FolioList free_folios;
  FolioList kept;
  FolioList isolated;
  for (folio* page : folios) {
    if (isolate_folio(task, *page)) {
      isolated.push_back(page);
    } else {
      folio_put(task, *page);
    }
  }
  for (folio* page : isolated) {
    if (!folio_trylock(task, *page)) {
      kept.push_back(page);
      continue;
    }
    const Fate fate = shrink_locked_folio(task, *page, batch);
    if (fate != Fate::Keep) folio_unlock(task, *page);
    (fate == Fate::Gone ? free_folios : kept).push_back(page);
  }
  // Until here TLBs may hold what was unmapped.
  const bool flush_first = task.system->policies->reclaim.flush_before_free == Step::Kept;
  if (flush_first) try_to_unmap_flush(task, batch);
  free_unref_folios(task, free_folios);
  if (!flush_first) try_to_unmap_flush(task, batch);
  for (folio* page : kept) {
    putback_folio(task, *page);
    folio_put(task, *page);
  }
  return static_cast<unsigned>(free_folios.size());
}

// The only place that drops the buffers of pages without a look at their map count or reference
// count: where there are too many buffers in the machine (buffer_heads_over_limit).
// differs: there always are too many; folio_referenced() and the lists are left out.
unsigned shrink_active_list(thread& task, const FolioList& folios) {
  unsigned dropped = 0;
  for (folio* page : folios) {
    minor_step(task, "folio_needs_release({})?", *page);
    if (page->buffers.read_last() && folio_trylock(task, *page)) {
      if (task.system->file_operations->release_folio(task, *page)) ++dropped;
      folio_unlock(task, *page);
    }
    folio_put(task, *page);
  }
  return dropped;
}

bool remove_mapping(thread& task, folio& page) {
  if (!remove_mapping_locked(task, page)) return false;
  folio_ref_unfreeze(task, page, 1);
  return true;
}

}  // namespace mmcheck::mm

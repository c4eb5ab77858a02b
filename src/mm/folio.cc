// SPDX-License-Identifier: Apache-2.0
#include "mm/folio.h"

#include <algorithm>

#include "base/error.h"

namespace mmcheck::mm {

void format_signed(const trace::Names&, std::uint64_t value, std::string& out) {
  out += std::to_string(static_cast<std::int64_t>(value));
}

namespace {

void format_refcount(const trace::Names&, std::uint64_t value, std::string& out) {
  const auto count = static_cast<std::int64_t>(value);
  if (count == folio::kFree || count == folio::kFrozen) {
    out += count == folio::kFree ? "free" : "frozen";
  } else {
    out += std::to_string(count);
  }
}

void format_head(const trace::Names& names, std::uint64_t value, std::string& out) {
  if (value == 0) {
    out += "none";
  } else {
    machine::format_pfn(names, value - 1, out);
  }
}

trace::ObjectText flag(std::string_view name, Pfn pfn, Detail detail = Detail::Major) {
  return {
      .format = name, .args = {machine::arg(pfn)}, .value = trace::format_flag, .detail = detail};
}

}  // namespace

folio::folio(System& owner, Pfn pfn, const folio_init& init)
    : folio(owner, *owner.execution, pfn, init) {}

folio::folio(System& owner, explore::Execution& x, Pfn pfn, const folio_init& init)
    : frame(owner.kept, *owner.memory, *owner.monitor, pfn, init.data),
      locked(x, kernel::LockClass::folio_lock, flag("{}.locked", pfn, Detail::Minor)),
      dirty(x, init.dirty, flag("{}.dirty", pfn)),
      writeback(x, false, flag("{}.writeback", pfn, Detail::Minor)),
      buffers(x, init.buffers, flag("{}.buffers", pfn)),
      refcount(x, init.refcount,
               {.format = "{}._refcount",
                .args = {machine::arg(pfn)},
                .value = format_refcount,
                .detail = Detail::Minor}),
      mapcount(x, init.mapcount,
               {.format = "{}._mapcount", .args = {machine::arg(pfn)}, .value = format_signed}),
      mapping(x, init.mapping, {.format = "{}.mapping", .args = {machine::arg(pfn)}}),
      index(owner.kept.make<unsigned>(init.index)),
      nr_pages(owner.has_large_folios ? &owner.kept.make<unsigned>(init.nr_pages) : nullptr),
      metadata_freed(owner.has_hot_remove ? Cell<bool>(x, false, flag("{}.metadata_freed", pfn))
                                          : Cell<bool>()),
      last_clean(owner.kept.make<EventId>(kNoEvent)),
      system(&owner) {
  swap_slot = init.swap_slot;
  if (owner.has_lazyfree) {
    swapbacked = {x, true, flag("{}.swapbacked", pfn)};
    isolated = {x, false, flag("{}.isolated", pfn, Detail::Minor)};
    lazyfree = &owner.kept.make<lazyfree_note>();
  }
  if (owner.has_fork) {
    anon_exclusive =
        Cell<bool>(x, init.mapping.is_anon(), flag("{}.anon_exclusive", pfn, Detail::Minor));
    written_by = &owner.kept.make<last_writer>();
    if (owner.has_pins) replaced_for = {x, std::uint8_t{0}, {.format = "replaced"}};
  }
  if (!owner.swap_slots.empty()) {
    swapcache = {x,
                 std::uint8_t{0},
                 {.format = "{}.swapcache",
                  .args = {machine::arg(pfn)},
                  .value = trace::format_flag,
                  .detail = Detail::Minor}};
  }
  if (!owner.has_large_folios) return;
  const std::uint16_t head = init.head == kNoPfn ? 0 : to_index(init.head) + 1;
  compound_head = Cell<std::uint16_t>(
      x, head, {.format = "{}.compound_head", .args = {machine::arg(pfn)}, .value = format_head});
  large_mapcount = Cell<int>(
      x, init.large_mapcount,
      {.format = "{}._large_mapcount", .args = {machine::arg(pfn)}, .value = format_signed});
}

trace::Arg arg(const folio& page) { return machine::arg(page.frame.pfn()); }

folio& page_folio(folio& page) {
  if (!page.system->has_large_folios) return page;
  const std::uint16_t head = page.compound_head.peek();
  return head == 0 ? page : page.system->folios[head - 1u];
}

folio& page_folio_lockless(folio& page) {
  if (!page.system->has_large_folios) return page;
  const std::uint16_t head = page.compound_head.read();
  return head == 0 ? page : page.system->folios[head - 1u];
}

unsigned folio_nr_pages(const folio& page) { return page.nr_pages == nullptr ? 1 : *page.nr_pages; }

bool folio_test_large(const folio& page) { return folio_nr_pages(page) > 1; }

folio& folio_page(folio& page, unsigned nr) { return (&page)[nr]; }

folio& folio_file_page(folio& page, unsigned index) { return folio_page(page, index - page.index); }

namespace {

/// `mapcount` of a large folio under LargeMapcount::PerPage: of mappings by a PMD in the folio, of
/// all others in their page.
bool counts_per_page(const folio& page) {
  return page.system->policies->large_mapcount == LargeMapcount::PerPage;
}

bool large_folio_mapped(const folio& page) {
  if (page.large_mapcount.read() >= 0) return true;
  if (!counts_per_page(page)) return false;
  for (unsigned nr = 0; nr < folio_nr_pages(page); ++nr) {
    if ((&page)[nr].mapcount.read() >= 0) return true;
  }
  return false;
}

}  // namespace

bool folio_mapped(const folio& page) {
  return folio_test_large(page) ? large_folio_mapped(page) : page.mapcount.read() >= 0;
}

bool folio_mapped_last(const folio& page) {
  return folio_test_large(page) ? large_folio_mapped(page) : page.mapcount.read_last() >= 0;
}

int folio_mapcount_peek(const folio& page) {
  if (!folio_test_large(page)) return page.mapcount.peek() + 1;
  int count = page.large_mapcount.peek() + 1;
  if (!counts_per_page(page)) return count;
  for (unsigned nr = 0; nr < folio_nr_pages(page); ++nr) {
    count += (&page)[nr].mapcount.peek() + 1;
  }
  return count;
}

bool folio_test_lazyfree(const folio& page) {
  return page.lazyfree != nullptr && page.mapping.peek().is_anon() && !page.swapbacked.peek();
}

namespace {

/// linux v6.12 mm/page_alloc.c: free_unref_page. Part of the current step.
void free_folio(System& system, folio& page) {
  system.monitor->page_freed(page);
  for (unsigned nr = 0; nr < folio_nr_pages(page); ++nr) folio_page(page, nr).frame.free();
  page.mapping.write({});
  // linux v6.12 mm/swap.c: __page_cache_release
  if (system.mlocks) {
    page.lru.write(false);
    page.mlocked.write(false);
  }
  page.refcount.write(folio::kFree);
}

}  // namespace

// To the end of this CPU's list: what was freed last stays dead for longest.
void add_free_folio(thread& task, folio& page) {
  FreeList& list = task.system->free_lists[to_index(task.cpu->id())];
  const Pfn pfn = page.frame.pfn();
  if (list.nr == 0) {
    list.first = pfn;
  } else {
    task.system->page(list.last).next_free = pfn;
  }
  list.last = pfn;
  page.next_free = kNoPfn;
  ++list.nr;
}

namespace {

/// Where frames are used again, the put that takes the last reference away frees the page in its
/// own step. differs: so it is a write, and orders itself with others.
void put_and_free(thread& task, folio& page, int refs) {
  const int count = page.refcount.read_last() - refs;
  page.refcount.write(count);
  if (count != 0) return;
  free_folio(*task.system, page);
  static_cast<void>(task.system->zone.read_last());
  add_free_folio(task, page);
}

/// A page from this CPU's list, or else from the longest one. differs: of Linux's lists only those
/// of each CPU are here, and so who runs out takes from another.
folio& take_free_folio(thread& task) {
  System& system = *task.system;
  FreeList* list = &system.free_lists[to_index(task.cpu->id())];
  if (list->nr > 0) {
    static_cast<void>(system.zone.read_last());
  } else {
    system.zone.write(system.zone.read_last() + 1);
    list = std::max_element(system.free_lists.begin(), system.free_lists.end(),
                            [](const FreeList& a, const FreeList& b) { return a.nr < b.nr; });
    if (list->nr == 0) system.exhausted(Resource::Frames);
  }
  folio& page = system.page(list->first);
  list->first = page.next_free;
  --list->nr;
  return page;
}

/// As it was before its first life: cleared, and nobody's. Nobody else can look at it meanwhile.
void prep_new_folio(folio& page) {
  page.frame.reuse(0);
  if (page.dirty.peek()) page.dirty.write(false);
  if (page.buffers.peek()) page.buffers.write(false);
  if (page.mapcount.peek() != -1) page.mapcount.write(-1);
  page.last_clean = kNoEvent;
  if (page.lazyfree != nullptr) {
    *page.lazyfree = {};
    if (!page.swapbacked.peek()) page.swapbacked.write(true);
  }
  if (page.written_by != nullptr) *page.written_by = {};
}

}  // namespace

void folio_ref_add(thread& task, folio& page, int delta) {
  if (delta < 0 && task.system->recycles) {
    put_and_free(task, page, -delta);
    return;
  }
  page.refcount.commute(page.refcount.peek() + delta);
  if (delta < 0) page.last_put = task.cpu->id();
}

void folio_get(thread& task, folio& page) {
  task.x().step({.format = "folio_get({})", .args = {arg(page)}, .detail = Detail::Minor});
  folio_ref_add(task, page, 1);
}

void folio_put(thread& task, folio& page, unsigned refs) {
  task.x().step({.format = "folio_put({})", .args = {arg(page)}, .detail = Detail::Minor});
  folio_ref_add(task, page, -static_cast<int>(refs));
}

void folio_lock(thread& task, folio& page) {
  page.locked.lock(task, {.format = "folio_lock({})", .args = {arg(page)}});
}

bool folio_trylock(thread& task, folio& page) {
  return page.locked.trylock(task, {.format = "folio_trylock({})", .args = {arg(page)}});
}

void folio_unlock(thread& task, folio& page) {
  page.locked.unlock(task,
                     {.format = "folio_unlock({})", .args = {arg(page)}, .detail = Detail::Minor});
}

namespace {

kernel::spinlock_t& dirty_lock_of(folio& page) {
  auto& locks = page.system->dirty_locks;
  return locks[to_index(page.frame.pfn()) % locks.size()];
}

}  // namespace

void lock_dirtying(thread& task, folio& page) {
  if (task.system->dirty_locks.empty()) return;
  dirty_lock_of(page).lock(task, {.format = "spin_lock(dirty_lock({}))", .args = {arg(page)}});
}

void unlock_dirtying(thread& task, folio& page) {
  if (task.system->dirty_locks.empty()) return;
  dirty_lock_of(page).unlock(task, {.format = "spin_unlock(dirty_lock({}))", .args = {arg(page)}});
}

void folio_mark_dirty(thread& task, folio& page) {
  if (page.mapping.peek().is_anon()) {  // linux v6.12 mm/page-writeback.c: noop_dirty_folio
    task.x().step({.format = "set_page_dirty({})", .args = {arg(page)}});
    page.dirty.write(true);
    return;
  }
  lock_dirtying(task, page);
  task.system->file_operations->dirty_folio(task, page);
  unlock_dirtying(task, page);
}

folio& folio_alloc(thread& task) {
  if (task.system->recycles) {
    folio& page = take_free_folio(task);
    prep_new_folio(page);
    page.refcount.write(1);
    return page;
  }
  if (task.nr_free_folios == 0) {
    throw InternalError("the free list of a CPU is empty: give the scenario more frames");
  }
  folio& page = task.free_folios[--task.nr_free_folios];
  page.refcount.write(1);
  return page;
}

folio* alloc_page(thread& task, folio& page) {
  task.x().step({.format = "alloc_page(): {}?", .args = {arg(page)}});
  if (page.refcount.read() != folio::kFree) return nullptr;
  page.frame.reuse();
  if (page.lazyfree != nullptr) *page.lazyfree = {};
  page.refcount.write(1);
  hold_page(task, page, 1);
  return &page;
}

// Without pins in the scenario there is nothing to ask for.
bool folio_maybe_dma_pinned(const thread& task, const folio& page) {
  return task.system->has_pins && page.refcount.read_last() >= folio::kPinBias;
}

void hold_page(thread& task, const folio& page, int references) {
  for (held_page& slot : task.held_pages) {
    if (slot.pfn != kNoPfn) continue;
    slot = {page.frame.pfn(), static_cast<std::uint16_t>(references)};
    return;
  }
  throw InternalError("a thread holds more pages than the model has room for");
}

namespace {

void handle_free(void* context) {
  folio& page = *static_cast<folio*>(context);
  page.system->execution->attribute_to(page.last_put);
  free_folio(*page.system, page);
}

}  // namespace

void start_freeing(folio& page) {
  page.system->execution->spawn_handler("free", CpuId{}, page.refcount.is(0), page.refcount.is(0),
                                        {.format = "free {}", .args = {arg(page)}}, &handle_free,
                                        &page);
}

}  // namespace mmcheck::mm

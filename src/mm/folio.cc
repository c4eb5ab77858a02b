// SPDX-License-Identifier: Apache-2.0
#include "mm/folio.h"

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
      metadata_freed(owner.has_hot_remove ? Cell<bool>(x, false, flag("{}.metadata_freed", pfn))
                                          : Cell<bool>()),
      last_clean(owner.kept.make<EventId>(kNoEvent)),
      last_put(owner.kept.make<CpuId>()),
      system(&owner) {
  swap_slot = init.swap_slot;
  if (owner.swap_slots.empty()) return;
  swapcache = {x,
               std::uint8_t{0},
               {.format = "{}.swapcache",
                .args = {machine::arg(pfn)},
                .value = trace::format_flag,
                .detail = Detail::Minor}};
}

trace::Arg arg(const folio& page) { return machine::arg(page.frame.pfn()); }

void folio_ref_add(thread& task, folio& page, int delta) {
  page.refcount.commute(page.refcount.peek() + delta);
  if (delta < 0) page.last_put = task.cpu->id();
}

void folio_get(thread& task, folio& page) {
  task.x().step({.format = "folio_get({})", .args = {arg(page)}, .detail = Detail::Minor});
  folio_ref_add(task, page, 1);
}

void folio_put(thread& task, folio& page) {
  task.x().step({.format = "folio_put({})", .args = {arg(page)}, .detail = Detail::Minor});
  folio_ref_add(task, page, -1);
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

void free_folio(void* context) {
  folio& page = *static_cast<folio*>(context);
  System& system = *page.system;
  system.execution->attribute_to(page.last_put);
  system.monitor->page_freed(page);
  page.frame.free();
  page.mapping.write({});
  // linux v6.12 mm/swap.c: __page_cache_release
  if (system.mlocks) {
    page.lru.write(false);
    page.mlocked.write(false);
  }
  page.refcount.write(folio::kFree);
}

}  // namespace

void start_freeing(folio& page) {
  page.system->execution->spawn_handler("free", CpuId{}, page.refcount.is(0), page.refcount.is(0),
                                        {.format = "free {}", .args = {arg(page)}}, &free_folio,
                                        &page);
}

}  // namespace mmcheck::mm

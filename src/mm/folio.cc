// SPDX-License-Identifier: Apache-2.0
#include "mm/folio.h"

#include "base/error.h"

namespace mmcheck::mm {

namespace {

void format_signed(const trace::Names&, std::uint64_t value, std::string& out) {
  out += std::to_string(static_cast<std::int64_t>(value));
}

trace::ObjectText flag(std::string_view name, Pfn pfn, Detail detail = Detail::Major) {
  return {.format = name, .args = {machine::arg(pfn)}, .value = trace::format_flag,
          .detail = detail};
}

}  // namespace

folio::folio(explore::Execution& x, machine::Monitor& monitor, Pfn pfn, const folio_init& init)
    : frame(x, monitor, pfn, init.data),
      locked(x, kernel::LockClass::folio_lock, flag("{}.locked", pfn, Detail::Minor)),
      dirty(x, init.dirty, flag("{}.dirty", pfn)),
      writeback(x, false, flag("{}.writeback", pfn, Detail::Minor)),
      buffers(x, init.buffers, flag("{}.buffers", pfn)),
      refcount(x, init.refcount,
               {.format = "{}.refcount", .args = {machine::arg(pfn)}, .value = format_signed,
                .detail = Detail::Minor}),
      mapcount(x, init.mapcount,
               {.format = "{}.mapcount", .args = {machine::arg(pfn)}, .value = format_signed}),
      mapping(x, init.mapping, {.format = "{}.mapping", .args = {machine::arg(pfn)}}),
      index(init.index) {}

trace::Arg arg(const folio& page) { return machine::arg(page.frame.pfn()); }

void folio_get(thread& task, folio& page) {
  task.x().step({.format = "folio_get({})", .args = {arg(page)}, .detail = Detail::Minor});
  page.refcount.write(page.refcount.read() + 1);
}

void folio_put(thread& task, folio& page) {
  task.x().step({.format = "folio_put({})", .args = {arg(page)}, .detail = Detail::Minor});
  const int count = page.refcount.read() - 1;
  page.refcount.write(count);
  task.system->monitor->refcount_dropped(page, count);
  if (count == 0) free_folio(task, page);
}

void folio_lock(thread& task, folio& page) {
  page.locked.lock(task, {.format = "folio_lock({})", .args = {arg(page)}});
}

bool folio_trylock(thread& task, folio& page) {
  return page.locked.trylock(task, {.format = "folio_trylock({})", .args = {arg(page)}});
}

void folio_unlock(thread& task, folio& page) {
  page.locked.unlock(task, {.format = "folio_unlock({})", .args = {arg(page)},
                            .detail = Detail::Minor});
}

void folio_mark_dirty(thread& task, folio& page) {
  task.system->file_operations->dirty_folio(task, page);
}

folio& folio_alloc(thread& task) {
  if (task.free_folios.empty()) {
    throw InternalError("the free list of a CPU is empty: give the scenario more frames");
  }
  folio& page = *task.free_folios.back();
  task.free_folios.pop_back();
  page.refcount.write(1);
  return page;
}

void free_folio(thread& task, folio& page) {
  task.system->monitor->page_freed(page);
  page.frame.free();
  page.mapping.write({});
}

}  // namespace mmcheck::mm

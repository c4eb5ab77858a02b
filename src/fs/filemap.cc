// SPDX-License-Identifier: Apache-2.0
#include "fs/filemap.h"

#include "mm/folio.h"
#include "mm/mlock.h"

namespace mmcheck::fs {

using mm::Detail;

// linux v6.12 mm/filemap.c: filemap_get_entry
// differs: look-up, folio_try_get and re-check of the slot are one step: the re-check makes them
// so. differs: each index holds its folio; in Linux one entry covers all of a large one.
folio* find_get(thread& task, address_space& mapping, unsigned index) {
  task.x().step({.format = "filemap_get_folio({})",
                 .args = {machine::arg(std::uint64_t{index})},
                 .detail = Detail::Minor});
  folio* page = task.system->cached(mapping.i_pages[index].read());
  if (page != nullptr) mm::folio_ref_add(task, *page, 1);
  return page;
}

namespace {

/// Puts a new page into the page cache, locked and with two references (the cache's and ours), and
/// reads it from disk. Returns null if somebody else was first. differs: never a large folio.
/// linux v6.12 mm/filemap.c: filemap_add_folio, filemap_read_folio
folio* read_cache_page(thread& task, address_space& mapping, unsigned index) {
  folio& page = mm::folio_alloc(task);
  mm::folio_lock(task, page);
  task.x().step({.format = "filemap_add_folio({})", .args = {mm::arg(page)}});
  if (mapping.i_pages[index].read() != 0) {
    mm::folio_unlock(task, page);
    mm::folio_put(task, page);
    return nullptr;
  }
  page.index = index;
  page.mapping.write(mm::mapping_t::of_file(mapping.id));
  mm::folio_ref_add(task, page, 1);
  mapping.i_pages[index].write(static_cast<std::uint16_t>(to_index(page.frame.pfn()) + 1));
  mm::folio_add_lru(task, page);
  task.x().step({.format = "read_folio({})", .args = {mm::arg(page)}});
  page.frame.write(mapping.blocks[index].read_last());
  return &page;
}

}  // namespace

bool is_behind_end(const address_space& mapping, unsigned index) {
  return std::uint64_t{index} * kPageSizeBytes >= mapping.i_size.read_last();
}

// linux v6.12 mm/filemap.c: filemap_fault. The second look at i_size is part of the lock's step, or
// of the last one that reads the page.
folio* filemap_fault(thread& task, address_space& mapping, unsigned index) {
  if (!mapping.has_size) return filemap_get_locked(task, mapping, index);
  task.x().step({.format = "i_size_read()?", .detail = Detail::Minor});
  if (is_behind_end(mapping, index)) return nullptr;
  folio* page = filemap_get_locked(task, mapping, index);
  if (!is_behind_end(mapping, index)) return page;
  mm::folio_unlock(task, *page);
  mm::folio_put(task, *page);
  return nullptr;
}

// linux v6.12 mm/filemap.c: __filemap_get_folio
folio* filemap_get_locked(thread& task, address_space& mapping, unsigned index) {
  while (true) {
    folio* page = find_get(task, mapping, index);
    if (page == nullptr) {
      page = read_cache_page(task, mapping, index);
      if (page == nullptr) continue;
      return page;
    }
    mm::folio_lock(task, *page);
    // Part of the lock's step: a page that left the file stays out of it.
    if (page->mapping.read_last().is_file()) return page;
    mm::folio_unlock(task, *page);
    mm::folio_put(task, *page);
  }
}

// linux v6.12 mm/filemap.c: filemap_read
// differs: takes the page lock, where Linux looks whether the page is up to date.
std::uint64_t sys_pread(thread& task, address_space& mapping, unsigned index) {
  folio* page = filemap_get_locked(task, mapping, index);
  mm::folio_unlock(task, *page);
  task.x().step({.format = "pread(): copy from {}", .args = {mm::arg(*page)}});
  const std::uint64_t value = mm::folio_file_page(*page, index).frame.read();
  mm::folio_put(task, *page);
  return value;
}

// linux v6.12 mm/filemap.c: generic_perform_write; fs/ext4: write_begin and write_end
void sys_pwrite(thread& task, address_space& mapping, unsigned index, std::uint64_t value) {
  folio* page = filemap_get_locked(task, mapping, index);
  task.x().step({.format = "write_begin({}): buffers", .args = {mm::arg(*page)}});
  attach_buffers(task, *page);
  task.x().step({.format = "pwrite(): copy to {}", .args = {mm::arg(*page)}});
  mm::folio_file_page(*page, index).frame.write(value);
  mm::folio_mark_dirty(task, *page);
  mm::folio_unlock(task, *page);
  mm::folio_put(task, *page);
}

}  // namespace mmcheck::fs

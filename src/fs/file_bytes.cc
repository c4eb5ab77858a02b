// SPDX-License-Identifier: Apache-2.0
// Files of bytes, with an end, in folios of one page. linux mm/filemap.c, mm/truncate.c,
// fs/ext4/inode.c
#include <algorithm>
#include <limits>

#include "fs/filemap.h"
#include "mm/folio.h"

namespace mmcheck::fs {

namespace {

using mm::Detail;

unsigned pages_of(std::uint64_t bytes) {
  return static_cast<unsigned>((bytes + kPageSizeBytes - 1) / kPageSizeBytes);
}

/// Where `end` is in the page, or the page's end.
unsigned end_in_page(std::uint64_t end, unsigned index) {
  const std::uint64_t begin = std::uint64_t{index} * kPageSizeBytes;
  return static_cast<unsigned>(std::min(end - begin, kPageSizeBytes));
}

/// Whether there is anything that may be other than zeros.
bool has_page(thread& task, address_space& mapping, unsigned index) {
  task.x().step({.format = "filemap_lock_folio({})?",
                 .args = {machine::arg(std::uint64_t{index})},
                 .detail = Detail::Minor});
  return mapping.i_pages[index].read() != 0 || mapping.blocks[index].read() != 0;
}

/// In the page in which the file ends, what lies from there up to `end` becomes zeros. [i_rwsem]
/// linux v6.12 mm/truncate.c: truncate_inode_partial_folio; fs/ext4/inode.c:
/// ext4_block_truncate_page; v6.13 mm/truncate.c: pagecache_isize_extended
/// differs: v6.12 leaves what user code has stored behind the end where a file grows.
void zero_partial_page(thread& task, address_space& mapping, std::uint64_t size,
                       std::uint64_t end) {
  const auto index = static_cast<unsigned>(size / kPageSizeBytes);
  const auto offset = static_cast<unsigned>(size % kPageSizeBytes);
  if (offset == 0 || !has_page(task, mapping, index)) return;
  folio* page = filemap_get_locked(task, mapping, index);
  task.x().step_when(
      page->writeback.is(false),
      {.format = "folio_wait_writeback({})", .args = {mm::arg(*page)}, .detail = Detail::Minor});
  task.x().step({.format = "folio_zero_range({})", .args = {mm::arg(*page)}});
  const std::uint64_t old = page->frame.read();
  const std::uint64_t zeroed = task.system->page_bytes->zero(old, offset, end_in_page(end, index));
  if (zeroed != old) {
    attach_buffers(task, *page);
    page->frame.write(zeroed);
    mm::folio_mark_dirty(task, *page);
  }
  mm::folio_unlock(task, *page);
  mm::folio_put(task, *page);
}

/// linux v6.12 fs/ext4/inode.c: ext4_truncate
void free_blocks(thread& task, address_space& mapping, unsigned first) {
  task.x().step({.format = "ext4_truncate()"});
  for (unsigned index = first; index < mapping.nr_pages; ++index) {
    if (mapping.blocks[index].read() != 0) mapping.blocks[index].write(0);
  }
}

void i_size_write(thread& task, address_space& mapping, std::uint64_t size) {
  task.x().step({.format = "i_size_write({})", .args = {machine::arg(size)}});
  mapping.i_size.write(size);
}

}  // namespace

std::uint64_t i_size_read(thread& task, address_space& mapping) {
  task.x().step({.format = "i_size_read()", .detail = Detail::Minor});
  return mapping.i_size.read_last();
}

// linux v6.12 mm/filemap.c: filemap_read
// differs: takes the page lock, where Linux looks whether the page is up to date.
FilePage filemap_read(thread& task, address_space& mapping, unsigned index) {
  folio* page = filemap_get_locked(task, mapping, index);
  mm::folio_unlock(task, *page);
  task.x().step({.format = "read(): copy from {}", .args = {mm::arg(*page)}});
  const FilePage result{.word = page->frame.read(), .i_size = mapping.i_size.read_last()};
  mm::folio_put(task, *page);
  return result;
}

// linux v6.12 mm/filemap.c: generic_perform_write; fs/ext4/inode.c: ext4_write_begin,
// ext4_write_end: the size changes before the page is unlocked.
void perform_write(thread& task, address_space& mapping, std::uint64_t pos, std::uint64_t end,
                   FunctionRef<std::uint64_t(std::uint64_t)> change) {
  const std::uint64_t old_size = mapping.i_size.peek();  // Stable: i_rwsem.
  const auto index = static_cast<unsigned>(pos / kPageSizeBytes);
  const bool in_last_page = index == old_size / kPageSizeBytes;
  if (pos > old_size && !in_last_page) zero_partial_page(task, mapping, old_size, pos);
  folio* page = filemap_get_locked(task, mapping, index);
  task.x().step({.format = "write_begin({}): buffers", .args = {mm::arg(*page)}});
  attach_buffers(task, *page);
  task.x().step({.format = "write(): copy to {}", .args = {mm::arg(*page)}});
  std::uint64_t word = page->frame.read();
  if (pos > old_size && in_last_page) {
    word =
        task.system->page_bytes->zero(word, end_in_page(old_size, index), end_in_page(pos, index));
  }
  page->frame.write(change(word));
  mm::folio_mark_dirty(task, *page);
  if (end > old_size) i_size_write(task, mapping, end);
  mm::folio_unlock(task, *page);
  mm::folio_put(task, *page);
}

// linux v6.12 fs/ext4/inode.c: ext4_setattr; mm/truncate.c: truncate_setsize
void truncate_setsize(thread& task, address_space& mapping, std::uint64_t size) {
  const std::uint64_t old_size = mapping.i_size.peek();  // Stable: i_rwsem.
  if (size > old_size) zero_partial_page(task, mapping, old_size, size);
  i_size_write(task, mapping, size);
  if (size >= old_size) return;
  truncate_pagecache(task, mapping, pages_of(size), mapping.nr_pages);
  zero_partial_page(task, mapping, size, std::numeric_limits<std::uint64_t>::max());
  free_blocks(task, mapping, pages_of(size));
}

void evict_inode(thread& task, address_space& mapping) {
  i_size_write(task, mapping, 0);
  truncate_pagecache(task, mapping, 0, mapping.nr_pages);
  free_blocks(task, mapping, 0);
}

}  // namespace mmcheck::fs

// SPDX-License-Identifier: Apache-2.0
// linux mm/page-writeback.c, fs/ext4/inode.c, mm/msync.c, mm/fadvise.c
#include <algorithm>

#include "fs/filemap.h"
#include "mm/folio.h"
#include "mm/mmap.h"
#include "mm/rmap.h"
#include "mm/vmscan.h"

namespace mmcheck::fs {

namespace {

using mm::Detail;

enum class SyncMode : std::uint8_t { None, All };

/// linux v6.12 mm/page-writeback.c: folio_clear_dirty_for_io. The page is locked.
///
/// First no entry may let a store by without a fault, then the flag is cleared: a store that comes
/// later faults and finds the page lock. If some entry was dirty, the flag is set again before it
/// is cleared, so that whoever looks at it meanwhile sees the page dirty.
bool folio_clear_dirty_for_io(thread& task, folio& page) {
  if (mm::folio_mkclean(task, page) != 0) mm::folio_mark_dirty(task, page);
  task.x().step({.format = "clear_page_dirty_for_io({})", .args = {mm::arg(page)}});
  const bool was_dirty = page.dirty.read_last();
  page.dirty.write(false);
  if (was_dirty) page.last_clean = task.x().current_event();
  return was_dirty;
}

/// The device takes its snapshot of the page, at any time between submission and completion.
/// differs: the submitter waits here for the device, so that one thread never has two pages under
/// writeback, nor meets its own; Linux waits later (fsync) or not at all (fadvise).
void submit_and_complete(thread& task, address_space& mapping, folio& page) {
  for (unsigned nr = 0; nr < mm::folio_nr_pages(page); ++nr) {
    folio& part = mm::folio_page(page, nr);
    task.x().step({.format = "device reads {}", .args = {mm::arg(part)}});
    mapping.blocks[page.index + nr].write(part.frame.read());
    mapping.written_at[page.index + nr] = task.x().current_event();
  }
  task.x().step(
      {.format = "folio_end_writeback({})", .args = {mm::arg(page)}, .detail = Detail::Minor});
  page.writeback.write(false);
}

/// What user code has stored behind the end of the file is not written. Part of the current step;
/// the page is locked. linux v6.12 fs/ext4/page-io.c: ext4_bio_write_folio
void zero_tail(thread& task, folio& page) {
  const address_space& mapping = task.system->files[page.mapping.peek().file()];
  if (!mapping.has_size) return;
  const std::uint64_t size = mapping.i_size.read();
  const auto offset = static_cast<unsigned>(size % kPageSizeBytes);
  if (offset == 0 || page.index != size / kPageSizeBytes) return;
  page.frame.write(task.system->page_bytes->zero(page.frame.read(), offset, kPageSizeBytes));
}

/// From a locked page that is or was dirty to one under writeback. Returns whether it is to be
/// submitted. linux v6.12 fs/ext4/inode.c: mpage_prepare_extent_to_map, mpage_submit_folio
bool start_writeback(thread& task, folio& page, SyncMode mode) {
  if (mode == SyncMode::All) {
    task.x().step_when(
        page.writeback.is(false),
        {.format = "folio_wait_writeback({})", .args = {mm::arg(page)}, .detail = Detail::Minor});
  }
  task.x().step(
      {.format = "folio_test_writeback({})", .args = {mm::arg(page)}, .detail = Detail::Minor});
  if (page.writeback.read()) return false;
  if (task.system->file_operations->needs_buffers() && !page.buffers.read()) {
    // ext4 warns and gives the page up: what is in it is not written.
    page.dirty.write(false);
    page.last_clean = task.x().current_event();
    return false;
  }
  if (!folio_clear_dirty_for_io(task, page)) return false;
  task.x().step(
      {.format = "folio_start_writeback({})", .args = {mm::arg(page)}, .detail = Detail::Minor});
  page.writeback.write(true);
  zero_tail(task, page);
  return true;
}

/// Behind the folio that has the page at `index`; Linux goes through the page cache likewise.
unsigned index_behind(const folio* page, unsigned index) {
  return page == nullptr ? index + 1 : page->index + mm::folio_nr_pages(*page);
}

/// Writes the folio at `index`; returns the index to go on with.
/// linux v6.12 mm/page-writeback.c: writeback_iter
/// differs: looks the page up by its dirty flag, where Linux has tags in the page cache.
unsigned writepage(thread& task, address_space& mapping, unsigned index, SyncMode mode) {
  task.x().step({.format = "filemap_get_folios_tag(DIRTY)", .detail = Detail::Minor});
  folio* page = task.system->cached(mapping.i_pages[index].read());
  // A folio may leave the file, not grow: what is behind it now is behind it later.
  const unsigned behind = index_behind(page, index);
  if (page == nullptr || !page->dirty.read()) return behind;
  mm::folio_ref_add(task, *page, 1);
  mm::folio_lock(task, *page);
  // Part of the lock's step: both change under the lock, or only from clean to dirty.
  const bool wanted = page->mapping.read().is_file() && page->dirty.read_last();
  const bool submitted = wanted && start_writeback(task, *page, mode);
  mm::folio_unlock(task, *page);
  if (submitted) submit_and_complete(task, mapping, *page);
  mm::folio_put(task, *page);
  return behind;
}

/// linux v6.12 mm/filemap.c: filemap_fdatawait_range
void wait_on_writeback(thread& task, address_space& mapping, unsigned index) {
  folio* page = find_get(task, mapping, index);
  if (page == nullptr) return;
  task.x().step_when(
      page->writeback.is(false),
      {.format = "folio_wait_writeback({})", .args = {mm::arg(*page)}, .detail = Detail::Minor});
  mm::folio_put(task, *page);
}

/// linux v6.12 mm/truncate.c: mapping_evict_folio
///
/// Any other reference (an entry's, or that of a gather that has not flushed yet) keeps the page,
/// and keeps its buffers: the count is looked at before the buffers are dropped.
void evict_page(thread& task, address_space& mapping, unsigned index) {
  folio* page = find_get(task, mapping, index);
  if (page == nullptr) return;
  if (mm::folio_trylock(task, *page)) {
    task.x().step({.format = "mapping_evict_folio({}): unused?",
                   .args = {mm::arg(*page)},
                   .detail = Detail::Minor});
    const int buffers = page->buffers.read() ? 1 : 0;
    const int holders = static_cast<int>(mm::folio_nr_pages(*page)) + 1 + buffers;
    const bool unused = page->mapping.read().is_file() && !page->dirty.read() &&
                        !page->writeback.read() && page->refcount.read_last() <= holders;
    if (unused && (buffers == 0 || task.system->file_operations->release_folio(task, *page))) {
      mm::remove_mapping(task, *page);
    }
    mm::folio_unlock(task, *page);
  }
  mm::folio_put(task, *page);
}

}  // namespace

void file_write_and_wait_range(thread& task, address_space& mapping, unsigned first, unsigned end) {
  if (mapping.is_shmem) return;  // linux v6.12 mm/shmem.c: noop_fsync
  end = std::min(end, mapping.nr_pages);
  for (unsigned index = first; index < end;) index = writepage(task, mapping, index, SyncMode::All);
  for (unsigned index = first; index < end; ++index) wait_on_writeback(task, mapping, index);
}

// linux v6.12 mm/msync.c. Goes on behind a hole.
bool sys_msync(thread& task, unsigned first_page, unsigned end_page) {
  mm::mm_struct& mm = *task.mm;
  bool all_mapped = true;
  unsigned page = first_page;
  while (page < end_page) {
    mm.mmap_lock.down_read(task, {.format = "msync({}): mmap_read_lock()",
                                  .args = {machine::arg(mm.va_of(page))},
                                  .detail = Detail::Minor});
    const mm::vm_area_struct* vma = mm::find_vma(mm, page);
    all_mapped &= vma != nullptr;
    const bool shared = vma != nullptr && vma->kind == mm::VmaKind::SharedFile;
    address_space* file = shared ? vma->file : nullptr;
    const unsigned end = vma == nullptr ? page + 1 : std::min(end_page, vma->end_page);
    const unsigned first_index = shared ? vma->index_of(page) : 0;
    mm.mmap_lock.up_read(task, {.format = "mmap_read_unlock()", .detail = Detail::Minor});
    if (shared) file_write_and_wait_range(task, *file, first_index, first_index + (end - page));
    page = end;
  }
  return all_mapped;
}

void sys_fadvise_dontneed(thread& task, address_space& mapping, unsigned first, unsigned end) {
  if (mapping.is_shmem) return;  // linux v6.12 mm/fadvise.c: noop_backing_dev_info
  end = std::min(end, mapping.nr_pages);
  for (unsigned index = first; index < end;)
    index = writepage(task, mapping, index, SyncMode::None);
  for (unsigned index = first; index < end; ++index) evict_page(task, mapping, index);
}

}  // namespace mmcheck::fs

// SPDX-License-Identifier: Apache-2.0
// linux mm/truncate.c
#include "fs/filemap.h"
#include "mm/folio.h"
#include "mm/memory.h"

namespace mmcheck::fs {

namespace {

using mm::Detail;

/// linux v6.12 mm/truncate.c: truncate_cleanup_folio; fs/buffer.c: block_invalidate_folio
void truncate_cleanup_folio(thread& task, address_space& mapping, folio& page) {
  task.x().step({.format = "folio_mapped({})?", .args = {mm::arg(page)}});
  if (mm::folio_mapped_last(page)) {
    mm::unmap_mapping_range(task, mapping, page.index, page.index + mm::folio_nr_pages(page),
                            mm::ZapReason::TruncatedFolio);
  }
  task.x().step({.format = "folio_invalidate({})", .args = {mm::arg(page)}});
  if (page.buffers.read()) {
    page.buffers.write(false);
    mm::folio_ref_add(task, page, -1);
  }
  page.dirty.write(false);
  page.last_clean = task.x().current_event();
}

/// linux v6.12 mm/filemap.c: filemap_remove_folio, filemap_unaccount_folio
///
/// Whoever holds a reference does not matter here, a mapping does: what is still mapped would go on
/// to be used, without its file (R-COUNT). It has been unmapped above, so it may only be one whose
/// entry is gone, and whose rmap was left behind:
///
///     CPU0 munmap, rmap at free            CPU1 ftruncate
///     spin_lock(ptl)
///     ptep_get_and_clear
///     spin_unlock(ptl)
///                                          folio_mapped(): yes
///                                          unmap_mapping_folio(): no entry
///                                          filemap_remove_folio(): still mapped
///     tlb_finish_mmu: page_remove_rmap
void filemap_remove_folio(thread& task, address_space& mapping, folio& page) {
  task.x().step({.format = "filemap_remove_folio({})", .args = {mm::arg(page)}});
  task.system->monitor->page_truncated(page);
  const unsigned nr_pages = mm::folio_nr_pages(page);
  for (unsigned nr = 0; nr < nr_pages; ++nr) mapping.i_pages[page.index + nr].write(0);
  page.mapping.write({});
  mm::folio_ref_add(task, page, -static_cast<int>(nr_pages));
}

/// linux v6.12 mm/truncate.c: truncate_inode_pages_range
/// differs: one page after the other, each waited for; Linux first takes those that it can lock.
void truncate_inode_page(thread& task, address_space& mapping, unsigned index) {
  folio* page = find_get(task, mapping, index);
  if (page == nullptr) return;
  mm::folio_lock(task, *page);
  // Part of the lock's step: a page that left the file stays out of it.
  if (page->mapping.read_last().is_file()) {
    task.x().step_when(
        page->writeback.is(false),
        {.format = "folio_wait_writeback({})", .args = {mm::arg(*page)}, .detail = Detail::Minor});
    truncate_cleanup_folio(task, mapping, *page);
    filemap_remove_folio(task, mapping, *page);
  }
  mm::folio_unlock(task, *page);
  mm::folio_put(task, *page);
}

}  // namespace

void truncate_pagecache(thread& task, address_space& mapping, unsigned first, unsigned end) {
  mm::unmap_mapping_range(task, mapping, first, end);
  for (unsigned index = first; index < end; ++index) truncate_inode_page(task, mapping, index);
  mm::unmap_mapping_range(task, mapping, first, end);
}

// differs: no i_size, so nothing may touch the file's pages afterwards; what is on the disk stays.
void sys_ftruncate(thread& task, address_space& mapping, unsigned nr_pages) {
  truncate_pagecache(task, mapping, nr_pages, mapping.nr_pages);
}

}  // namespace mmcheck::fs

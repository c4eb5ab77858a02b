// SPDX-License-Identifier: Apache-2.0
#include "fs/filemap.h"
#include "mm/folio.h"

namespace mmcheck::fs {

namespace {

/// What ext4 and xfs have in common.
class DiskFilesystem : public mm::FileOperations {
 public:
  folio* fault(thread& task, address_space& mapping, unsigned index) const override {
    return filemap_fault(task, mapping, index);
  }

  // linux v6.12 fs/ext4/inode.c: ext4_page_mkwrite; fs/buffer.c: block_page_mkwrite; fs/iomap/
  // buffered-io.c: iomap_page_mkwrite
  // differs: blocks are always allocated, and nothing waits for pages under writeback (no
  // checksums).
  bool page_mkwrite(thread& task, folio& page) const override {
    mm::folio_lock(task, page);
    task.x().step({.format = "page_mkwrite({}): buffers, dirty", .args = {mm::arg(page)}});
    if (!page.mapping.read().is_file()) {
      mm::folio_unlock(task, page);
      return false;
    }
    attach_buffers(task, page);
    page.dirty.write(true);
    return true;
  }

  // linux v6.12 mm/filemap.c: filemap_release_folio; fs/buffer.c: try_to_free_buffers. Neither
  // looks at the map count or the reference count. differs: a buffer is dirty when its page is.
  bool release_folio(thread& task, folio& page) const override {
    task.x().step({.format = "try_to_free_buffers({})", .args = {mm::arg(page)}});
    if (page.writeback.read() || page.dirty.read()) return false;
    if (page.buffers.read()) {
      page.buffers.write(false);
      mm::folio_ref_add(task, page, -1);
    }
    return true;
  }

  folio* find_get(thread& task, address_space& mapping, unsigned index) const override {
    return fs::find_get(task, mapping, index);
  }

 protected:
  ~DiskFilesystem() = default;
};

class Ext4 final : public DiskFilesystem {
 public:
  // linux v6.12 fs/ext4/inode.c: ext4_dirty_folio, whose two warnings are rule R-FS;
  // fs/buffer.c: block_dirty_folio
  void dirty_folio(thread& task, folio& page) const override {
    task.x().step({.format = "set_page_dirty({})", .args = {mm::arg(page)}});
    // linux v6.12 mm/page-writeback.c: folio_mark_dirty: noop_dirty_folio for what has no file.
    if (task.system->truncates && !page.mapping.read().is_file()) {
      page.dirty.write(true);
      return;
    }
    const bool was_dirty = page.dirty.read();
    task.system->monitor->page_dirtied(page, was_dirty);
    if (!was_dirty) page.dirty.write(true);
  }

  bool needs_buffers() const override { return true; }
};

class Xfs final : public DiskFilesystem {
 public:
  // linux v6.12 fs/iomap/buffered-io.c: iomap_dirty_folio, which warns of nothing: what it keeps
  // for a folio (iomap_folio_state, in the model: buffers) it makes as soon as it is needed.
  void dirty_folio(thread& task, folio& page) const override {
    task.x().step({.format = "set_page_dirty({})", .args = {mm::arg(page)}});
    attach_buffers(task, page);
    if (!page.dirty.read()) page.dirty.write(true);
  }

  bool needs_buffers() const override { return false; }
};

constexpr Ext4 kExt4;
constexpr Xfs kXfs;

}  // namespace

const mm::FileOperations& ext4() { return kExt4; }

const mm::FileOperations& xfs() { return kXfs; }

void attach_buffers(thread& task, folio& page) {
  if (page.buffers.read()) return;
  page.buffers.write(true);
  mm::folio_ref_add(task, page, 1);
}

}  // namespace mmcheck::fs

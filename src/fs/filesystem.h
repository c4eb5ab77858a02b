// SPDX-License-Identifier: Apache-2.0
// A filesystem as ext4 is one to the memory manager: a page cache, buffers that a page must have
// before it may become dirty, and writeback. linux mm/filemap.c, fs/ext4/inode.c, fs/buffer.c
#pragma once

#include "base/function_ref.h"
#include "mm/system.h"

namespace mmcheck::fs {

using mm::address_space;
using mm::folio;
using mm::thread;

/// The filesystem's side of the memory manager. ext4 has folios of one page only (v6.12); xfs has
/// large ones, and no buffers.
const mm::FileOperations& ext4();
const mm::FileOperations& xfs();

/// fsync(2) and fdatasync(2): writes the dirty pages of [first, end) and waits for pages that
/// somebody else is writing. linux v6.12 mm/filemap.c: file_write_and_wait_range
void file_write_and_wait_range(thread& task, address_space& mapping, unsigned first, unsigned end);

/// msync(2) with MS_SYNC of the pages [first, end) of the address space. Returns false if some of
/// them are mapped by no VMA: -ENOMEM, when the rest is done.
bool sys_msync(thread& task, unsigned first_page, unsigned end_page);

/// posix_fadvise(2) with POSIX_FADV_DONTNEED. linux v6.12 mm/fadvise.c: generic_fadvise
void sys_fadvise_dontneed(thread& task, address_space& mapping, unsigned first, unsigned end);

/// ftruncate(2) to this many pages.
void sys_ftruncate(thread& task, address_space& mapping, unsigned nr_pages);

/// pread(2) and pwrite(2) of one page.
std::uint64_t sys_pread(thread& task, address_space& mapping, unsigned index);
void sys_pwrite(thread& task, address_space& mapping, unsigned index, std::uint64_t value);

// --- files with an end, and bytes: address_space::has_size ---------------------------------------

/// A step.
std::uint64_t i_size_read(thread& task, address_space& mapping);

/// A page as read(2) copies it, and where the file ended then.
struct FilePage {
  std::uint64_t word = 0;
  std::uint64_t i_size = 0;
};
FilePage filemap_read(thread& task, address_space& mapping, unsigned index);

/// The part in one page of a write(2), from `pos` to `end`; `change` makes the new contents of the
/// old ones.
/// [i_rwsem]
void perform_write(thread& task, address_space& mapping, std::uint64_t pos, std::uint64_t end,
                   FunctionRef<std::uint64_t(std::uint64_t)> change);

/// ftruncate(2). [i_rwsem]
void truncate_setsize(thread& task, address_space& mapping, std::uint64_t size);

/// The file has no name, is not open, and nothing maps it: its pages and blocks are free.
/// linux v6.12 fs/inode.c: evict
void evict_inode(thread& task, address_space& mapping);

}  // namespace mmcheck::fs

// SPDX-License-Identifier: Apache-2.0
// A filesystem as ext4 is one to the memory manager: a page cache, buffers that a page must have
// before it may become dirty, and writeback. linux mm/filemap.c, fs/ext4/inode.c, fs/buffer.c
#pragma once

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

/// msync(2) with MS_SYNC of the pages [first, end) of the address space.
void sys_msync(thread& task, unsigned first_page, unsigned end_page);

/// posix_fadvise(2) with POSIX_FADV_DONTNEED. linux v6.12 mm/fadvise.c: generic_fadvise
void sys_fadvise_dontneed(thread& task, address_space& mapping, unsigned first, unsigned end);

/// ftruncate(2) to this many pages.
void sys_ftruncate(thread& task, address_space& mapping, unsigned nr_pages);

/// pread(2) and pwrite(2) of one page.
std::uint64_t sys_pread(thread& task, address_space& mapping, unsigned index);
void sys_pwrite(thread& task, address_space& mapping, unsigned index, std::uint64_t value);

}  // namespace mmcheck::fs

// SPDX-License-Identifier: Apache-2.0
// System calls that change mappings. linux mm/mmap.c, mm/vma.c, mm/madvise.c
#pragma once

#include "mm/system.h"

namespace mmcheck::mm {

/// The VMA that holds the page, if faults can find it. [mm.mmap_lock]
vm_area_struct* find_vma(mm_struct& mm, unsigned page_nr);

/// Into the tree of its file, if it has one. linux v6.12 mm/vma.c: vma_link_file
void vma_link_file(thread& task, vm_area_struct& vma);

/// munmap(2) of the pages [first, end).
void sys_munmap(thread& task, unsigned first_page, unsigned end_page);

/// mmap(2) with MAP_FIXED over whatever is mapped there. `file` is null for anonymous memory.
void sys_mmap_fixed(thread& task, unsigned first_page, unsigned end_page, VmaKind kind,
                    address_space* file, unsigned pgoff);

/// madvise(2) with MADV_DONTNEED.
void sys_madvise_dontneed(thread& task, unsigned first_page, unsigned end_page);

/// The CPU runs a kernel thread for a while, and then this one again: schedule() into the idle
/// task.
void schedule(thread& task);
/// The same with a thread of a process that the scenario does not name: sched_yield(2).
void yield(thread& task);

/// exit_group(2): the process's other threads stop at their next instruction; the last one frees
/// the address space.
void sys_exit_group(thread& task);

/// A thread is gone (killed, or through exit_group). The last one runs exit_mmap().
void exit_mm(thread& task);

/// linux v6.12 mm/mmap.c: exit_mmap
void exit_mmap(thread& task);

}  // namespace mmcheck::mm

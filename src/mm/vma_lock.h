// SPDX-License-Identifier: Apache-2.0
// Locks of single VMAs, by which a fault does without mmap_lock. linux v6.12 include/linux/mm.h,
// mm/memory.c (CONFIG_PER_VMA_LOCK). Only where System::has_vma_locks.
//
// A writer does not hold the lock of a VMA: he marks the VMA with the sequence number of the
// mmap_lock that he holds, and dropping that lock changes the number, which unmarks all at once.
#pragma once

#include "mm/system.h"

namespace mmcheck::mm {

/// The VMA that holds the page, locked for reading, or null: then mmap_lock is needed.
/// linux v6.12 mm/memory.c: lock_vma_under_rcu
vm_area_struct* lock_vma_under_rcu(thread& task, mm_struct& mm, unsigned page_nr);
void vma_end_read(thread& task, vm_area_struct& vma);

/// Waits for faults under way in the VMA; none comes after until mmap_lock is dropped.
/// [mm.mmap_lock for writing]
void vma_start_write(thread& task, vm_area_struct& vma);
/// Before mmap_lock is dropped or downgraded.
void vma_end_write_all(thread& task, mm_struct& mm);

/// The VMA may have been another one before. Part of the current step.
/// linux v6.12 kernel/fork.c: vma_lock_alloc
void vma_init_lock(const thread& task, vm_area_struct& vma);

/// The VMA comes into the tree that faults look at, or leaves it.
/// [mm.mmap_lock for writing, vma_start_write() done]
void vma_mark_attached(thread& task, vm_area_struct& vma);
/// It ends elsewhere. [the same]
void vma_resize(thread& task, vm_area_struct& vma, unsigned end_page);
void vma_mark_detached(thread& task, vm_area_struct& vma);

}  // namespace mmcheck::mm

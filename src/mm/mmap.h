// SPDX-License-Identifier: Apache-2.0
// System calls that change mappings. linux mm/mmap.c, mm/vma.c, mm/madvise.c
#pragma once

#include "base/function_ref.h"
#include "mm/system.h"

namespace mmcheck::mm {

/// The VMA that holds the page, if faults can find it. [mm.mmap_lock]
vm_area_struct* find_vma(mm_struct& mm, unsigned page_nr);

/// munmap(2) of the pages [first, end).
void sys_munmap(thread& task, unsigned first_page, unsigned end_page);

/// Where mmap(2) puts a mapping: without MAP_FIXED, at the place that was asked for if it is free.
enum class MmapPlace : std::uint8_t { Anywhere, Hint, FixedNoReplace, Fixed };
struct MmapRequest {
  MmapPlace place = MmapPlace::Anywhere;
  unsigned first_page = 0;  ///< unless Anywhere
  unsigned nr_pages = 0;
  VmaKind kind = VmaKind::Anonymous;
  address_space* file = nullptr;
  unsigned pgoff = 0;
  vm_flags_t flags = kVmRead | kVmWrite;
  bool may_write = true;  ///< VM_MAYWRITE
};
/// mmap(2). Returns the first page, or -EEXIST.
std::int64_t sys_mmap(thread& task, const MmapRequest& request);

/// Of the pages [first, end): up to where every VMA is as it is wanted, and whether there was one
/// for each page up to there. Takes mmap_lock.
struct MappedRange {
  unsigned end = 0;
  bool whole = true;
};
MappedRange check_range(thread& task, unsigned first_page, unsigned end_page,
                        FunctionRef<bool(const vm_area_struct&)> wanted);

/// madvise(2) with MADV_DONTFORK and the like: `change` is called for each VMA of the range, up to
/// the first that is not `wanted`. Returns 0, -EINVAL or -ENOMEM.
/// linux v6.12 mm/madvise.c: madvise_update_vma
int sys_madvise_update(thread& task, unsigned first_page, unsigned end_page,
                       FunctionRef<bool(const vm_area_struct&)> wanted,
                       FunctionRef<void(vm_area_struct&)> change);

/// A page as an access of this kind would make it. linux v6.12 mm/gup.c: faultin_page
FaultResult faultin_page(thread& task, unsigned page_nr, machine::AccessKind kind);

/// mlock(2) and munlock(2), without batches: see mm/mlock.h. Up to the first hole; false if there
/// is one. linux v6.12 mm/mlock.c: apply_vma_lock_flags
enum class VmLock : std::uint8_t { None, Now, OnFault };
bool mark_locked(thread& task, unsigned first_page, unsigned end_page, VmLock lock);
/// All that is mapped. linux v6.12 mm/mlock.c: apply_mlockall_flags
void mark_all_locked(thread& task, VmLock lock);

/// Makes the pages present as far as they can be, as a fault would: MAP_POPULATE, mlock(2). Stops
/// at the first that cannot. linux v6.12 mm/gup.c: __mm_populate
FaultResult mm_populate(thread& task, unsigned first_page, unsigned end_page);

/// mmap(2) with MAP_FIXED over whatever is mapped there. `file` is null for anonymous memory.
void sys_mmap_fixed(thread& task, unsigned first_page, unsigned end_page, VmaKind kind,
                    address_space* file, unsigned pgoff, vm_flags_t flags = kVmRead | kVmWrite);

/// mprotect(2). Without `kVmRead` in the flags: PROT_NONE. Returns 0, -ENOMEM or -EACCES.
int sys_mprotect(thread& task, unsigned first_page, unsigned end_page, vm_flags_t flags);

/// Whether mremap() leaves the old mapping there, without any page (MREMAP_DONTUNMAP).
enum class MremapOld : std::uint8_t { Unmap, Keep };
/// mremap(2) with MREMAP_FIXED: the pages [first, end) go to `new_page`, over whatever is there.
void sys_mremap(thread& task, unsigned first_page, unsigned end_page, unsigned new_page,
                MremapOld old);

struct MremapRequest {
  unsigned first_page = 0;
  unsigned old_pages = 0;
  unsigned new_pages = 0;
  bool may_move = false;               ///< MREMAP_MAYMOVE
  std::optional<unsigned> new_page{};  ///< MREMAP_FIXED
  MremapOld old = MremapOld::Unmap;
};
/// mremap(2). Returns the first page of the mapping afterwards, or -EFAULT, -ENOMEM, -EINVAL.
std::int64_t sys_mremap(thread& task, const MremapRequest& request);

/// mincore(2): 1 for each page that is present, or of a file and in the page cache; else 0. Returns
/// 0, or -ENOMEM where something is not mapped.
int sys_mincore(thread& task, unsigned first_page, unsigned end_page, std::span<std::uint8_t> out);

/// madvise(2) with MADV_DONTNEED. Returns 0, -ENOMEM or -EINVAL.
int sys_madvise_dontneed(thread& task, unsigned first_page, unsigned end_page);

/// The same with MADV_FREE: what is in the pages may be lost until it is written again.
void sys_madvise_free(thread& task, unsigned first_page, unsigned end_page);

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

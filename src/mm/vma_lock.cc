// SPDX-License-Identifier: Apache-2.0
#include "mm/vma_lock.h"

#include "mm/mmap.h"

namespace mmcheck::mm {

namespace {

/// Not by vma.mm: who has found the VMA may come to its lock when the VMA is free.
vma_lock& lock_of(mm_struct& mm, vm_area_struct& vma) {
  return mm.vma_locks[static_cast<std::size_t>(&vma - mm.vmas.begin())];
}

bool write_locked(const vma_lock& lock, const mm_struct& mm) {
  return lock.seq.read() == mm.mm_lock_seq.read_last();
}

/// linux v6.12 include/linux/mm.h: vma_start_read
///
/// The first look saves the lock's cache line. The second is needed: between the first and the lock
/// a writer may have come, marked the VMA, and let go of its lock, which he needs no longer:
///
///     CPU0 fault                        CPU1 munmap
///     vm_lock_seq != mm_lock_seq
///                                       mmap_write_lock
///                                       vma_start_write: down_write, mark, up_write
///     down_read_trylock
///     [goes on]                         detaches, clears the entries
///     installs an entry                 [mapped for ever: R-PERM]
bool vma_start_read(thread& task, mm_struct& mm, vm_area_struct& vma) {
  vma_lock& lock = lock_of(mm, vma);
  task.x().step({.format = "vma_start_read()?", .detail = Detail::Minor});
  if (write_locked(lock, mm)) return false;
  task.x().step({.format = "down_read_trylock(vm_lock)"});
  if (!lock.rwsem.down_read_trylock(task)) return false;
  if (task.system->policies->vma_lock.seq_recheck == Step::Dropped) return true;
  task.x().step({.format = "vma_start_read()"});
  if (!write_locked(lock, mm)) return true;
  vma_end_read(task, vma);
  return false;
}

}  // namespace

// differs: a VMA that was detached is not looked for again; the fault takes mmap_lock.
//
// Who has found the VMA may come to lock it when the writer is long gone, and with him the mark:
// that it is detached then remains.
vm_area_struct* lock_vma_under_rcu(thread& task, mm_struct& mm, unsigned page_nr) {
  task.x().step({.format = "lock_vma_under_rcu({})", .args = {machine::arg(mm.va_of(page_nr))}});
  static_cast<void>(mm.mm_mt.read_last());
  vm_area_struct* vma = find_vma(mm, page_nr);
  if (vma == nullptr || !vma_start_read(task, mm, *vma)) return nullptr;
  if (task.system->policies->vma_lock.detached_check == Step::Dropped) return vma;
  task.x().step({.format = "vma->detached?", .detail = Detail::Minor});
  const bool detached = lock_of(mm, *vma).detached.read_last();
  if (!detached && vma->first_page <= page_nr && page_nr < vma->end_page) return vma;
  vma_end_read(task, *vma);
  return nullptr;
}

void vma_end_read(thread& task, vm_area_struct& vma) {
  lock_of(*task.mm, vma).rwsem.up_read(task, {.format = "vma_end_read()", .detail = Detail::Minor});
}

void vma_start_write(thread& task, vm_area_struct& vma) {
  if (!task.system->has_vma_locks) return;
  if (task.system->policies->vma_lock.start_write == Step::Dropped) return;
  vma_lock& lock = lock_of(*vma.mm, vma);
  const std::uint32_t seq = vma.mm->mm_lock_seq.peek();  // Stable: mmap_lock.
  if (lock.seq.peek() == seq) return;
  lock.rwsem.down_write(task, {.format = "vma_start_write()"});
  lock.rwsem.up_write(task, {.format = "vma_start_write() done", .detail = Detail::Minor});
  lock.seq.write(seq);
}

// linux v6.12 include/linux/mmap_lock.h: vma_end_write_all
void vma_end_write_all(thread& task, mm_struct& mm) {
  if (!task.system->has_vma_locks) return;
  task.x().step({.format = "vma_end_write_all()", .detail = Detail::Minor});
  mm.mm_lock_seq.write(mm.mm_lock_seq.read_last() + 1);
}

namespace {

/// The tree is read under RCU: a step of its own, where anybody does.
void change_tree(thread& task, mm_struct& mm, const trace::StepText& text) {
  if (!task.system->has_vma_locks) return;
  task.x().step(text);
  mm.mm_mt.write(mm.mm_mt.read_last() + 1);
}

}  // namespace

// differs: Linux waits for a grace period before the VMA's memory is another VMA.
void vma_init_lock(const thread& task, vm_area_struct& vma) {
  if (!task.system->has_vma_locks || !task.system->recycles) return;
  lock_of(*vma.mm, vma).detached.write(false);
}

// linux v6.12 mm/vma.h: vma_iter_store
void vma_mark_attached(thread& task, vm_area_struct& vma) {
  change_tree(task, *vma.mm, {.format = "vma_iter_store()", .detail = Detail::Minor});
  vma.attached = true;
  vma_init_lock(task, vma);
}

// linux v6.12 mm/vma.h: vma_iter_store, of one that is in the tree
void vma_resize(thread& task, vm_area_struct& vma, unsigned end_page) {
  change_tree(task, *vma.mm, {.format = "vma_iter_store()", .detail = Detail::Minor});
  vma.end_page = end_page;
}

// linux v6.12 include/linux/mm.h: vma_mark_detached; mm/vma.c: vms_gather_munmap_vmas
void vma_mark_detached(thread& task, vm_area_struct& vma) {
  change_tree(task, *vma.mm, {.format = "vma_mark_detached()"});
  vma.attached = false;
  if (task.system->has_vma_locks) lock_of(*vma.mm, vma).detached.write(true);
}

}  // namespace mmcheck::mm

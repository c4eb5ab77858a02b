// SPDX-License-Identifier: Apache-2.0
// Moving a mapping. linux mm/mremap.c; copy_vma: v6.1 mm/mmap.c, v6.12 mm/vma.c
#include <algorithm>
#include <cerrno>

#include "mm/folio.h"
#include "mm/mmap.h"
#include "mm/rmap.h"
#include "mm/vma.h"
#include "mm/vma_lock.h"

namespace mmcheck::mm {

namespace {

using machine::pte_dirty;
using machine::pte_none;
using machine::pte_present;

enum class RmapLocks : std::uint8_t { NotNeeded, Needed };

/// A VMA that the moved range continues, or null: then a walk of the reverse map comes to both as
/// to one. linux v6.12 mm/vma.c: vma_merge_new_range, can_vma_merge_after
/// differs: merges with the one before only, of a file, and not where pages may be anonymous.
vm_area_struct* can_merge_after(thread& task, const vm_area_struct& vma, unsigned pgoff,
                                unsigned new_page) {
  if (vma.kind != VmaKind::SharedFile || new_page == 0) return nullptr;
  vm_area_struct* prev = find_vma(*vma.mm, new_page - 1);
  if (prev == nullptr || prev->kind != vma.kind || prev->file != vma.file) return nullptr;
  if (prev->vm_locked != vma.vm_locked || prev->may_write != vma.may_write) return nullptr;
  if (prev->dont_copy != vma.dont_copy) return nullptr;
  if (prev->index_of(new_page) != pgoff) return nullptr;
  const bool differ = task.system->has_protection && prev->vm_flags.peek() != vma.vm_flags.peek();
  return differ ? nullptr : prev;
}

/// linux v6.12 mm/vma.c: vma_expand, vma_prepare, vma_complete
void vma_expand(thread& task, vm_area_struct& vma, unsigned end_page) {
  vma_start_write(task, vma);
  kernel::rw_semaphore* lock = nullptr;
  if (vma.file != nullptr) {
    lock = &vma.file->i_mmap_rwsem;
    lock->down_write(task, {.format = "i_mmap_lock_write()", .detail = Detail::Minor});
  } else if (vma.anon_ready.peek()) {  // Stable: mmap_lock.
    lock = &vma.anon->root->rwsem;
    lock->down_write(task, {.format = "anon_vma_lock_write()", .detail = Detail::Minor});
  }
  vma_resize(task, vma, end_page);
  if (lock != nullptr) {
    lock->up_write(task, {.format = "vma_expand()", .detail = Detail::Minor});
  }
}

struct copied_vma {
  vm_area_struct& vma;
  RmapLocks locks;  ///< need_rmap_locks
};

/// From where, how much of it, and where to: which may be longer than what is moved.
struct Move {
  unsigned first_page = 0;
  unsigned nr_pages = 0;
  unsigned new_page = 0;
  unsigned new_pages = 0;
};

/// A VMA for the same pages elsewhere. For a while both are in the reverse map.
///
/// A walk that comes to the old place first sees each page at the old place, or at the new one, or
/// at both: page-table locks make it so, entry by entry. One that comes to the new place first may
/// miss both. A new VMA is put behind the old one; one that merges with what lies before may be
/// found first. linux v6.12 mm/vma.c: copy_vma
copied_vma copy_vma(thread& task, vm_area_struct& vma, const Move& move) {
  const auto [first_page, nr_pages, new_page, new_pages] = move;
  mm_struct& mm = *vma.mm;
  const unsigned pgoff = vma.index_of(first_page);
  if (vm_area_struct* prev = can_merge_after(task, vma, pgoff, new_page)) {
    vma_expand(task, *prev, new_page + new_pages);
    const bool before = prev->pgoff <= vma.pgoff;
    return {*prev, before ? RmapLocks::Needed : RmapLocks::NotNeeded};
  }
  vm_area_struct& copy = vm_area_alloc(task, mm);
  copy.kind = vma.kind;
  copy.may_write = vma.may_write;
  copy.dont_copy = vma.dont_copy;
  copy.wipe_on_fork = vma.wipe_on_fork;
  copy.first_page = new_page;
  copy.end_page = new_page + new_pages;
  copy.file = vma.file;
  copy.pgoff = pgoff;
  copy.vm_locked = vma.vm_locked;
  copy.on_fault = vma.on_fault;
  if (task.system->has_protection) copy.vm_flags.write(vma.vm_flags.peek());
  anon_vma_clone(task, copy, vma);
  // Of pages that are there already the index stays; where there are none it may begin anew.
  copy.moved_by = vma.anon_ready.peek() ? vma.moved_by + first_page - new_page : 0;
  vma_link_file(task, copy);
  vma_start_write(task, copy);
  vma_mark_attached(task, copy);
  return {copy, RmapLocks::NotNeeded};
}

/// linux v6.12 mm/mremap.c: take_rmap_locks, drop_rmap_locks
/// differs: of a mapping of a file only: see can_merge_after().
void take_rmap_locks(thread& task, vm_area_struct& vma) {
  vma.file->i_mmap_rwsem.down_write(task, {.format = "take_rmap_locks()"});
}
void drop_rmap_locks(thread& task, vm_area_struct& vma) {
  vma.file->i_mmap_rwsem.up_write(task, {.format = "drop_rmap_locks()", .detail = Detail::Minor});
}

/// What move_ptes() has found.
struct MovedEntries {
  bool present = false;  ///< force_flush
  bool dirty = false;
};

/// [PTL of both]
void move_pte(thread& task, PteSlot& from, PteSlot& to, MovedEntries& moved) {
  task.x().step(
      {.format = "ptep_get({})", .args = {machine::arg(from.va())}, .detail = Detail::Minor});
  if (pte_none(from.ptep_get_last())) return;
  const machine::Arch& arch = task.system->arch();
  const pte_t pte = arch.ptep_get_and_clear(*task.cpu, from);
  moved.present |= pte_present(pte);
  moved.dirty |= pte_present(pte) && pte_dirty(pte);
  arch.set_pte(*task.cpu, to, pte,
               {.format = "set_pte({}) moved", .args = {machine::arg(to.va())}});
}

/// linux v6.12 mm/mremap.c: move_ptes, of one page table at each end
///
/// The TLB is flushed before either lock is dropped. Nobody else knows that the old address still
/// leads to the page: who unmaps or cleans it at the new address flushes that. Both locks keep him
/// waiting: the new one, so that the page is not freed (R-FREE; Horn, CVE-2018-18281), and the old
/// one for who comes to the old place first, finds nothing there, and has not to look elsewhere:
///
///     CPU0 mremap                       CPU1 ftruncate                CPU2 user
///     clear the old entry                                             (TLB: old address)
///     set the new entry
///     drop both PTLs
///                                       clear the new entry
///                                       flush the new address
///                                       free the page
///                                                                     uses the page
///     flush the old address
///
/// The order of the two locks is mmap_lock's business: who holds it for writing is alone.
void move_ptes(thread& task, mm_struct& mm, unsigned first_page, unsigned nr_pages,
               unsigned new_page) {
  const MremapPolicies& policies = task.system->policies->mremap;
  page_table& old_table = mm.table_of(first_page);
  page_table& new_table = mm.table_of(new_page);
  lock_ptl(task, mm, first_page);
  const bool two = &old_table != &new_table;
  if (two) {
    new_table.ptl.lock(task, {.format = "spin_lock(new_ptl)"}, kernel::Nesting::SingleDepth);
  }
  flush_pending_of_others(task, mm, old_table, policies.batched_pending);
  if (two && task.system->policies->generations != nullptr) {
    flush_pending_of_others(task, mm, new_table, policies.batched_pending);
  }
  MovedEntries moved;
  for (unsigned nr = 0; nr < nr_pages; ++nr) {
    PteSlot& from = mm.pte(first_page + nr);
    move_pte(task, from, mm.pte(new_page + nr), moved);
    task.zapped_at[first_page + nr] = from.current();
  }
  const auto flush = [&](bool now) {
    if (!moved.present || !now) return;
    flush_tlb_pages(task, mm, first_page, first_page + nr_pages, machine::FreedTables::Yes);
  };
  const MremapFlush when = policies.flush;
  flush(when == MremapFlush::UnderPtls);
  if (two) new_table.ptl.unlock(task, {.format = "spin_unlock(new_ptl)"});
  flush(when == MremapFlush::DirtyUnderOldPtl && moved.dirty);
  unlock_ptl(task, mm, first_page);
  flush(when == MremapFlush::AfterPtls || (when == MremapFlush::DirtyUnderOldPtl && !moved.dirty));
}

/// linux v6.12 mm/mremap.c: move_page_tables
/// differs: whole tables are not moved (move_normal_pmd), nor huge entries.
void move_page_tables(thread& task, vm_area_struct& vma, unsigned first_page, unsigned nr_pages,
                      unsigned new_page, RmapLocks locks) {
  mm_struct& mm = *vma.mm;
  const bool take =
      locks == RmapLocks::Needed && task.system->policies->mremap.rmap_locks == Step::Kept;
  for (unsigned nr = 0; nr < nr_pages;) {
    const page_table& old_table = mm.table_of(first_page + nr);
    page_table& new_table = mm.table_of(new_page + nr);
    const unsigned extent = std::min({nr_pages - nr, old_table.end_page - (first_page + nr),
                                      new_table.end_page - (new_page + nr)});
    task.x().step({.format = "pmd_none({})?",
                   .args = {machine::arg(mm.va_of(first_page + nr))},
                   .detail = Detail::Minor});
    if (old_table.pmd.read_last()) {
      task.x().step({.format = "pte_alloc()", .detail = Detail::Minor});
      if (!new_table.pmd.read()) new_table.pmd.write(true);
      if (take) take_rmap_locks(task, vma);
      move_ptes(task, mm, first_page + nr, extent, new_page + nr);
      if (take) drop_rmap_locks(task, vma);
    }
    nr += extent;
  }
}

/// linux v6.12 mm/mmap.c: do_munmap, with mmap_lock held for writing throughout
void do_munmap(thread& task, mm_struct& mm, unsigned first_page, unsigned end_page) {
  const VmaList detached = detach_vmas(task, mm, first_page, end_page);
  if (!detached.empty()) unmap_region(task, mm, detached, ZapReason::Unmap);
}

/// linux v6.12 mm/mremap.c: move_vma
/// differs: the anon_vma of an old mapping that is kept is the new one's, too, when it needs one.
void move_vma(thread& task, vm_area_struct& vma, const Move& move, MremapOld old) {
  const auto [first_page, nr_pages, new_page, new_pages] = move;
  vma_start_write(task, vma);
  const copied_vma copied = copy_vma(task, vma, move);
  move_page_tables(task, vma, first_page, nr_pages, new_page, copied.locks);
  if (old == MremapOld::Unmap) {
    do_munmap(task, *vma.mm, first_page, first_page + nr_pages);
    return;
  }
  vma.vm_locked = vma.on_fault = false;  // All of it, whatever was moved.
  if (vma.first_page == first_page && vma.end_page == first_page + nr_pages) {
    unlink_anon_vmas(task, vma);
  }
}

}  // namespace

// linux v6.12 mm/mremap.c: mremap_to, with MREMAP_FIXED
// differs: the length stays. Where nothing is mapped, or not by one VMA, nothing is done (-EFAULT).
void sys_mremap(thread& task, unsigned first_page, unsigned end_page, unsigned new_page,
                MremapOld old) {
  mm_struct& mm = *task.mm;
  const unsigned nr_pages = end_page - first_page;
  const trace::Arg va = machine::arg(mm.va_of(first_page));
  const trace::Arg new_va = machine::arg(mm.va_of(new_page));
  mm.mmap_lock.down_write(task, {.format = "mremap({}): mmap_write_lock()", .args = {va}});
  do_munmap(task, mm, new_page, new_page + nr_pages);
  vm_area_struct* vma = find_vma(mm, first_page);
  const bool moves = vma != nullptr && end_page <= vma->end_page;
  if (moves) move_vma(task, *vma, {first_page, nr_pages, new_page, nr_pages}, old);
  vma_end_write_all(task, mm);
  mm.mmap_lock.up_write(task, {.format = "mmap_write_unlock()", .detail = Detail::Minor});
  task.x().step({.format = "mremap({}, {}) returns", .args = {va, new_va}});
  if (moves) task.system->monitor->unmap_returned(task, first_page, end_page);
  task.system->monitor->unmap_returned(task, new_page, new_page + nr_pages);
  forget_zapped(task);
}

namespace {

/// Whether the kernel may have one VMA where there are two here, that meet at the page. [mmap_lock]
bool may_be_merged(thread& task, mm_struct& mm, unsigned page) {
  const vm_area_struct* before = page == 0 ? nullptr : find_vma(mm, page - 1);
  const vm_area_struct* after = find_vma(mm, page);
  if (before == nullptr || after == nullptr || before == after) return false;
  if (before->kind != after->kind || before->vm_locked != after->vm_locked) return false;
  if (before->dont_copy != after->dont_copy || before->wipe_on_fork != after->wipe_on_fork) {
    return false;
  }
  if (before->file != nullptr &&
      (before->file != after->file || before->index_of(page) != after->pgoff)) {
    return false;
  }
  return !task.system->has_protection || before->vm_flags.peek() == after->vm_flags.peek();
}

/// linux v6.12 mm/mremap.c: vma_to_resize; vma_expandable [mmap_lock]
bool can_expand(mm_struct& mm, const vm_area_struct& vma, const MremapRequest& request) {
  const unsigned end = request.first_page + request.old_pages;
  const unsigned new_end = request.first_page + request.new_pages;
  if (vma.end_page != end || new_end > mm.ptes.size()) return false;
  return std::none_of(mm.vmas.begin(), mm.vmas.end(), [&](const vm_area_struct& other) {
    return other.attached && other.first_page < new_end && end < other.end_page;
  });
}

/// What mremap() does under mmap_lock. Returns the first page, or an error.
std::int64_t do_mremap(thread& task, const MremapRequest& request) {
  mm_struct& mm = *task.mm;
  const unsigned first = request.first_page;
  const bool moves = request.new_page.has_value() || request.old == MremapOld::Keep;
  if (find_vma(mm, first) == nullptr) return -EFAULT;
  if (request.new_page)
    do_munmap(task, mm, *request.new_page, *request.new_page + request.new_pages);
  const unsigned nr_pages = std::min(request.old_pages, request.new_pages);
  if (nr_pages < request.old_pages)
    do_munmap(task, mm, first + nr_pages, first + request.old_pages);
  if (!moves && request.old_pages >= request.new_pages) return first;
  vm_area_struct* vma = find_vma(mm, first);
  if (vma == nullptr) return -EFAULT;
  if (first + nr_pages > vma->end_page) {
    if (!may_be_merged(task, mm, vma->end_page)) return -EFAULT;
    throw InputError("mremap(): of two mappings side by side, which the kernel may have merged");
  }
  if (!moves && can_expand(mm, *vma, request)) {
    vma_expand(task, *vma, first + request.new_pages);
    return first;
  }
  if (!moves && !request.may_move) return -ENOMEM;
  const unsigned new_page =
      request.new_page ? *request.new_page : vm_unmapped_area(task, request.new_pages);
  move_vma(task, *vma, {first, nr_pages, new_page, request.new_pages}, request.old);
  return new_page;
}

}  // namespace

// linux v6.12 mm/mremap.c: mremap
// differs: VMAs are not merged; where that could be told it is refused.
std::int64_t sys_mremap(thread& task, const MremapRequest& request) {
  mm_struct& mm = *task.mm;
  const trace::Arg va = machine::arg(mm.va_of(request.first_page));
  mm.mmap_lock.down_write(task, {.format = "mremap({}): mmap_write_lock()", .args = {va}});
  const std::int64_t result = do_mremap(task, request);
  vma_end_write_all(task, mm);
  mm.mmap_lock.up_write(task, {.format = "mmap_write_unlock()", .detail = Detail::Minor});
  task.x().step({.format = "mremap({}) returns", .args = {va}});
  if (result >= 0) {
    task.system->monitor->unmap_returned(task, request.first_page,
                                         request.first_page + request.old_pages);
    if (request.new_page) {
      task.system->monitor->unmap_returned(task, *request.new_page,
                                           *request.new_page + request.new_pages);
    }
  }
  forget_zapped(task);
  return result;
}

}  // namespace mmcheck::mm

// SPDX-License-Identifier: Apache-2.0
#include "mm/mlock.h"

#include "mm/folio.h"
#include "mm/memory.h"
#include "mm/mmap.h"
#include "mm/rmap.h"
#include "mm/swap.h"
#include "mm/vma.h"

namespace mmcheck::mm {

namespace {

folio_batch& mlock_batch(thread& task) {
  return task.system->mlock_batches[to_index(task.cpu->id())];
}

folio_batch& lru_add(thread& task) {
  return task.system->lru_add_batches[to_index(task.cpu->id())];
}

/// linux v6.1 mm/mlock.c: __mlock_page; v6.12 __mlock_folio
void mlock_folio_locked(thread& task, folio& page) {
  task.x().step({.format = "folio_test_clear_lru({})", .args = {arg(page)}});
  if (!page.lru.read()) return;  // Whoever has taken it off will see that it is mlocked.
  page.lru.write(false);
  task.x().step({.format = "__mlock_folio({})", .args = {arg(page)}});
  const bool mlocked = page.mlocked.read();
  if (mlocked && page.unevictable.read()) {
    page.mlock_count.write(page.mlock_count.read() + 1);
  } else {
    page.unevictable.write(mlocked);
    page.mlock_count.write(mlocked ? 1 : 0);
  }
  page.lru.write(true);
}

/// linux v6.1 mm/mlock.c: __mlock_new_page; v6.12 __mlock_new_folio
void mlock_new_folio_locked(thread& task, folio& page) {
  task.x().step({.format = "__mlock_new_folio({})", .args = {arg(page)}});
  const bool mlocked = page.mlocked.read();
  page.unevictable.write(mlocked);
  page.mlock_count.write(mlocked ? 1 : 0);
  page.lru.write(true);
}

/// linux v6.1 mm/mlock.c: __munlock_page; v6.12 __munlock_folio
void munlock_folio_locked(thread& task, folio& page) {
  task.x().step({.format = "folio_test_clear_lru({})", .args = {arg(page)}});
  const bool isolated = page.lru.read();
  if (isolated) page.lru.write(false);
  task.x().step({.format = "__munlock_folio({})", .args = {arg(page)}});
  const int others = isolated && page.unevictable.read() ? page.mlock_count.read() - 1 : 0;
  if (others > 0) {
    page.mlock_count.write(others);
  } else {
    page.mlocked.write(false);
    if (isolated) page.unevictable.write(false);
  }
  if (isolated) page.lru.write(true);
}

/// linux v6.12 mm/mlock.c: mlock_folio_batch
void mlock_folio_batch(thread& task) {
  const auto batch = mlock_batch(task).pages();
  static_vector<folio*, folio_batch::kMax> folios;
  for (const encoded_page encoded : batch) {
    folio& page = *encoded_page_ptr(encoded);
    folios.push_back(&page);  // Their flags mean nothing to release_pages(), or something else.
    page_flags_t flags = encoded_page_flags(encoded);
    if (task.system->policies->mlock_flags == MlockFlags::AsBool) {
      flags = flags.any() ? page_flags_t{1} : page_flags_t{};
    }
    if (flags.test(kLruFolio)) {
      mlock_folio_locked(task, page);
    } else if (flags.test(kNewFolio)) {
      mlock_new_folio_locked(task, page);
    } else {
      munlock_folio_locked(task, page);
    }
    task.system->monitor->batched_page_used(page);
  }
  release_pages(task, std::span<folio* const>(folios.data(), folios.size()));
  mlock_batch(task).clear();
}

/// Part of the current step, but for dealing with a batch that is full then.
void mlock_batch_add(thread& task, folio& page, page_flags_t flags) {
  const bool holds = task.system->policies->mlock_batch_ref == MlockBatchRef::Taken;
  if (holds) folio_ref_add(task, page, 1);
  mlock_batch(task).add(page, flags);
  if (mlock_batch(task).full()) mlock_folio_batch(task);
}

/// linux v6.12 mm/mlock.c: mlock_folio
void mlock_folio(thread& task, folio& page) {
  task.x().step({.format = "mlock_folio({})", .args = {arg(page)}});
  page.mlocked.write(true);
  mlock_batch_add(task, page, kLruFolio);
}

/// linux v6.12 mm/mlock.c: mlock_new_folio
void mlock_new_folio(thread& task, folio& page) {
  task.x().step({.format = "mlock_new_folio({})", .args = {arg(page)}});
  page.mlocked.write(true);
  mlock_batch_add(task, page, kNewFolio);
}

/// linux v6.12 mm/mlock.c: munlock_folio. The flag is left to the batch, which knows whether the
/// page is mlocked more than once.
void munlock_folio(thread& task, folio& page) {
  task.x().step({.format = "munlock_folio({})", .args = {arg(page)}});
  mlock_batch_add(task, page, {});
}

/// linux v6.12 mm/swap.c: lru_add_fn, folio_batch_move_lru
void lru_add_batch(thread& task) {
  const auto batch = lru_add(task).pages();
  for (const encoded_page encoded : batch) {
    folio& page = *encoded_page_ptr(encoded);
    task.x().step({.format = "lru_add_fn({})", .args = {arg(page)}});
    page.unevictable.write(page.mlocked.read());
    page.lru.write(true);
  }
  release_pages(task, batch);
  lru_add(task).clear();
}

bool vm_locked_at(const mm_struct& mm, unsigned page_nr) {
  for (const vm_area_struct& vma : mm.vmas) {
    if (vma.first_page <= page_nr && page_nr < vma.end_page && vma.vm_locked) return true;
  }
  return false;
}

}  // namespace

// linux v6.12 mm/swap.c: folio_add_lru
void folio_add_lru(thread& task, folio& page) {
  if (!task.system->mlocks) return;
  task.x().step({.format = "folio_add_lru({})", .args = {arg(page)}, .detail = Detail::Minor});
  folio_ref_add(task, page, 1);
  lru_add(task).add(page, {});
  if (lru_add(task).full()) lru_add_batch(task);
}

// linux v6.12 mm/swap.c: folio_add_lru_vma
void folio_add_lru_vma(thread& task, folio& page, const vm_area_struct& vma) {
  if (!task.system->mlocks) return;
  if (vma.vm_locked) {
    mlock_new_folio(task, page);
  } else {
    folio_add_lru(task, page);
  }
}

// linux v6.12 mm/internal.h: mlock_vma_folio
void mlock_vma_folio(thread& task, mm_struct& mm, unsigned page_nr, folio& page) {
  if (task.system->mlocks && vm_locked_at(mm, page_nr)) mlock_folio(task, page);
}

// linux v6.12 mm/internal.h: munlock_vma_folio
void munlock_vma_folio(thread& task, mm_struct& mm, unsigned page_nr, folio& page) {
  if (task.system->mlocks && vm_locked_at(mm, page_nr)) munlock_folio(task, page);
}

// linux v6.12 mm/swap.c: lru_add_drain; mm/mlock.c: mlock_drain_local
void lru_add_drain(thread& task) {
  if (!task.system->mlocks) return;
  lru_add_batch(task);
  mlock_folio_batch(task);
}

namespace {

/// linux v6.12 mm/mlock.c: mlock_pte_range
void mlock_pte_range(thread& task, vm_area_struct& vma) {
  for (unsigned page_nr = vma.first_page; page_nr < vma.end_page; ++page_nr) {
    lock_ptl(task, *vma.mm, page_nr);
    task.x().step({.format = "ptep_get({})",
                   .args = {machine::arg(vma.mm->va_of(page_nr))},
                   .detail = Detail::Minor});
    const pte_t pte = vma.mm->pte(page_nr).walk_last();
    if (pte_present(pte)) {
      folio& page = task.system->page(pte_pfn(pte));
      if (vma.vm_locked) {
        mlock_folio(task, page);
      } else {
        munlock_folio(task, page);
      }
    }
    unlock_ptl(task, *vma.mm, page_nr);
  }
}

/// linux v6.12 mm/mlock.c: apply_vma_lock_flags, mlock_fixup, mlock_vma_pages_range
/// differs: VMAs are not split, and no walk meets one on the way (VM_IO).
void apply_vma_lock_flags(thread& task, unsigned first_page, unsigned end_page, bool lock) {
  mm_struct& mm = *task.mm;
  mm.mmap_lock.down_write(
      task, {.format = lock ? "mlock(): mmap_write_lock()" : "munlock(): mmap_write_lock()"});
  for (vm_area_struct& vma : mm.vmas) {
    if (!vma.attached || vma.end_page <= first_page || end_page <= vma.first_page) continue;
    if (vma.vm_locked == lock) continue;
    vma.vm_locked = lock;
    lru_add_drain(task);
    mlock_pte_range(task, vma);
    lru_add_drain(task);
  }
  mm.mmap_lock.up_write(task, {.format = "mmap_write_unlock()", .detail = Detail::Minor});
}

/// linux v6.12 mm/gup.c: populate_vma_page_range, of one page: as a store, where that makes a copy
FaultResult populate_page(thread& task, unsigned page_nr) {
  mm_struct& mm = *task.mm;
  mm.mmap_lock.down_read(task, {.format = "mm_populate(): mmap_read_lock()"});
  const vm_area_struct* vma = find_vma(mm, page_nr);
  // Part of the lock's step.
  const pte_t pte = mm.pte(page_nr).walk_last();
  const vm_flags_t flags = vma == nullptr ? vm_flags_t{} : vm_flags_of(task, *vma);
  const bool store = vma != nullptr && vma->kind != VmaKind::SharedFile && (flags & kVmWrite) != 0;
  mm.mmap_lock.up_read(task, {.format = "mmap_read_unlock()", .detail = Detail::Minor});
  // Whoever may not read it is not helped by its being there.
  if (vma != nullptr && flags == 0) return FaultResult::Sigsegv;
  // What may be stored to is as after a store: copied, and dirty.
  const bool stored = pte_write(pte) && pte_dirty(pte);
  if (vma == nullptr || (pte_present(pte) && (!store || stored))) return FaultResult::Done;
  return handle_mm_fault(task, mm.va_of(page_nr),
                         store ? machine::AccessKind::Store : machine::AccessKind::Load);
}

}  // namespace

// differs: mmap_lock is dropped between pages.
FaultResult mm_populate(thread& task, unsigned first_page, unsigned end_page) {
  for (unsigned page_nr = first_page; page_nr < end_page; ++page_nr) {
    const FaultResult result = populate_page(task, page_nr);
    if (result != FaultResult::Done) return result;
  }
  return FaultResult::Done;
}

// linux v6.12 mm/mlock.c: do_mlock; mm/gup.c: __mm_populate
void sys_mlock(thread& task, unsigned first_page, unsigned end_page) {
  apply_vma_lock_flags(task, first_page, end_page, true);
  mm_populate(task, first_page, end_page);
}

// linux v6.12 mm/mlock.c: munlock
void sys_munlock(thread& task, unsigned first_page, unsigned end_page) {
  apply_vma_lock_flags(task, first_page, end_page, false);
}

}  // namespace mmcheck::mm

// SPDX-License-Identifier: Apache-2.0
#include "mm/fork.h"

#include <algorithm>

#include "mm/folio.h"
#include "mm/mmap.h"
#include "mm/rmap.h"
#include "mm/vma.h"
#include "mm/vma_lock.h"

namespace mmcheck::mm {

namespace {

using machine::mk_pte;
using machine::pte_mkdirty;
using machine::pte_mkold;
using machine::pte_mkprotnone;
using machine::pte_mkwrite;
using machine::pte_present;
using machine::pte_write;
using machine::pte_wrprotect;

/// What copy_present_ptes() knows of one entry. [both PTLs]
struct CopiedEntry {
  vm_area_struct& dst;
  mm_struct& parent;
  unsigned page_nr;
  pte_t pte;

  PteSlot& src_slot() const { return parent.pte(page_nr); }
  PteSlot& dst_slot() const { return dst.mm->pte(page_nr); }
};

void set_pte(thread& task, const CopiedEntry& entry, pte_t pte) {
  PteSlot& slot = entry.dst_slot();
  task.system->arch().set_pte(*task.cpu, slot, pte,
                              {.format = "set_pte({})", .args = {machine::arg(slot.va())}});
}

/// linux v6.12 include/linux/rmap.h: folio_try_dup_anon_rmap_pte; include/linux/mm.h:
/// folio_needs_cow_for_dma (v6.1: page_try_dup_anon_rmap, page_needs_cow_for_dma)
///
/// Returns false if the page may be pinned: then the child gets a copy, as the page must stay with
/// who has pinned it. Only a page that is exclusive can be pinned.
/// differs: one step; MMF_HAS_PINNED is not looked at before the count.
bool folio_try_dup_anon_rmap(thread& task, folio& page) {
  const ForkPolicies& fork = task.system->policies->fork;
  task.x().step({.format = "folio_try_dup_anon_rmap({})", .args = {arg(page)}});
  const bool pins = task.system->has_pins && fork.pin_check == Step::Kept;
  const bool maybe_pinned = pins && page.refcount.read() >= folio::kPinBias;
  if (maybe_pinned && page.anon_exclusive.peek()) return false;  // Stable: PTL.
  if (fork.clear_exclusive == Step::Kept) page.anon_exclusive.write(false);
  page.mapcount.write(page.mapcount.read_last() + 1);
  return true;
}

/// linux v6.12 mm/memory.c: copy_present_page
/// differs: Linux drops the locks to allocate the copy, and then looks at the entry anew.
void copy_present_page(thread& task, const CopiedEntry& entry, folio& page) {
  folio& copy = folio_alloc(task);
  task.x().step({.format = "copy_user_highpage({})", .args = {arg(page)}});
  copy.frame.write(page.frame.read());
  task.system->monitor->page_copied(page, copy);
  page_add_new_anon_rmap(task, copy, entry.dst, entry.page_nr);
  const vm_flags_t flags = vm_flags_of(task, entry.dst);
  const pte_t pte = pte_mkdirty(mk_pte(copy.frame.pfn(), 0));
  if ((flags & kVmRead) == 0) {
    set_pte(task, entry, pte_mkprotnone(pte));
  } else {
    set_pte(task, entry, (flags & kVmWrite) != 0 ? pte_mkwrite(pte) : pte);
  }
}

/// linux v6.12 mm/memory.c: copy_present_ptes, of one small folio
void copy_present_pte(thread& task, const CopiedEntry& entry) {
  folio& page = task.system->page(machine::pte_pfn(entry.pte));
  folio_ref_add(task, page, 1);
  if (!page.mapping.peek().is_anon()) {  // Stable: the entry holds it.
    page_add_file_rmap(task, page);
  } else if (!folio_try_dup_anon_rmap(task, page)) {
    folio_ref_add(task, page, -1);
    copy_present_page(task, entry, page);
    return;
  }
  if (pte_write(entry.pte)) {
    task.system->arch().ptep_set_wrprotect(*task.cpu, entry.src_slot());
    task.zapped_at[entry.page_nr] = entry.src_slot().current();
  }
  set_pte(task, entry, pte_mkold(pte_wrprotect(entry.pte)));
}

/// linux v6.12 mm/memory.c: copy_pte_range, of one page table. Both PTLs: through the anon_vma
/// walks of the reverse map find the child's entries as soon as they are there.
/// differs: no entries of swap and migration, which no scenario has beside fork().
void copy_pte_range(thread& task, vm_area_struct& dst, mm_struct& parent, unsigned first_page,
                    unsigned end_page) {
  task.x().step({.format = "pte_alloc()", .detail = Detail::Minor});
  dst.mm->table_of(first_page).pmd.write(true);
  lock_ptl(task, *dst.mm, first_page);
  lock_ptl(task, parent, first_page, kernel::Nesting::SingleDepth);
  for (unsigned page_nr = first_page; page_nr < end_page; ++page_nr) {
    task.x().step(
        {.format = "copy_present_ptes({})", .args = {machine::arg(parent.va_of(page_nr))}});
    const pte_t pte = parent.pte(page_nr).ptep_get();
    if (pte_present(pte)) copy_present_pte(task, {dst, parent, page_nr, pte});
  }
  unlock_ptl(task, parent, first_page);
  unlock_ptl(task, *dst.mm, first_page);
}

/// linux v6.12 include/linux/seqlock.h: raw_write_seqcount_begin, raw_write_seqcount_end
void write_protect_seqcount(thread& task, mm_struct& parent, std::string_view format) {
  if (!task.system->has_pins) return;
  task.x().step({.format = format});
  parent.write_protect_seq.write(parent.write_protect_seq.read_last() + 1);
}

/// linux v6.12 mm/memory.c: copy_page_range
/// Pages of files are left to faults, which find them again.
void copy_page_range(thread& task, vm_area_struct& dst, const vm_area_struct& src) {
  if (!src.anon_ready.peek()) return;  // vma_needs_copy(). Stable: mmap_lock.
  mm_struct& parent = *src.mm;
  write_protect_seqcount(task, parent, "raw_write_seqcount_begin(write_protect_seq)");
  for (unsigned page_nr = src.first_page; page_nr < src.end_page;) {
    const page_table& table = parent.table_of(page_nr);
    const unsigned end = std::min(table.end_page, src.end_page);
    task.x().step({.format = "pmd_none({})?",
                   .args = {machine::arg(parent.va_of(page_nr))},
                   .detail = Detail::Minor});
    if (table.pmd.read_last()) copy_pte_range(task, dst, parent, page_nr, end);
    page_nr = end;
  }
  write_protect_seqcount(task, parent, "raw_write_seqcount_end(write_protect_seq)");
}

/// linux v6.12 kernel/fork.c: vm_area_dup, and dup_mmap for one VMA
/// The child's VMA is in the trees of files and anon_vmas before an entry is copied, so that who
/// looks for all mappings of a page finds the entry of the one or the other.
void dup_vma(thread& task, vm_area_struct& dst, const vm_area_struct& src, mm_struct& child) {
  dst.mm = &child;
  dst.kind = src.kind;
  dst.first_page = src.first_page;
  dst.end_page = src.end_page;
  dst.file = src.file;
  dst.pgoff = src.pgoff;
  dst.moved_by = src.moved_by;
  dst.may_write = src.may_write;
  dst.wipe_on_fork = src.wipe_on_fork;
  if (task.system->has_protection) dst.vm_flags.write(src.vm_flags.peek());  // Stable: mmap_lock.
  const bool anon_vma = task.system->policies->fork.anon_vma_fork == Step::Kept;
  if (anon_vma && !src.wipe_on_fork) anon_vma_fork(task, dst, src);
  vma_init_lock(task, dst);
  dst.attached = true;
  vma_link_file(task, dst);
  if (!src.wipe_on_fork) copy_page_range(task, dst, src);
}

}  // namespace

// The parent's mmap_lock is held until its TLBs have forgotten that pages are writable. Who stores
// through such an entry stores to a page that is the child's too (R-COW); and a fault that comes
// before that is over loses what others store meanwhile. The VMAs' own locks keep out faults that
// do without mmap_lock (fixed in v6.5: they had not been taken):
//
//     CPU0 fork                    CPU1 write fault            CPU2 user
//     write-protect the entry                                  (TLB: W, D)
//                                  copy the page
//                                                              store: to the old page
//                                  clear, flush, new entry     [the store is lost]
//     flush
//
// differs: the child's mmap_lock is not taken, as nobody else knows the child. v6.1 links the file
// before the VMA is in the child's tree, which nobody can tell either.
void dup_mmap(thread& task, mm_struct& child, mm_struct& parent) {
  const ForkPolicies& fork = task.system->policies->fork;
  parent.mmap_lock.down_write(task, {.format = "dup_mmap(): mmap_write_lock()"});
  for (unsigned i = 0; i < parent.vmas.size(); ++i) {
    vm_area_struct& vma = parent.vmas[i];
    if (!vma.attached) continue;
    if (fork.vma_start_write == Step::Kept) vma_start_write(task, vma);
    if (!vma.dont_copy) dup_vma(task, child.vmas[i], vma, child);
  }
  const auto flush = [&] {
    flush_tlb_pages(task, parent, 0, static_cast<unsigned>(parent.ptes.size()));
  };
  if (fork.flush == ForkFlush::BeforeUnlock) flush();
  vma_end_write_all(task, parent);
  parent.mmap_lock.up_write(task, {.format = "mmap_write_unlock()", .detail = Detail::Minor});
  if (fork.flush == ForkFlush::AfterUnlock) flush();
}

// linux v6.12 kernel/fork.c: kernel_clone, copy_process, wake_up_new_task
void sys_fork(thread& task, mm_struct& child) {
  dup_mmap(task, child, *task.mm);
  task.x().step({.format = "wake_up_new_task()"});
  child.birth.write(Birth::Born);
  *child.born_at = task.x().current_event();
  task.system->monitor->fork_returned(task);
  forget_zapped(task);
}

// The CPU has run something else until now, so that its TLB is empty.
bool ret_from_fork(thread& task) {
  mm_struct& mm = *task.mm;
  task.x().step_when(mm.birth.is_not(Birth::Awaited), {.format = "ret_from_fork()"});
  if (mm.birth.read() == Birth::Never) return false;
  for (PteSlot& slot : mm.ptes) slot.tlb_invalidate(task.cpu->id());
  return true;
}

void never_forks(thread& task, mm_struct& child) {
  if (child.birth.peek() != Birth::Awaited) return;  // Only this thread changes it.
  task.x().step({.format = "ends without fork()", .detail = Detail::Minor});
  child.birth.write(Birth::Never);
}

bool descends(const mm_struct& from, const mm_struct& mm, const mm_struct** heir) {
  for (const mm_struct* at = &mm; at != nullptr; at = at->parent) {
    if (at->parent == &from) *heir = at;
    if (at == &from) return true;
  }
  return false;
}

}  // namespace mmcheck::mm

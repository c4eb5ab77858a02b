// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "mm/folio.h"
#include "mm/huge_memory.h"
#include "mm/memory.h"
#include "mm/migrate.h"
#include "mm/mlock.h"
#include "mm/mmap.h"
#include "mm/rmap.h"
#include "mm/swapfile.h"
#include "mm/tlb_gen.h"
#include "mm/vma.h"
#include "mm/vma_lock.h"

namespace mmcheck::mm {

namespace {

using machine::AccessKind;
using machine::is_swap_pte;
using machine::mk_pte;
using machine::pte_dirty;
using machine::pte_mkdirty;
using machine::pte_mkwrite;
using machine::pte_mkyoung;
using machine::pte_none;
using machine::pte_write;

/// A fault under way. linux v6.12 include/linux/mm.h: vm_fault
struct vm_fault {
  vm_area_struct& vma;
  unsigned page_nr;
  AccessKind kind;
  pte_t orig;
  vm_flags_t flags = 0;  ///< of the VMA
  bool unshare = false;
  bool sigbus = false;

  PteSlot& slot() const { return vma.mm->pte(page_nr); }
  /// The page to map, of a folio of the VMA's file.
  folio& page_of(folio& whole) const { return folio_file_page(whole, vma.index_of(page_nr)); }
};

/// linux v6.12 mm/memory.c: pte_alloc, pmd_install
/// differs: faults on files do it first; Linux in finish_fault().
void pte_alloc(thread& task, vm_fault& vmf) {
  auto& pmd = vmf.vma.mm->table_of(vmf.page_nr).pmd;
  task.x().step({.format = "pte_alloc()", .detail = Detail::Minor});
  if (!pmd.read()) pmd.write(true);
}

/// Takes the PTL and sees whether the entry is still what the fault found. Keeps the PTL if so.
bool lock_and_recheck(thread& task, const vm_fault& vmf) {
  lock_ptl(task, *vmf.vma.mm, vmf.page_nr);
  task.x().step({.format = "pte_same({})?",
                 .args = {machine::arg(vmf.slot().va())},
                 .detail = Detail::Minor});
  if (vmf.slot().ptep_get_last() == vmf.orig) {
    const Generations* generations = task.system->policies->generations;
    if (generations != nullptr && generations->fault == GenerationCheck::Yes) {
      flush_deferred(task, *vmf.vma.mm, vmf.vma.mm->table_of(vmf.page_nr));
    }
    return true;
  }
  unlock_ptl(task, *vmf.vma.mm, vmf.page_nr);
  return false;
}

/// [PTL]
void set_pte(thread& task, const vm_fault& vmf, pte_t pte) {
  task.system->arch().set_pte(*task.cpu, vmf.slot(), pte,
                              {.format = "set_pte({})", .args = {machine::arg(vmf.slot().va())}});
}

/// Makes an entry more permissive. [PTL]
/// linux v6.12 mm/pgtable-generic.c: ptep_set_access_flags; arch/arm64/mm/fault.c
void ptep_set_access_flags(thread& task, const vm_fault& vmf, pte_t pte) {
  set_pte(task, vmf, pte);
  if (!task.system->arch().flushes_upgrades()) return;
  flush_tlb_pages(task, *vmf.vma.mm, vmf.page_nr, vmf.page_nr + 1);
}

/// Whether the OOM reaper may have taken what was here, so that a fresh page would be a lie.
/// Private memory only. [PTL] linux v6.12 include/linux/oom.h: check_stable_address_space
bool check_stable_address_space(thread& task, vm_fault& vmf) {
  if (!task.system->has_oom) return true;
  task.x().step({.format = "MMF_UNSTABLE?", .detail = Detail::Minor});
  vmf.sigbus = vmf.vma.mm->unstable.read_last();
  return !vmf.sigbus;
}

/// linux v6.12 mm/memory.c: do_anonymous_page
/// differs: a read fault maps a zeroed page of its own instead of the zero page.
void do_anonymous_page(thread& task, vm_fault& vmf) {
  pte_alloc(task, vmf);
  anon_vma_prepare(task, vmf.vma);
  folio& page = folio_alloc(task);
  if (!lock_and_recheck(task, vmf)) {
    folio_put(task, page);
    return;
  }
  if (!check_stable_address_space(task, vmf)) {
    unlock_ptl(task, *vmf.vma.mm, vmf.page_nr);
    folio_put(task, page);
    return;
  }
  page_add_new_anon_rmap(task, page, vmf.vma, vmf.page_nr);
  folio_add_lru_vma(task, page, vmf.vma);
  const pte_t pte = mk_pte(page.frame.pfn(), 0);
  set_pte(task, vmf, (vmf.flags & kVmWrite) != 0 ? pte_mkdirty(pte_mkwrite(pte)) : pte);
  unlock_ptl(task, *vmf.vma.mm, vmf.page_nr);
}

/// linux v6.12 mm/memory.c: finish_fault, set_pte_range. The map count goes up before the entry
/// appears. Takes over the caller's reference; returns false (and leaves it) if somebody was first.
bool finish_fault(thread& task, vm_fault& vmf, folio& page, std::uint64_t bits) {
  if (!lock_and_recheck(task, vmf)) return false;
  if (vmf.vma.kind == VmaKind::PrivateFile && !check_stable_address_space(task, vmf)) {
    unlock_ptl(task, *vmf.vma.mm, vmf.page_nr);
    return false;
  }
  page_add_file_rmap(task, page);
  mlock_vma_folio(task, *vmf.vma.mm, vmf.page_nr, page_folio(page));
  set_pte(task, vmf, mk_pte(page.frame.pfn(), bits));
  unlock_ptl(task, *vmf.vma.mm, vmf.page_nr);
  return true;
}

/// linux v6.12 mm/memory.c: do_read_fault, without fault-around
void do_read_fault(thread& task, vm_fault& vmf) {
  pte_alloc(task, vmf);
  address_space& file = *vmf.vma.file;
  folio* page = task.system->file_operations->fault(task, file, vmf.vma.index_of(vmf.page_nr));
  if (page == nullptr) {
    vmf.sigbus = true;
    return;
  }
  const bool mapped = finish_fault(task, vmf, vmf.page_of(*page), 0);
  folio_unlock(task, *page);
  if (!mapped) folio_put(task, *page);
}

/// linux v6.12 mm/memory.c: do_cow_fault
void do_cow_fault(thread& task, vm_fault& vmf) {
  pte_alloc(task, vmf);
  anon_vma_prepare(task, vmf.vma);
  folio& copy = folio_alloc(task);
  address_space& file = *vmf.vma.file;
  folio* page = task.system->file_operations->fault(task, file, vmf.vma.index_of(vmf.page_nr));
  if (page == nullptr) {
    folio_put(task, copy);
    vmf.sigbus = true;
    return;
  }
  task.x().step({.format = "copy_user_highpage({})", .args = {arg(*page)}});
  copy.frame.write(vmf.page_of(*page).frame.read());
  bool first = lock_and_recheck(task, vmf);
  if (first && !check_stable_address_space(task, vmf)) {
    unlock_ptl(task, *vmf.vma.mm, vmf.page_nr);
    first = false;
  }
  if (first) {
    page_add_new_anon_rmap(task, copy, vmf.vma, vmf.page_nr);
    folio_add_lru_vma(task, copy, vmf.vma);
    set_pte(task, vmf, pte_mkdirty(pte_mkwrite(mk_pte(copy.frame.pfn(), 0))));
    unlock_ptl(task, *vmf.vma.mm, vmf.page_nr);
  }
  folio_unlock(task, *page);
  folio_put(task, *page);
  if (!first) folio_put(task, copy);
}

/// linux v6.12 mm/memory.c: do_shared_fault, do_page_mkwrite, fault_dirty_shared_page
///
/// From before the writable entry is visible until the page is dirty, the page lock is held; the
/// cleaner needs the page lock, so it cannot come in between (R-WRITE, R-FS).
void do_shared_fault(thread& task, vm_fault& vmf) {
  pte_alloc(task, vmf);
  const FileOperations& operations = *task.system->file_operations;
  folio* page = operations.fault(task, *vmf.vma.file, vmf.vma.index_of(vmf.page_nr));
  if (page == nullptr) {
    vmf.sigbus = true;
    return;
  }
  folio_unlock(task, *page);
  if (!operations.page_mkwrite(task, *page)) {
    folio_put(task, *page);
    return;
  }
  const bool mapped = finish_fault(task, vmf, vmf.page_of(*page), pte_t::kWrite | pte_t::kDirty);
  if (mapped) folio_mark_dirty(task, *page);
  folio_unlock(task, *page);
  if (!mapped) folio_put(task, *page);
}

/// linux v6.12 mm/memory.c: wp_page_shared, finish_mkwrite_fault. PTL held on entry, not on return.
void wp_page_shared(thread& task, vm_fault& vmf) {
  folio& page = page_folio(task.system->page(pte_pfn(vmf.orig)));
  folio_get(task, page);
  unlock_ptl(task, *vmf.vma.mm, vmf.page_nr);
  if (!task.system->file_operations->page_mkwrite(task, page)) {
    folio_put(task, page);
    return;
  }
  if (lock_and_recheck(task, vmf)) {
    ptep_set_access_flags(task, vmf, pte_mkyoung(pte_mkdirty(pte_mkwrite(vmf.orig))));
    unlock_ptl(task, *vmf.vma.mm, vmf.page_nr);
    folio_mark_dirty(task, page);
  }
  folio_unlock(task, page);
  folio_put(task, page);
}

/// What wp_page_copy() makes of the page: where fork() is, rules follow who stored what. Returns
/// how many stores the copy has.
unsigned copy_user_highpage(thread& task, folio& old_page, folio& copy) {
  task.x().step({.format = "copy_user_highpage({})", .args = {arg(old_page)}});
  copy.frame.write(old_page.frame.read());
  if (!task.system->has_fork) return 0;
  task.system->monitor->page_copied(old_page, copy);
  return old_page.written_by->stores;
}

/// The entry leads to the copy instead of to the old page. [PTL]
///
/// Clear, flush, new entry. Where the new entry comes before the flush, two threads of the process
/// see two pages at one address (R-COHERE):
///
///     CPU0 write fault                  CPU1 user
///                                       (TLB: the old page, read-only)
///     set the new entry
///                                       store: walks, to the new page
///                                       load: through the TLB, from the old page
///     flush
void switch_to_copy(thread& task, vm_fault& vmf, folio& copy) {
  const pte_t pte = mk_pte(copy.frame.pfn(), 0);
  const pte_t wanted = vmf.unshare ? pte : pte_mkdirty(pte_mkwrite(pte));
  const bool set_first = task.system->policies->cow.order == CowOrder::SetFlush;
  if (!set_first) ptep_clear_flush(task, *vmf.vma.mm, vmf.slot());
  page_add_new_anon_rmap(task, copy, vmf.vma, vmf.page_nr);
  folio_add_lru_vma(task, copy, vmf.vma);
  set_pte(task, vmf, wanted);
  if (set_first) flush_tlb_pages(task, *vmf.vma.mm, vmf.page_nr, vmf.page_nr + 1);
}

/// linux v6.12 mm/memory.c: wp_page_copy. PTL held on entry, not on return.
///
/// The kernel's own statement of the right order: clear, flush, new entry, and only then the rmap
/// and the reference. Who else has the page takes it for his own when he finds that nobody else
/// has it any more (R-COW):
///
///     CPU0 write fault, process A       CPU1 A, another thread     CPU2 write fault, process B
///     drop the reference                (TLB: the old page)
///                                                                  refcount is 1: mine
///                                                                  store
///                                       load: sees B's store
///     clear the entry, flush
void wp_page_copy(thread& task, vm_fault& vmf) {
  folio& old_page = task.system->page(pte_pfn(vmf.orig));
  folio& old = page_folio(old_page);
  folio_get(task, old);
  unlock_ptl(task, *vmf.vma.mm, vmf.page_nr);
  anon_vma_prepare(task, vmf.vma);
  folio& copy = folio_alloc(task);
  const unsigned stores = copy_user_highpage(task, old_page, copy);
  if (!lock_and_recheck(task, vmf)) {
    folio_put(task, copy);
    folio_put(task, old);
    return;
  }
  const bool put_first = task.system->policies->cow.put == CowPut::BeforeClear;
  if (put_first) {
    page_remove_rmap(task, old_page);
    folio_put(task, old, 2);
  }
  switch_to_copy(task, vmf, copy);
  if (!put_first) {
    if (task.system->has_fork) task.system->monitor->page_replaced(task, old_page, stores);
    page_remove_rmap(task, old_page);
  }
  munlock_vma_folio(task, *vmf.vma.mm, vmf.page_nr, old);
  unlock_ptl(task, *vmf.vma.mm, vmf.page_nr);
  if (put_first) return;
  folio_put(task, old);  // the entry's reference
  folio_put(task, old);
}

/// Whether this entry's reference to the page is the only one. [PTL]
/// linux v6.12 mm/memory.c: wp_can_reuse_anon_folio
/// differs: no swap cache, no LRU batches to drain.
///
/// The map count would not do, as it did until v5.8 (CVE-2020-29374): who has got the page by
/// get_user_pages() and unmapped it holds a reference and no mapping, and reads what the other
/// process writes (R-COW):
///
///     CPU0 process B (child)            CPU1 process A (parent)
///     get_user_pages(x, read)
///     munmap(x)
///                                       store x: map count is 1: mine
///     reads A's store
bool wp_can_reuse_anon_folio(thread& task, folio& page, const vm_area_struct& vma) {
  const bool by_refs = task.system->policies->cow.reuse == CowReuse::RefCount;
  const auto alone = [&] {
    return by_refs ? page.refcount.read_last() == 1 : page.mapcount.read_last() == 0;
  };
  task.x().step({.format = "folio_ref_count({})?", .args = {arg(page)}, .detail = Detail::Minor});
  if (!alone() || !folio_trylock(task, page)) return false;
  task.x().step({.format = "wp_can_reuse_anon_folio({})?", .args = {arg(page)}});
  const bool mine = alone();
  if (mine) folio_move_anon_rmap(task, page, vma);
  folio_unlock(task, page);
  return mine;
}

/// linux v6.12 mm/memory.c: do_wp_page. PTL held on entry, not on return.
/// differs: where no thread calls fork(), an anonymous page is always the process's own.
void do_wp_page(thread& task, vm_fault& vmf) {
  folio& page = page_folio(task.system->page(pte_pfn(vmf.orig)));
  const bool anon = page.mapping.peek().is_anon();
  if (vmf.vma.kind == VmaKind::SharedFile && !vmf.unshare) {
    wp_page_shared(task, vmf);
    return;
  }
  const bool exclusive = !task.system->has_fork || page.anon_exclusive.peek();  // Stable: PTL.
  const bool reuse = anon && (exclusive || wp_can_reuse_anon_folio(task, page, vmf.vma));
  if (!reuse && (anon || !vmf.unshare)) {
    wp_page_copy(task, vmf);
    return;
  }
  if (!vmf.unshare) {
    ptep_set_access_flags(task, vmf, pte_mkyoung(pte_mkdirty(pte_mkwrite(vmf.orig))));
  }
  unlock_ptl(task, *vmf.vma.mm, vmf.page_nr);
}

/// linux v6.12 mm/memory.c: do_swap_page
///
/// The count of the slot goes down before the folio is mapped: the folio is locked, so nobody takes
/// the swap cache, which holds the slot, away from it meanwhile.
/// differs: a page is its process's own, so one that is written to is mapped writable at once.
void do_swap_page(thread& task, vm_fault& vmf) {
  const unsigned slot = machine::swp_offset(vmf.orig);
  folio* page = swapin(task, slot);
  if (page == nullptr) {
    // Somebody else is at it. Under the PTL, so that this waits for him.
    if (lock_and_recheck(task, vmf)) unlock_ptl(task, *vmf.vma.mm, vmf.page_nr);
    return;
  }
  const bool recheck = task.system->policies->reclaim.swap_pte_same == Step::Kept;
  if (!recheck) lock_ptl(task, *vmf.vma.mm, vmf.page_nr);
  if (recheck && !lock_and_recheck(task, vmf)) {
    folio_unlock(task, *page);
    folio_put(task, *page);
    return;
  }
  swap_free(task, slot);
  pte_t pte = mk_pte(page->frame.pfn(), 0);
  if (vmf.kind == AccessKind::Store) {
    pte = pte_mkdirty(pte_mkwrite(pte));
    // should_try_to_free_swap: only this fault and the swap cache have a reference.
    task.x().step(
        {.format = "folio_ref_count({})?", .args = {arg(*page)}, .detail = Detail::Minor});
    if (page->refcount.read_last() == 2) folio_free_swap(task, *page);
  }
  page_add_new_anon_rmap(task, *page, vmf.vma, vmf.page_nr);
  set_pte(task, vmf, pte);
  unlock_ptl(task, *vmf.vma.mm, vmf.page_nr);
  folio_unlock(task, *page);
}

/// linux v6.12 mm/memory.c: handle_pte_fault
void handle_pte_fault(thread& task, vm_fault& vmf) {
  task.x().step({.format = "handle_pte_fault({})",
                 .args = {machine::arg(vmf.slot().va())},
                 .detail = Detail::Minor});
  vmf.orig = vmf.slot().walk_last();
  if (pte_none(vmf.orig)) {
    if (vmf.vma.kind == VmaKind::Anonymous) {
      do_anonymous_page(task, vmf);
    } else if (vmf.kind == AccessKind::Load) {
      do_read_fault(task, vmf);
    } else if (vmf.vma.kind == VmaKind::PrivateFile) {
      do_cow_fault(task, vmf);
    } else {
      do_shared_fault(task, vmf);
    }
    return;
  }
  if (is_migration_entry(vmf.orig)) {
    migration_entry_wait(vmf.slot(), vmf.orig);
    return;
  }
  if (is_swap_pte(vmf.orig)) {
    do_swap_page(task, vmf);
    return;
  }
  // Somebody else has mapped it meanwhile. differs: Linux sets A under the PTL, here the walk.
  if (vmf.kind == AccessKind::Load && (!vmf.unshare || pte_write(vmf.orig))) return;
  if (!lock_and_recheck(task, vmf)) return;
  if (!pte_write(vmf.orig)) {
    do_wp_page(task, vmf);
    return;
  }
  // Spurious: the entry allows the access, only this CPU's TLB did not know. x86: the fault itself
  // has dropped what it held.
  if (!pte_dirty(vmf.orig)) {
    ptep_set_access_flags(task, vmf, pte_mkyoung(pte_mkdirty(vmf.orig)));
  } else {
    task.system->arch().flush_tlb_fix_spurious_fault(*task.cpu, vmf.slot());
  }
  unlock_ptl(task, *vmf.vma.mm, vmf.page_nr);
}

/// linux v6.12 mm/memory.c: handle_mm_fault; arch/x86/mm/fault.c: access_error
FaultResult handle_fault_of(thread& task, vm_area_struct& vma, unsigned page_nr, AccessKind kind,
                            Unshare unshare = Unshare::No) {
  vm_fault vmf{.vma = vma, .page_nr = page_nr, .kind = kind, .orig = {}};
  vmf.unshare = unshare == Unshare::Yes;
  if (task.system->has_protection) {
    task.x().step({.format = "access_error()?", .detail = Detail::Minor});
  }
  vmf.flags = vm_flags_of(task, vma);
  const vm_flags_t wanted = kind == AccessKind::Load ? kVmRead : kVmWrite;
  if ((vmf.flags & wanted) == 0) return FaultResult::Sigsegv;
  const bool huge = vmf.slot().huge() != nullptr;
  if (!huge || !handle_huge_fault(task, *vma.mm, page_nr, kind)) handle_pte_fault(task, vmf);
  return vmf.sigbus ? FaultResult::Sigbus : FaultResult::Done;
}

/// With the VMA's own lock; returns nothing where that is not enough.
/// differs: vmf_anon_prepare() asks later whether there is an anon_vma, and takes mmap_lock in
/// addition if it can.
std::optional<FaultResult> handle_fault_under_vma_lock(thread& task, Vaddr va, AccessKind kind) {
  mm_struct& mm = *task.mm;
  vm_area_struct* vma = lock_vma_under_rcu(task, mm, mm.page_of(va));
  if (vma == nullptr) return std::nullopt;
  bool enough = true;
  if (vma->kind != VmaKind::SharedFile) {
    task.x().step({.format = "vmf_anon_prepare()?", .detail = Detail::Minor});
    enough = vma->anon_ready.read_last();
  }
  std::optional<FaultResult> result;
  if (enough) result = handle_fault_of(task, *vma, mm.page_of(va), kind);
  vma_end_read(task, *vma);
  return result;
}

}  // namespace

// linux v6.12 arch/x86/mm/fault.c: do_user_addr_fault
// differs: v6.12 always tries the VMA's own lock first; here only in scenarios that say `vma
// locks`. In others every fault takes mmap_lock, as v6.1 does, so a fault on one mapping does not
// overlap a MAP_FIXED over another.
FaultResult handle_mm_fault(thread& task, Vaddr va, AccessKind kind, Unshare unshare) {
  mm_struct& mm = *task.mm;
  if (task.system->has_vma_locks && unshare == Unshare::No) {
    if (const auto result = handle_fault_under_vma_lock(task, va, kind)) return *result;
  }
  mm.mmap_lock.down_read(task,
                         {.format = "page fault {}: mmap_read_lock()", .args = {machine::arg(va)}});
  vm_area_struct* vma = find_vma(mm, mm.page_of(va));
  FaultResult result = FaultResult::Sigsegv;
  if (vma != nullptr) result = handle_fault_of(task, *vma, mm.page_of(va), kind, unshare);
  const bool done = result == FaultResult::Done;
  mm.mmap_lock.up_read(task, {.format = done                             ? "mmap_read_unlock()"
                                        : result == FaultResult::Sigsegv ? "SIGSEGV"
                                                                         : "SIGBUS",
                              .detail = done ? Detail::Minor : Detail::Major});
  return result;
}

}  // namespace mmcheck::mm

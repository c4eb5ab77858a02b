// SPDX-License-Identifier: Apache-2.0
#include "mm/gup.h"

#include "base/error.h"
#include "mm/folio.h"
#include "mm/memory.h"
#include "mm/mmap.h"
#include "mm/rmap.h"

namespace mmcheck::mm {

namespace {

using machine::AccessKind;
using machine::pte_dirty;
using machine::pte_present;
using machine::pte_write;

/// linux v6.12 mm/gup.c: the checks before a page is looked at
bool pte_access_permitted(pte_t pte, gup_flags flags) {
  return machine::pte_valid(pte) && (flags.kind == AccessKind::Load || pte_write(pte));
}

int refs_of(gup_flags flags) { return flags.pin ? folio::kPinBias : 1; }

/// An entry that was read without locks, and where.
struct lockless_pte {
  page_table& table;
  unsigned generation;  ///< of the table that was found there
  PteSlot& slot;
  pte_t pte;
};

/// linux v6.12 mm/gup.c: try_grab_folio_fast, try_get_folio
/// A page whose count is 0 is being freed, by whoever took the last reference away; one more
/// reference would not stop him.
/// differs: a pin adds 1024 in one step, Linux 1 and then 1023.
bool try_grab_folio(thread& task, folio& page, gup_flags flags) {
  const System& system = *task.system;
  task.x().step({.format = "try_grab_folio({})", .args = {arg(page)}});
  if (system.has_hot_remove) system.monitor->page_metadata_used(page);
  const int count = page.refcount.read();
  if (count <= 0) {
    if (system.policies->gup_grab == GupGrab::UnlessZero) return false;
    system.monitor->freed_page_referenced(page);
  }
  page.refcount.write(count + refs_of(flags));
  return true;
}

void gup_put_folio(thread& task, folio& page, gup_flags flags) {
  task.x().step({.format = "gup_put_folio({})", .args = {arg(page)}, .detail = Detail::Minor});
  folio_ref_add(task, page, -refs_of(flags));
}

/// linux v6.12 mm/gup.c: try_get_folio: the folio that the page is in, with a reference. Between
/// the look and the reference the folio may be split, and the page be in another one; the entry,
/// which the split puts back, does not tell. See split_locked_folio() for the interleaving (R-PIN).
/// differs: does not try again; the caller goes the slow way.
folio* try_get_folio(thread& task, folio& page, gup_flags flags) {
  if (!task.system->has_large_folios) return try_grab_folio(task, page, flags) ? &page : nullptr;
  task.x().step({.format = "page_folio({})", .args = {arg(page)}});
  folio& whole = page_folio_lockless(page);
  if (!try_grab_folio(task, whole, flags)) return nullptr;
  if (task.system->policies->migrate.gup_folio_recheck == Step::Dropped) return &whole;
  task.x().step({.format = "page_folio({}) still?", .args = {arg(page)}});
  if (&page_folio_lockless(page) == &whole) return &whole;
  gup_put_folio(task, whole, flags);
  return nullptr;
}

/// Whether the page may be another process's too, so that copy on write would take it away from
/// who has it pinned. The page is held.
/// linux v6.12 mm/internal.h: gup_must_unshare. differs: no FOLL_LONGTERM.
bool gup_must_unshare(thread& task, folio& page, gup_flags flags) {
  const System& system = *task.system;
  if (!system.has_fork || system.policies->cow.gup_unshare == Step::Dropped) return false;
  if (flags.kind == AccessKind::Store || !flags.pin) return false;
  if (!page.mapping.peek().is_anon()) return false;  // Stable: the page is held.
  task.x().step({.format = "gup_must_unshare({})?", .args = {arg(page)}});
  return !page.anon_exclusive.read_last();
}

/// linux v6.12 mm/gup.c: gup_fast_pte_range: the entry and the one above it are still what they
/// were. differs: both are read in one step; an unmapper changes one or the other, and either
/// change is seen.
bool unchanged(thread& task, const lockless_pte& walked) {
  task.x().step(
      {.format = "gup_fast_pte_range({}): pte_same?", .args = {machine::arg(walked.slot.va())}});
  const bool same_table =
      walked.table.pmd.read() && walked.table.page.generation() == walked.generation;
  const pte_t now = same_table ? walked.slot.ptep_get() : pte_t{};
  if (task.system->policies->gup_recheck == GupRecheck::PfnOnly) {
    return pte_pfn(now) == pte_pfn(walked.pte);
  }
  return now == walked.pte;
}

/// linux v6.12 mm/gup.c: gup_fast_pte_range (v6.1: gup_pte_range)
///
/// Interrupts that are off keep tables from being freed; they keep no entry from being changed. So
/// the page may be unmapped, freed and in other hands before its count is raised (R-PIN; Horn and
/// Wilcox, 24 and 25 Oct 2022):
///
///     CPU0 GUP-fast                     CPU1 munmap
///     pte = ptep_get_lockless           ptep_get_and_clear
///                                       flush TLBs, drop the reference
///     try_grab_folio: count is not 0:
///       the page cache has the page, or a new owner
///     pte_same? no: put it back
///
/// Where the flush is an IPI, it waits for CPU0, and the page is not dropped before CPU0 is
/// through: what the first GUP-fast relied on. It does not on s390, arm64 and powerpc, nor where
/// the flush is paravirtual.
///
/// The order is what counts: raise the count, then read the entry again. If the entry is still the
/// same, then it held a reference when ours was taken. Without the second look, or with the second
/// look first, the page that is returned is one that the address has nothing to do with.
///
/// A page that is pinned for reading must not be replaced by copy on write either: the last look is
/// whether it is exclusive.
folio* gup_fast_pte_range(thread& task, const lockless_pte& walked, gup_flags flags) {
  const System& system = *task.system;
  const bool permitted = system.policies->gup_write_check == GupWriteCheck::Omitted
                             ? pte_present(walked.pte)
                             : pte_access_permitted(walked.pte, flags);
  if (!permitted) return nullptr;
  if (pte_pfn(walked.pte) == kNoPfn) return nullptr;  // Torn: Linux has a VM_BUG_ON(!pfn_valid).
  folio& page = task.system->page(pte_pfn(walked.pte));
  const GupRecheck recheck = system.policies->gup_recheck;
  if (recheck == GupRecheck::BeforeGrab && !unchanged(task, walked)) return nullptr;
  folio* grabbed = try_get_folio(task, page, flags);
  if (grabbed == nullptr) return nullptr;
  const unsigned mapped_since = walked.slot.known_version();
  if (recheck == GupRecheck::None || recheck == GupRecheck::BeforeGrab) {
    task.x().step({.format = "gup_fast_pte_range({}) returns",
                   .args = {machine::arg(walked.slot.va())},
                   .detail = Detail::Minor});
    static_cast<void>(walked.slot.walk());
  } else if (!unchanged(task, walked)) {
    gup_put_folio(task, *grabbed, flags);
    return nullptr;
  }
  system.monitor->page_pinned(walked.slot, mapped_since, page, *grabbed, flags.kind);
  if (!pte_write(walked.pte) && gup_must_unshare(task, *grabbed, flags)) {
    gup_put_folio(task, *grabbed, flags);
    return nullptr;
  }
  return &page;
}

/// linux v6.12 include/linux/pgtable.h: ptep_get_lockless
/// differs: of a read in several steps, only the last looks whether the table has been freed.
pte_t ptep_get_lockless(thread& task, const lockless_pte& walked) {
  const pte_t pte = task.system->arch().ptep_get_lockless(*task.cpu, walked.slot);
  walked.table.page.walk(walked.generation);
  // What is in the entries now may be in another table. That is known in time: between a table's
  // last entry and the next one's first, the table is unhooked.
  if (walked.table.page.generation() != walked.generation) return {};
  walked.slot.read_lockless(pte);
  return pte;
}

/// linux v6.12 mm/gup.c: gup_fast_pgd_range, gup_fast_pmd_range
folio* gup_fast_pmd_range(thread& task, Vaddr va, gup_flags flags) {
  const unsigned page_nr = task.mm->page_of(va);
  page_table& table = task.mm->table_of(page_nr);
  task.x().step(
      {.format = "gup_fast_pmd_range({})", .args = {machine::arg(va)}, .detail = Detail::Minor});
  if (!table.pmd.read_last()) return nullptr;
  const unsigned generation = table.page.generation();
  PteSlot& slot = task.mm->pte(page_nr);
  lockless_pte walked{.table = table, .generation = generation, .slot = slot, .pte = {}};
  walked.pte = ptep_get_lockless(task, walked);
  return gup_fast_pte_range(task, walked, flags);
}

/// linux v6.12 mm/gup.c: gup_fast (v6.1: lockless_pages_from_mm)
///
/// fork() copies a page at once that is pinned, as copy on write would take it away from who has
/// pinned it. That it asks for pins and that it takes W away are two steps, and so are GUP-fast's;
/// write_protect_seq tells GUP-fast that fork() has been there in between (R-COW):
///
///     CPU0 GUP-fast                     CPU1 fork
///     pte = ptep_get_lockless: W
///                                       pinned? no: the child maps the page too
///     pin it
///     pte_same? yes
///                                       ptep_set_wrprotect
///     [pinned, and the next store of this process goes to a copy]
folio* gup_fast(thread& task, Vaddr va, gup_flags flags) {
  const System& system = *task.system;
  const bool irqs_off = system.policies->gup_irqs == GupIrqs::Off;
  const bool checks_seq =
      system.has_fork && flags.pin && system.policies->fork.write_protect_seq == Step::Kept;
  std::uint32_t seq = 0;
  if (checks_seq) {
    task.x().step({.format = "write_protect_seq?", .detail = Detail::Minor});
    seq = task.mm->write_protect_seq.read_last();
    if (seq % 2 != 0) return nullptr;
  }
  if (irqs_off) task.cpu->local_irq_disable();
  folio* page = gup_fast_pmd_range(task, va, flags);
  if (irqs_off) task.cpu->local_irq_enable();
  if (!checks_seq || page == nullptr) return page;
  task.x().step({.format = "read_seqcount_retry(write_protect_seq)?"});
  if (task.mm->write_protect_seq.read_last() == seq) return page;
  gup_put_folio(task, page_folio(*page), flags);
  return nullptr;
}

/// linux v6.12 mm/gup.c: follow_page_pte. The PTL keeps the entry, and with it the page's count.
folio* follow_page_pte(thread& task, Vaddr va, gup_flags flags) {
  mm_struct& mm = *task.mm;
  const unsigned page_nr = mm.page_of(va);
  lock_ptl(task, mm, page_nr);
  task.x().step({.format = "follow_page_pte({})", .args = {machine::arg(va)}});
  const pte_t pte = mm.pte(page_nr).walk();
  folio* page = nullptr;
  if (pte_access_permitted(pte, flags)) page = &task.system->page(pte_pfn(pte));
  if (page != nullptr && !pte_write(pte) && gup_must_unshare(task, page_folio(*page), flags)) {
    page = nullptr;  // -EMLINK
  }
  if (page != nullptr) {
    folio_ref_add(task, page_folio(*page), refs_of(flags));
    if (flags.kind == AccessKind::Store && !pte_dirty(pte)) set_page_dirty(task, *page);
  }
  unlock_ptl(task, mm, page_nr);
  return page;
}

/// linux v6.12 mm/gup.c: __gup_longterm_locked, __get_user_pages, faultin_page
/// differs: a fault takes mmap_lock anew, where Linux keeps it.
folio* gup_slow(thread& task, Vaddr va, gup_flags flags) {
  mm_struct& mm = *task.mm;
  while (true) {
    mm.mmap_lock.down_read(
        task, {.format = "get_user_pages({}): mmap_read_lock()", .args = {machine::arg(va)}});
    const vm_area_struct* vma = find_vma(mm, mm.page_of(va));
    folio* page = vma == nullptr ? nullptr : follow_page_pte(task, va, flags);
    mm.mmap_lock.up_read(task, {.format = "mmap_read_unlock()", .detail = Detail::Minor});
    if (vma == nullptr || page != nullptr) return page;
    // What is there to be unshared is unshared only if it is for reading.
    const bool unshare = flags.pin && flags.kind == AccessKind::Load;
    const FaultResult fault =
        handle_mm_fault(task, va, flags.kind, unshare ? Unshare::Yes : Unshare::No);
    if (fault != FaultResult::Done) return nullptr;  // -EFAULT
  }
}

}  // namespace

folio* get_user_pages_fast(thread& task, Vaddr va, gup_flags flags) {
  folio* page = gup_fast(task, va, flags);
  if (page == nullptr) page = gup_slow(task, va, flags);
  if (page != nullptr) hold_page(task, *page, refs_of(flags));
  return page;
}

bool holds_page(const thread& task, const folio& page) {
  for (const held_page& slot : task.held_pages) {
    if (slot.pfn == page.frame.pfn()) return true;
  }
  return false;
}

void put_held_page(thread& task, folio& page) {
  for (held_page& slot : task.held_pages) {
    if (slot.pfn != page.frame.pfn()) continue;
    const bool pinned = slot.refs != 1;
    task.x().step({.format = pinned ? "unpin_user_page({})" : "put_page({})", .args = {arg(page)}});
    // The reference should keep the folio whole. A design that splits it anyway is to be seen.
    folio_ref_add(task, page_folio_lockless(page), -int{slot.refs});
    slot = {};
    return;
  }
}

// differs: nothing is done for an anonymous page where none is lazyfree: none that has another
// reference is cleaned.
void set_page_dirty(thread& task, folio& page) {
  // Stable: the caller's reference keeps the page in its file.
  folio& whole = page_folio(page);
  if (whole.mapping.peek().is_file() || task.system->has_lazyfree) folio_mark_dirty(task, whole);
}

void set_page_dirty_lock(thread& task, folio& page) {
  folio_lock(task, page_folio(page));
  set_page_dirty(task, page);
  folio_unlock(task, page_folio(page));
}

void memcpy_to_page(thread& task, folio& page, std::uint64_t value) {
  task.x().step({.format = "memcpy_to_page({}) = {}", .args = {arg(page), machine::arg(value)}});
  page.frame.write(value);
  task.system->monitor->held_page_written(task, page);
}

std::uint64_t memcpy_from_page(thread& task, folio& page) {
  task.x().step({.format = "memcpy_from_page({})", .args = {arg(page)}});
  const std::uint64_t value = page.frame.read();
  if (task.system->has_fork) task.system->monitor->held_page_read(task, page);
  return value;
}

}  // namespace mmcheck::mm

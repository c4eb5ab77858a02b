// SPDX-License-Identifier: Apache-2.0
// What mprotect() and madvise(MADV_FREE) promise: R-PERM, and R-WRITE of lazyfree pages.
#include "mm/folio.h"
#include "rules/monitors.h"

namespace mmcheck::rules {

using machine::pte_dirty;
using machine::pte_t;
using machine::pte_write;

namespace {

/// Whether a TLB that holds the entry does what has been revoked. A store through an entry that is
/// not dirty goes back to the table.
bool does(mm::Monitor::Revoked revoked, pte_t pte) {
  return revoked == mm::Monitor::Revoked::Load || (pte_write(pte) && pte_dirty(pte));
}

}  // namespace

// differs: of a CPU that runs something else meanwhile it is not asked, as it is of unmap_returned,
// whether it comes back with old translations.
void Monitors::change_returned(mm::thread& task, unsigned first_page, unsigned end_page,
                               Revoked revoked) {
  for (unsigned page = first_page; page < end_page; ++page) {
    const machine::PteSlot& slot = task.mm->pte(page);
    const unsigned changed_at = task.zapped_at[page];
    if (changed_at > 0) exercised_.add(RuleId::Perm);
    const auto stale = slot.find_stale(
        [&](unsigned v) { return v < changed_at && does(revoked, slot.version(v).value); },
        [&](CpuId cpu) { return in_use(cpu, slot); });
    if (stale.version < 0) continue;
    const auto version = static_cast<unsigned>(stale.version);
    broken(RuleId::Perm,
           {.what = {.format = "the call returns, but TLB{} may still hold {} ({})",
                     .args = {machine::arg(stale.cpu), machine::arg(slot.va()),
                              machine::arg(slot.version(version).value)}},
            .why = "an entry that allows less, or is clean, counts only when no TLB holds the one "
                   "before: also where somebody else has changed it and not flushed yet",
            .events = {slot.version(version + 1).stored_at, x().current_event()}});
  }
}

// No entry allows what its VMA does not. Not after exit: see check_unmapped().
void Monitors::check_protected(const mm::mm_struct& mm) {
  if (!system_->has_protection || mm.exiting.peek()) return;
  for (const mm::vm_area_struct& vma : mm.vmas) {
    if (!vma.attached) continue;
    for (unsigned page = vma.first_page; page < vma.end_page; ++page) {
      const machine::PteSlot& slot = mm.ptes[page];
      const mm::vm_flags_t flags = vma.vm_flags.peek();
      const bool too_much = (pte_write(slot.peek()) && (flags & mm::kVmWrite) == 0) ||
                            (machine::pte_valid(slot.peek()) && (flags & mm::kVmRead) == 0);
      if (!too_much) continue;
      broken(RuleId::Perm, {.what = {.format = "in the end {} is {}, and its VMA does not allow it",
                                     .args = {machine::arg(slot.va()), machine::arg(slot.peek())}},
                            .why = "no fault may make an entry that the VMA allowed before "
                                   "mprotect() and does not any more"});
    }
  }
}

void Monitors::lazyfree_lost(mm::folio& page) {
  broken(RuleId::Write,
         {.what = {.format = "{} is dropped, and what was stored after madvise(MADV_FREE) is lost",
                   .args = {mm::arg(page)}},
          .why = "a lazyfree page may be dropped only while it is clean and nobody can dirty it: "
                 "entry cleared, no other reference, and then not dirty",
          .events = {page.frame.last_store(), x().current_event()}});
}

// What a store may do while a call is under way is undone by the call, or not: as if it had come
// before, or after.
void Monitors::lazyfree_marked(mm::folio& page) {
  static_cast<void>(page.frame.look());
  ++page.lazyfree->calls;
  page.lazyfree->promised = false;
}

void Monitors::lazyfree_returned(mm::folio& page) {
  page.lazyfree->value = page.frame.look();
  if (--page.lazyfree->calls == 0) page.lazyfree->promised = true;
}

void Monitors::lazyfree_discarded(mm::folio& page) {
  exercised_.add(RuleId::Write);
  const std::uint64_t value = page.frame.look();
  page.lazyfree->discarded = true;
  if (page.lazyfree->promised && value != page.lazyfree->value) lazyfree_lost(page);
}

// A page that has been dropped is written to, by somebody whom reclaim has not seen.
void Monitors::lazyfree_written(mm::folio& page) {
  if (page.lazyfree == nullptr || !page.lazyfree->discarded || !page.lazyfree->promised) return;
  lazyfree_lost(page);
}

}  // namespace mmcheck::rules

// SPDX-License-Identifier: Apache-2.0
// What is looked at without locks: R-PIN, R-TABLE, R-META.
#include "mm/folio.h"
#include "rules/monitors.h"

namespace mmcheck::rules {

using machine::pte_pfn;
using machine::pte_write;

// The reference was taken when the entry had the version `since` or a later one. Which of them it
// was is nobody's business: one that maps the page, as it was asked for, is enough.
void Monitors::page_pinned(const machine::PteSlot& slot, unsigned since, const mm::folio& page,
                           const mm::folio& grabbed, machine::AccessKind kind) {
  exercised_.add(RuleId::Pin);
  if (&mm::page_folio_lockless(system_->page(page.frame.pfn())) != &grabbed) {
    broken(RuleId::Pin,
           {.what = {.format = "{} is got, and the reference is to {}, of which it is no part",
                     .args = {mm::arg(page), mm::arg(grabbed)}},
            .why = "raise the count first, then see that the page is still in that folio",
            .events = {x().current_event()}});
  }
  bool mapped = false;
  for (unsigned v = since; v <= slot.current(); ++v) {
    const machine::pte_t pte = slot.version(v).value;
    if (pte_pfn(pte) != page.frame.pfn() || !machine::pte_valid(pte)) continue;
    mapped = true;
    if (kind == machine::AccessKind::Load || pte_write(pte)) return;
  }
  broken(RuleId::Pin,
         {.what = {.format = mapped ? "{} is got for writing through {}, which does not allow it"
                                    : "{} is got, and {} has not mapped it since",
                   .args = {mm::arg(page), machine::arg(slot.va())}},
          .why = "raise the count first, then see that the entry is still the same",
          .events = {slot.version(since).stored_at, x().current_event()}});
}

void Monitors::freed_table_walked(const machine::TablePage& table) {
  broken(RuleId::Table,
         {.what = {.format = "the page table of {} is walked after it was freed",
                   .args = {machine::arg(table.va())}},
          .why = "a table is freed when each walker that may have found it is through: after a "
                 "grace period, or after an IPI that interrupts-off holds off",
          .events = {table.freed_at(), x().current_event()}});
}

void Monitors::table_freed(const machine::TablePage& table, unsigned generation) {
  exercised_.add(RuleId::Table);
  // A CPU that has other tables loaded walks those.
  const std::optional<CpuId> walker = table.walker(generation, [&](CpuId cpu) {
    return !system_->x86_tlb || system_->x86_tlb->may_walk(*system_->cpus[to_index(cpu)]);
  });
  if (!walker) return;
  broken(
      RuleId::Table,
      {.what = {.format = "the page table of {} is freed while the walk cache of CPU{} may hold it",
                .args = {machine::arg(table.va()), machine::arg(*walker)}},
       .why = "unhook the table, flush TLBs, free the table: in this order",
       .events = {table.unhooked_at(), x().current_event()}});
}

void Monitors::page_metadata_used(const mm::folio& page) {
  exercised_.add(RuleId::Meta);
  if (!page.metadata_freed.read_last()) return;
  broken(
      RuleId::Meta,
      {.what = {.format = "the struct page of {} is used after its memory was removed",
                .args = {mm::arg(page)}},
       .why = "between the last use of the memory and the end of its struct pages, each CPU that "
              "has interrupts off must be waited for",
       .events = {system_->metadata_freed_at == nullptr ? kNoEvent : *system_->metadata_freed_at,
                  x().current_event()}});
}

void Monitors::freed_page_referenced(const mm::folio& page) {
  exercised_.add(RuleId::Count);
  broken(
      RuleId::Count,
      {.what = {.format = "{} gets a reference while it is being freed", .args = {mm::arg(page)}},
       .why = "who took the last reference away frees the page, whatever is added after",
       .events = {x().current_event()}});
}

}  // namespace mmcheck::rules

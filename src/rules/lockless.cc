// SPDX-License-Identifier: Apache-2.0
// What is looked at without locks: R-PIN.
#include "mm/folio.h"
#include "rules/monitors.h"

namespace mmcheck::rules {

using machine::pte_pfn;
using machine::pte_write;

// The reference was taken when the entry had the version `since` or a later one. Which of them it
// was is nobody's business: one that maps the page, as it was asked for, is enough.
void Monitors::page_pinned(const machine::PteSlot& slot, unsigned since, const mm::folio& page,
                           machine::AccessKind kind) {
  exercised_.add(RuleId::Pin);
  bool mapped = false;
  for (unsigned v = since; v <= slot.current(); ++v) {
    const machine::pte_t pte = slot.version(v).value;
    if (pte_pfn(pte) != page.frame.pfn()) continue;
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

void Monitors::freed_page_referenced(const mm::folio& page) {
  exercised_.add(RuleId::Count);
  broken(
      RuleId::Count,
      {.what = {.format = "{} gets a reference while it is being freed", .args = {mm::arg(page)}},
       .why = "who took the last reference away frees the page, whatever is added after",
       .events = {x().current_event()}});
}

}  // namespace mmcheck::rules

// SPDX-License-Identifier: Apache-2.0
// What processes see of each other's private memory: R-COW, and R-PERM for the W that fork() takes
// away. Only where a process is forked.
#include <algorithm>

#include "mm/folio.h"
#include "mm/fork.h"
#include "rules/monitors.h"

namespace mmcheck::rules {

using machine::pte_write;

namespace {

void format_process(const trace::Names& names, std::uint64_t value, std::string& out) {
  out += names.find(trace::NameSpace::Process, value);
}

std::uint8_t bit(const mm::mm_struct& mm) { return static_cast<std::uint8_t>(1u << mm.id); }

bool holds_pin(const mm::thread& task, const mm::folio& page) {
  return std::any_of(task.held_pages.begin(), task.held_pages.end(), [&](const auto& held) {
    return held.pfn == page.frame.pfn() && held.refs == mm::folio::kPinBias;
  });
}

}  // namespace

const mm::mm_struct& Monitors::current_mm() const {
  return *system_->threads[to_index(x().cpu_of(x().self()))].mm;
}

// Whether a store came after a birth is asked of happens-before: of two that nothing orders, it may
// as well have come before, and the child has it by right.
void Monitors::note_writer(const mm::mm_struct& mm, const mm::folio& page) {
  mm::last_writer& writer = *page.written_by;
  writer = {.mm = static_cast<std::uint8_t>(mm.id + 1),
            .stores = static_cast<std::uint8_t>(writer.stores + 1)};
  for (const mm::mm_struct& child : system_->mms) {
    if (child.born_at == nullptr || *child.born_at == kNoEvent) continue;
    if (x().ordered_before(*child.born_at))
      writer.after |= static_cast<std::uint8_t>(1u << child.id);
  }
}

void Monitors::check_reader(const mm::mm_struct& mm, const mm::folio& page) {
  if (!page.mapping.peek().is_anon()) return;  // Stable: it is mapped, or held.
  const mm::last_writer writer = *page.written_by;
  exercised_.add(RuleId::Cow);
  if (writer.mm == 0) return;
  const mm::mm_struct& from = system_->mms[writer.mm - 1u];
  const mm::mm_struct* heir = nullptr;
  if (mm::descends(from, mm, &heir)) {
    if (heir == nullptr || (writer.after & bit(*heir)) == 0) return;
  }
  broken(RuleId::Cow,
         {.what = {.format = "process {} reads what process {} has stored to {} after they parted",
                   .args = {{mm.id, format_process}, {from.id, format_process}, mm::arg(page)}},
          .why = "a page that two processes may read is written by none of them: W goes from the "
                 "entry and from TLBs, and comes back only to who is alone with the page",
          .events = {page.frame.last_store(), x().current_event()}});
}

void Monitors::load_done(const machine::Frame& frame) {
  if (system_->has_fork) check_reader(current_mm(), system_->page(frame.pfn()));
}

void Monitors::check_pinned(const mm::thread& task, const mm::folio& page) {
  if (!holds_pin(task, page) || !page.mapping.peek().is_anon()) return;
  exercised_.add(RuleId::Cow);
  if ((page.replaced_for.read_last() & bit(*task.mm)) == 0) return;
  broken(RuleId::Cow,
         {.what = {.format = "{} is pinned, and process {} has a copy in its place",
                   .args = {mm::arg(page), {task.mm->id, format_process}}},
          .why = "who has pinned the page and the process no longer see each other's stores: "
                 "fork() must see the pin, or GUP see that fork() has been there"});
}

void Monitors::held_page_read(const mm::thread& task, mm::folio& page) {
  if (task.mm == nullptr) return;
  check_pinned(task, page);
  check_reader(*task.mm, page);
}

void Monitors::held_page_written(const mm::thread& task, mm::folio& page) {
  lazyfree_written(page);
  if (task.mm == nullptr || !system_->has_fork) return;
  check_pinned(task, page);
  note_writer(*task.mm, page);
}

void Monitors::page_copied(mm::folio& page, mm::folio& copy) {
  *copy.written_by = *page.written_by;
}

// From here on nothing of this process leads to the old page but references.
void Monitors::page_replaced(const mm::thread& task, mm::folio& page, unsigned stores) {
  if (!page.mapping.peek().is_anon()) return;
  exercised_.add(RuleId::Cow);
  if (system_->has_pins) {
    page.replaced_for.commute(static_cast<std::uint8_t>(page.replaced_for.peek() | bit(*task.mm)));
  }
  static_cast<void>(page.frame.read());
  if (page.written_by->stores == stores || page.written_by->mm != task.mm->id + 1) return;
  broken(RuleId::Cow,
         {.what = {.format = "a store to {} is lost: the page has been copied before",
                   .args = {mm::arg(page)}},
          .why = "a page is copied when no TLB of the process lets stores through to it any more",
          .events = {page.frame.last_store(), x().current_event()}});
}

void Monitors::fork_returned(mm::thread& task) {
  for (unsigned page = 0; page < task.mm->ptes.size(); ++page) {
    const unsigned protected_at = task.zapped_at[page];
    if (protected_at == 0) continue;
    exercised_.add(RuleId::Perm);
    const machine::PteSlot& slot = task.mm->pte(page);
    const auto stale = slot.find_stale(
        [&](unsigned v) { return v < protected_at && pte_write(slot.version(v).value); });
    if (stale.version < 0) continue;
    broken(RuleId::Perm,
           {.what = {.format = "fork() returns, but TLB{} may still let stores through to {}",
                     .args = {machine::arg(stale.cpu), machine::arg(slot.va())}},
            .why = "the page is the child's, too: TLBs are flushed before anybody relies on that",
            .events = {slot.version(static_cast<unsigned>(stale.version) + 1).stored_at,
                       x().current_event()}});
  }
}

}  // namespace mmcheck::rules

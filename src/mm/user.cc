// SPDX-License-Identifier: Apache-2.0
// Instructions of user code: what the CPU does, and the fault handler when it cannot.
#include "mm/folio.h"
#include "mm/memory.h"
#include "mm/mmap.h"

namespace mmcheck::mm {

namespace {

using machine::AccessKind;
using machine::Translation;

/// Signals are taken on the way to the instruction; an exit_group() that comes later finds the
/// instruction under way.
bool killed_by_exit(thread& task) {
  if (!task.system->has_exit) return false;
  task.x().step({.format = "signal pending?", .detail = Detail::Minor});
  if (!task.mm->exiting.read_last()) return false;
  enter_kernel(task);
  exit_mm(task);
  return true;
}

/// Walks until there is a translation; faults where there is none. Returns false if killed.
bool translate(thread& task, Vaddr va, AccessKind kind, Translation& translation) {
  while (true) {
    if (killed_by_exit(task)) return false;
    translation = task.cpu->translate(task.mm->pte(task.mm->page_of(va)), kind);
    if (translation.result == Translation::Result::Ok) return true;
    enter_kernel(task);
    task.fault = handle_mm_fault(task, va, kind);
    if (task.fault != FaultResult::Done) {
      task.killed = true;
      return false;
    }
  }
}

void note_if_stale(thread& task, const PteSlot& any, const Translation& translation) {
  const PteSlot& slot = translation.leaf(any);
  if (!task.x().recording() || translation.version == slot.current()) return;
  task.x().note({.format = "through the stale TLB entry {}",
                 .args = {machine::arg(slot.version(translation.version).value)}});
}

}  // namespace

// linux v6.12 arch/x86/entry/entry_64.S
// An exception or an interrupt drains the store buffer (Intel SDM vol. 3, 12.10), and so does IRET
// on the way back.
// differs: SYSCALL itself drains nothing; here it does. The first thing that the calls of the model
// do, or nearly so, is to take a lock. docs/internals/memory.md says what that leaves out.
void enter_kernel(thread& task) { task.system->memory->fence(); }

// The walk and the access are two steps: between them the entry may change, and the access still
// goes through what the walk found, unless an invalidation has completed on this CPU.
namespace {

/// `announce(Pfn)` makes the step of the access. Returns the page, and how it was found; null if
/// the thread was killed.
template <typename Announce>
folio* user_access(thread& task, Vaddr va, AccessKind kind, Translation& translation,
                   Announce announce) {
  PteSlot& slot = task.mm->pte(task.mm->page_of(va));
  while (translate(task, va, kind, translation)) {
    announce(translation.pfn);
    if (!task.cpu->still_valid(slot, translation)) continue;
    note_if_stale(task, slot, translation);
    return &task.system->page(translation.pfn);
  }
  return nullptr;
}

}  // namespace

bool user_load(thread& task, Vaddr va, std::uint64_t& value) {
  Translation translation;
  folio* page = user_access(task, va, AccessKind::Load, translation, [&](Pfn pfn) {
    task.x().step({.format = "user load {}: {}", .args = {machine::arg(va), machine::arg(pfn)}});
  });
  if (page != nullptr) value = page->frame.load();
  return page != nullptr;
}

bool user_store(thread& task, Vaddr va, std::uint64_t value) {
  Translation translation;
  folio* page = user_access(task, va, AccessKind::Store, translation, [&](Pfn pfn) {
    task.x().step({.format = "user store {} = {}: {}",
                   .args = {machine::arg(va), machine::arg(value), machine::arg(pfn)}});
  });
  if (page == nullptr) return false;
  page->frame.store(value, translation.leaf(task.mm->pte(task.mm->page_of(va))));
  return true;
}

// differs: waits for earlier stores to reach memory, also where hardware has buffers and the
// instruction is not a locked one.
folio* user_begin_update(thread& task, Vaddr va, Translation& translation) {
  return user_access(task, va, AccessKind::Store, translation, [&](Pfn pfn) {
    enter_kernel(task);
    task.x().step({.format = "user store {}: {}", .args = {machine::arg(va), machine::arg(pfn)}});
  });
}

}  // namespace mmcheck::mm

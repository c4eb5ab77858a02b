// SPDX-License-Identifier: Apache-2.0
// Calls on single pages: what drivers and system calls do with pages of user memory.
#include "mm/folio.h"
#include "mm/gup.h"
#include "mm/memory_hotplug.h"
#include "workload/build.h"
#include "workload/interpreter.h"

namespace mmcheck::workload {

namespace {

/// A page as a value of the scenario: never 0, which is no page.
std::int64_t to_value(const mm::folio* page) {
  return page == nullptr ? 0 : std::int64_t{to_index(page->frame.pfn())} + 1;
}

}  // namespace

mm::folio* Interpreter::held_page(const Expr& call, std::int64_t page) {
  if (page == 0) return nullptr;
  for (mm::folio& candidate : system_.folios) {
    if (to_value(&candidate) == page && mm::holds_page(task(), candidate)) return &candidate;
  }
  throw InputError(call.place, call.name + "() of a page that the thread does not hold");
}

std::int64_t Interpreter::memory_call(const Expr& expr) {
  mm::folio* page = Builder::initial_page(system_, scenario_, expr.operands[0]);
  if (page == nullptr) return 0;
  switch (expr.operation) {
    case Operation::AllocPage:
      return to_value(mm::alloc_page(task(), *page));
    case Operation::OfflinePages:
      return mm::offline_pages(task(), *page) ? 1 : 0;
    case Operation::ArchRemoveMemory:
      mm::arch_remove_memory(task(), *page);
      return 0;
    default:
      throw InternalError("not a call on a page of memory");
  }
}

std::int64_t Interpreter::page_call(const Expr& expr) {
  if (expr.operation == Operation::SynchronizeRcu) {
    system_.rcu.synchronize_rcu(task(), system_.cpus.data());
    return 0;
  }
  if (expr.operation == Operation::GetUserPagesFast ||
      expr.operation == Operation::PinUserPagesFast) {
    const bool write = (expr.operands[1].value & kFollWrite) != 0;
    return to_value(mm::get_user_pages_fast(
        task(), address_of(expr.operands[0]),
        {.kind = write ? machine::AccessKind::Store : machine::AccessKind::Load,
         .pin = expr.operation == Operation::PinUserPagesFast}));
  }
  if (expr.operands[0].kind == ExprKind::Page) return memory_call(expr);
  mm::folio* page = held_page(expr, evaluate(expr.operands[0]));
  if (page == nullptr) return 0;
  switch (expr.operation) {
    case Operation::PutPage:
    case Operation::UnpinUserPage:
      mm::put_held_page(task(), *page);
      return 0;
    case Operation::SetPageDirty:
      mm::set_page_dirty(task(), *page);
      return 0;
    case Operation::SetPageDirtyLock:
      mm::set_page_dirty_lock(task(), *page);
      return 0;
    case Operation::MemcpyToPage:
      mm::memcpy_to_page(task(), *page, static_cast<std::uint64_t>(evaluate(expr.operands[1])));
      return 0;
    case Operation::MemcpyFromPage:
      return static_cast<std::int64_t>(mm::memcpy_from_page(task(), *page));
    default:
      throw InternalError("not a call on a page");
  }
}

}  // namespace mmcheck::workload

// SPDX-License-Identifier: Apache-2.0
// What the kernel does of its own accord with the page that is, or was, mapped at an address.
#include "mm/folio.h"
#include "mm/huge_memory.h"
#include "mm/memcontrol.h"
#include "mm/migrate.h"
#include "mm/rmap.h"
#include "mm/vmscan.h"
#include "workload/build.h"
#include "workload/interpreter.h"

namespace mmcheck::workload {

namespace {

std::int64_t walk(mm::thread& task, mm::folio& page, Operation operation) {
  switch (operation) {
    case Operation::RmapWalkAnon:
      return mm::rmap_walk_anon(task, page);
    case Operation::FolioGetAnonVma:
      return mm::rmap_walk_got_anon_vma(task, page);
    case Operation::MemCgroupMoveParent:
      mm::mem_cgroup_move_parent(task, page);
      return 0;
    default:
      throw InternalError("not an activity on a page");
  }
}

}  // namespace

std::int64_t Interpreter::page_activity(const Expr& expr) {
  const Expr& target = expr.operands[0];
  if (expr.operation == Operation::MemCgroupMoveCharge) {
    const ProcessDecl& process = scenario_.processes[target.process];
    mm::mem_cgroup_move_charge(task(), system_.mms[target.process],
                               Builder::first_page_of(process, target.index) + target.page);
    return 0;
  }
  mm::folio* page = Builder::initial_page(system_, scenario_, target);
  if (page == nullptr || !mm::folio_isolate(task(), *page)) return 0;
  const std::int64_t result = walk(task(), *page, expr.operation);
  mm::folio_put(task(), *page);
  return result;
}

std::int64_t Interpreter::folio_activity(const Expr& expr) {
  const Expr& target = expr.operands[0];
  if (expr.operation == Operation::MigrateVma) {
    const ProcessDecl& process = scenario_.processes[target.process];
    mm::migrate_vma(task(), system_.mms[target.process],
                    Builder::first_page_of(process, target.index) + target.page);
    return 0;
  }
  // A large folio begins where its mapping does, and is the mapping's at the start.
  mm::folio* page = Builder::initial_page(system_, scenario_, target);
  if (page == nullptr) return 0;
  const auto head = static_cast<Pfn>(to_index(page->frame.pfn()) - target.page);
  const bool large = scenario_.processes[target.process].mappings[target.index].large_folio;
  return large && mm::split_folio(task(), system_.page(head)) ? 1 : 0;
}

mm::FolioList Interpreter::isolate_folios(const Expr& target) {
  mm::FolioList folios;
  if (target.kind == ExprKind::Page) {
    mm::folio* page = Builder::initial_page(system_, scenario_, target);
    if (page != nullptr) page = &mm::page_folio_lockless(*page);
    if (page != nullptr && mm::folio_isolate(task(), *page)) folios.push_back(page);
    return folios;
  }
  mm::address_space& file = system_.files[target.index];
  for (unsigned index = 0; index < file.nr_pages; ++index) {
    mm::folio* page = system_.file_operations->find_get(task(), file, index);
    if (page == nullptr) continue;
    folios.push_back(page);
    index = page->index + mm::folio_nr_pages(*page) - 1;
  }
  return folios;
}

}  // namespace mmcheck::workload

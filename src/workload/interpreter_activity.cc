// SPDX-License-Identifier: Apache-2.0
// What the kernel does of its own accord with the page that is, or was, mapped at an address.
#include "mm/folio.h"
#include "mm/memcontrol.h"
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

}  // namespace mmcheck::workload

// SPDX-License-Identifier: Apache-2.0
// What the kernel does of its own accord.
#include "fs/filesystem.h"
#include "mm/folio.h"
#include "mm/huge_memory.h"
#include "mm/memcontrol.h"
#include "mm/migrate.h"
#include "mm/oom_kill.h"
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
  if (page != nullptr) page = mm::folio_isolate(task(), *page);
  if (page == nullptr) return 0;
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
    mm::folio* isolated = page == nullptr ? nullptr : mm::folio_isolate(task(), *page);
    if (isolated != nullptr) folios.push_back(isolated);
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

std::int64_t Interpreter::kernel_activity(const Expr& expr) {
  const Expr& target = expr.operands[0];
  switch (expr.operation) {
    case Operation::Writeback: {
      mm::address_space& file = system_.files[target.index];
      fs::file_write_and_wait_range(task(), file, 0, file.nr_pages);
      return 0;
    }
    case Operation::ShrinkFolioList:
      return mm::shrink_folio_list(task(), isolate_folios(target));
    case Operation::ShrinkActiveList:
      return mm::shrink_active_list(task(), isolate_folios(target));
    case Operation::FolioReferenced: {
      std::int64_t referenced = 0;
      for (mm::folio* page : isolate_folios(target)) {
        referenced += mm::folio_referenced(task(), *page);
        mm::folio_put(task(), *page);
      }
      return referenced;
    }
    case Operation::OomKillProcess:
      mm::oom_kill_process(task(), system_.mms[static_cast<std::size_t>(target.value)]);
      return 0;
    default:
      throw InternalError("not an activity of the kernel");
  }
}

}  // namespace mmcheck::workload

// SPDX-License-Identifier: Apache-2.0
// What a scenario asks for and the model has not: said before it runs.
#include <utility>

#include "workload/build.h"
#include "workload/interpreter.h"

namespace mmcheck::workload {

namespace {

void check_whole_mapping(const Scenario& scenario, const Expr& call) {
  const Expr& page = call.operands[0];
  const MappingDecl& mapping = scenario.processes[page.process].mappings[page.index];
  if (page.page == 0 && pages_of(call.operands[1].value) == mapping.nr_pages) return;
  throw InputError(call.place, call.name + "() of a part of the mapping '" + mapping.name +
                                   "' is not modelled: expected all of it");
}

void check_not_huge(const Scenario& scenario, const Expr& call) {
  for (const Expr& operand : call.operands) {
    if (operand.kind != ExprKind::Page) continue;
    if (!scenario.processes[operand.process].mappings[operand.index].huge) continue;
    throw InputError(call.place, call.name + "() of a huge mapping is not modelled");
  }
}

void check_supported(const Scenario& scenario, const Expr& expr) {
  if (expr.kind == ExprKind::Call && !expr.operands.empty() &&
      expr.operands[0].kind == ExprKind::Page &&
      (expr.operation == Operation::Exchange || expr.operation == Operation::CompareExchange ||
       expr.operation == Operation::FetchAdd || expr.operation == Operation::AddReturn)) {
    throw InputError(expr.place,
                     expr.name + "() of mapped memory is not modelled: expected a load or a store");
  }
  if (expr.kind == ExprKind::Call &&
      (expr.operation == Operation::Mlock || expr.operation == Operation::Munlock)) {
    check_whole_mapping(scenario, expr);
  }
  if (expr.kind == ExprKind::Call &&
      (expr.operation == Operation::Mprotect || expr.operation == Operation::Mremap)) {
    check_not_huge(scenario, expr);
  }
  for (const Expr& operand : expr.operands) check_supported(scenario, operand);
}

void check_supported(const Scenario& scenario, const std::vector<Statement>& body) {
  for (const Statement& statement : body) {
    check_supported(scenario, statement.expr);
    check_supported(scenario, statement.then_body);
    check_supported(scenario, statement.else_body);
  }
}

/// VM_LOCKED is read under mmap_lock only.
void check_beside_mlock(const Scenario& scenario, Operation operation, const char* name) {
  if (!any_thread_calls(scenario, operation)) return;
  if (!any_thread_calls(scenario, Operation::Mlock) &&
      !any_thread_calls(scenario, Operation::Munlock)) {
    return;
  }
  throw InputError({scenario.path, 0, 0},
                   scenario.name + ": " + name +
                       " beside mlock() is not modelled: it would not see that a mapping is "
                       "locked");
}

bool any_mapping(const Scenario& scenario, bool MappingDecl::*property) {
  for (const ProcessDecl& process : scenario.processes) {
    for (const MappingDecl& mapping : process.mappings) {
      if (mapping.*property) return true;
    }
  }
  return false;
}

/// What the model knows of small folios only.
void check_beside_large_folios(const Scenario& scenario) {
  if (!has_large_file(scenario) && !any_mapping(scenario, &MappingDecl::large_folio)) return;
  constexpr std::pair<Operation, const char*> kSmallOnly[] = {
      {Operation::Mlock, "mlock()"},
      {Operation::Munlock, "munlock()"},
      {Operation::MemCgroupMoveCharge, "mem_cgroup_move_charge()"},
      {Operation::MemCgroupMoveParent, "mem_cgroup_move_parent()"},
      {Operation::AllocPage, "alloc_page()"},
      {Operation::OfflinePages, "offline_pages()"},
      {Operation::ArchRemoveMemory, "arch_remove_memory()"},
  };
  for (const auto& [operation, name] : kSmallOnly) {
    if (!any_thread_calls(scenario, operation)) continue;
    throw InputError({scenario.path, 0, 0},
                     scenario.name + ": " + name + " beside large folios is not modelled");
  }
  const bool gup = any_thread_calls(scenario, Operation::GetUserPagesFast) ||
                   any_thread_calls(scenario, Operation::PinUserPagesFast);
  if (!gup || !any_mapping(scenario, &MappingDecl::huge)) return;
  throw InputError({scenario.path, 0, 0},
                   scenario.name + ": get_user_pages_fast() of a huge entry is not modelled");
}

}  // namespace

void check_supported(const Scenario& scenario) {
  check_beside_large_folios(scenario);
  check_forks(scenario);
  if (scenario.variables.size() > kVariablesMax) {
    throw InputError(scenario.variables[kVariablesMax].place, "too many variables: at most 32");
  }
  check_beside_mlock(scenario, Operation::ShrinkFolioList, "shrink_folio_list()");
  check_beside_mlock(scenario, Operation::Ftruncate, "ftruncate()");
  if (any_thread_calls(scenario, Operation::Ftruncate)) {
    for (const Operation other :
         {Operation::Load, Operation::Store, Operation::Pread, Operation::Pwrite}) {
      if (!any_thread_calls(scenario, other)) continue;
      throw InputError({scenario.path, 0, 0},
                       scenario.name +
                           ": accesses to memory or files beside ftruncate() are not "
                           "modelled: there is no size of a file that they could exceed");
    }
  }
  for (const ThreadDecl& thread : scenario.threads) {
    if (thread.registers.size() > kRegistersMax) {
      throw InputError(thread.place, "too many registers in " + thread.name + ": at most 32");
    }
    check_supported(scenario, thread.body);
  }
}

}  // namespace mmcheck::workload

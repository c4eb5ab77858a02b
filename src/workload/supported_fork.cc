// SPDX-License-Identifier: Apache-2.0
// What a scenario with fork() asks for and the model has not: said before it runs.
#include <algorithm>

#include "workload/build.h"
#include "workload/interpreter.h"

namespace mmcheck::workload {

namespace {

constexpr Operation kNotBesideFork[] = {Operation::Mlock,
                                        Operation::Munlock,
                                        Operation::MadviseFree,
                                        Operation::Schedule,
                                        Operation::Yield,
                                        Operation::OomKillProcess,
                                        Operation::MemCgroupMoveCharge,
                                        Operation::MemCgroupMoveParent,
                                        Operation::MigrateVma,
                                        Operation::SplitFolio};

unsigned nr_forks(const Expr& expr, unsigned process) {
  const bool here = expr.kind == ExprKind::Call && expr.operation == Operation::Fork &&
                    expr.operands[0].value == process;
  return here ? 1 : 0;
}

unsigned nr_forks(const std::vector<Statement>& body, unsigned process) {
  unsigned forks = 0;
  for (const Statement& statement : body) {
    forks += nr_forks(statement.expr, process) + nr_forks(statement.then_body, process) +
             nr_forks(statement.else_body, process);
  }
  return forks;
}

/// Each child is born once.
void check_births(const Scenario& scenario) {
  for (unsigned process = 0; process < scenario.processes.size(); ++process) {
    const ProcessDecl& decl = scenario.processes[process];
    if (!decl.parent) continue;
    unsigned forks = 0;
    for (const ThreadDecl& thread : scenario.threads) forks += nr_forks(thread, process);
    if (forks == 1) continue;
    throw InputError(decl.place,
                     "expected one call of fork(" + decl.name + "), got " + std::to_string(forks));
  }
}

void check_call(const Scenario& scenario, const Expr& call) {
  const Operation* refused =
      std::find(std::begin(kNotBesideFork), std::end(kNotBesideFork), call.operation);
  const Expr* target = call.operands.empty() ? nullptr : &call.operands[0];
  const bool page = target != nullptr && target->kind == ExprKind::Page;
  const bool swaps =
      call.operation == Operation::ShrinkFolioList && page &&
      scenario.processes[target->process].mappings[target->index].kind != MappingKind::Shared;
  if (refused != std::end(kNotBesideFork) || swaps) {
    throw InputError(call.place, call.name + "() is not modelled beside fork()" +
                                     (swaps ? ", of a page that is no file's" : ""));
  }
}

void check_kernel_call(const Scenario& scenario, const Expr& call) {
  const Expr* target = call.operands.empty() ? nullptr : &call.operands[0];
  if (target == nullptr || target->kind != ExprKind::Page) return;
  const ProcessDecl& process = scenario.processes[target->process];
  if (!process.parent) return;
  throw InputError(target->place,
                   "expected a page of a process that is there when the threads "
                   "start: '" +
                       process.name + "' is born later");
}

void check_expr(const Scenario& scenario, const ThreadDecl& thread, const Expr& expr) {
  if (expr.kind == ExprKind::Call) {
    check_call(scenario, expr);
    if (!thread.process) check_kernel_call(scenario, expr);
  }
  for (const Expr& operand : expr.operands) check_expr(scenario, thread, operand);
}

void check_body(const Scenario& scenario, const ThreadDecl& thread,
                const std::vector<Statement>& body) {
  for (const Statement& statement : body) {
    check_expr(scenario, thread, statement.expr);
    check_body(scenario, thread, statement.then_body);
    check_body(scenario, thread, statement.else_body);
  }
}

}  // namespace

bool has_fork(const Scenario& scenario) {
  return std::any_of(scenario.processes.begin(), scenario.processes.end(),
                     [](const ProcessDecl& process) { return process.parent.has_value(); });
}

unsigned nr_forks(const ThreadDecl& thread, unsigned process) {
  return nr_forks(thread.body, process);
}

void check_forks(const Scenario& scenario) {
  if (!has_fork(scenario)) return;
  check_births(scenario);
  for (const ProcessDecl& decl : scenario.processes) {
    for (const MappingDecl& mapping : decl.mappings) {
      if (!mapping.large_folio && !mapping.huge) continue;
      throw InputError(mapping.place, "large folios beside fork() are not modelled");
    }
  }
  for (const ThreadDecl& thread : scenario.threads) check_body(scenario, thread, thread.body);
}

}  // namespace mmcheck::workload

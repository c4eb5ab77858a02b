// SPDX-License-Identifier: Apache-2.0
#include "workload/litmus.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "workload/interpreter.h"
#include "workload/litmus_program.h"

namespace mmcheck::workload {

namespace {

/// herd's order: registers by thread and name, then variables by name.
auto sort_key(const Scenario& test, const Expr& location) {
  const bool is_register = location.kind == ExprKind::Register;
  return std::tuple(!is_register, is_register ? location.thread : 0,
                    is_register ? test.threads[location.thread].registers[location.index]
                                : test.variables[location.index].name);
}

}  // namespace

void LitmusProgram::note_location(const Expr& expr) {
  const auto key = sort_key(test_, expr);
  const auto at = std::lower_bound(locations_.begin(), locations_.end(), key,
                                   [this](const Expr* location, const auto& wanted) {
                                     return sort_key(test_, *location) < wanted;
                                   });
  if (at == locations_.end() || sort_key(test_, **at) != key) locations_.insert(at, &expr);
}

void LitmusProgram::note_locations(const Expr& condition) {
  const bool is_location =
      condition.kind == ExprKind::Register || condition.kind == ExprKind::Variable;
  if (is_location) note_location(condition);
  for (const Expr& operand : condition.operands) note_locations(operand);
}

LitmusProgram::Word LitmusProgram::final_value(const Expr& location) const {
  return location.kind == ExprKind::Register
             ? threads_[location.thread].registers[location.index]
             : static_cast<Word>(memory_.peek(words_[location.index]));
}

LitmusProgram::Word LitmusProgram::final_condition(const Expr& expr) const {
  if (expr.kind == ExprKind::Number) return expr.value;
  if (expr.kind != ExprKind::Apply) return final_value(expr);
  const Word left = final_condition(expr.operands[0]);
  return apply(expr.oper, left, expr.operands.size() > 1 ? final_condition(expr.operands[1]) : 0);
}

std::string LitmusProgram::text_of(const std::vector<Word>& values) const {
  std::string out;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Expr& location = *locations_[i];
    std::string value = fmt::format("{}", values[i]);
    for (unsigned v = 0; v < test_.variables.size(); ++v) {
      if (values[i] == address_of_variable(v)) value = test_.variables[v].name;
    }
    const std::string name =
        location.kind == ExprKind::Register
            ? fmt::format("{}:{}", location.thread,
                          test_.threads[location.thread].registers[location.index])
            : fmt::format("[{}]", test_.variables[location.index].name);
    out += fmt::format("{}{}={};", out.empty() ? "" : " ", name, value);
  }
  return out;
}

std::vector<FinalState> LitmusProgram::states() const {
  std::vector<FinalState> out;
  for (const auto& [values, holds] : states_) out.push_back({text_of(values), holds});
  return out;
}

const char* name_of(Observation observation) {
  switch (observation) {
    case Observation::Never:
      return "Never";
    case Observation::Sometimes:
      return "Sometimes";
    case Observation::Always:
      return "Always";
  }
  return "?";
}

std::size_t LitmusResult::nr_holding() const {
  return static_cast<std::size_t>(std::count_if(
      states.begin(), states.end(), [](const FinalState& state) { return state.holds; }));
}

LitmusResult run_litmus(const Scenario& test, explore::MemoryModel model,
                        const explore::Options& options) {
  LitmusProgram program(test, model);
  explore::Options all = options;
  // A deadlock is no violation here: such an execution has no final state.
  all.on_violation = explore::OnViolation::Continue;
  const explore::Result found = explore::explore(program, all);
  if (const Expr* bad = program.bad_address()) {
    throw InputError(bad->place, fmt::format("expected the address of a shared variable: in some "
                                             "execution '{}' is none",
                                             bad->name));
  }
  LitmusResult result;
  result.states = program.states();
  result.deadlock = found.counterexample.has_value();
  result.complete = found.complete;
  result.executions = found.executions;
  const std::size_t holding = result.nr_holding();
  result.observation = holding == 0                      ? Observation::Never
                       : holding == result.states.size() ? Observation::Always
                                                         : Observation::Sometimes;
  switch (test.condition ? test.condition->quantifier : Quantifier::Forall) {
    case Quantifier::Exists:
      result.ok = holding > 0;
      break;
    case Quantifier::NotExists:
      result.ok = holding == 0;
      break;
    case Quantifier::Forall:
      result.ok = holding == result.states.size();
      break;
  }
  return result;
}

}  // namespace mmcheck::workload

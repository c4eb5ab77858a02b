// SPDX-License-Identifier: Apache-2.0
// Which calls a scenario makes, and what is mapped when it starts.
#pragma once

#include <algorithm>

#include "workload/scenario.h"

namespace mmcheck::workload {

inline bool populated(const MappingDecl& mapping) { return mapping.populate != Populate::None; }

template <typename Test>
bool any_call(const Expr& expr, const Test& test) {
  return (expr.kind == ExprKind::Call && test(expr)) ||
         std::any_of(expr.operands.begin(), expr.operands.end(),
                     [&](const Expr& operand) { return any_call(operand, test); });
}

template <typename Test>
bool any_call(const std::vector<Statement>& body, const Test& test) {
  return std::any_of(body.begin(), body.end(), [&](const Statement& statement) {
    return any_call(statement.expr, test) || any_call(statement.then_body, test) ||
           any_call(statement.else_body, test);
  });
}

}  // namespace mmcheck::workload

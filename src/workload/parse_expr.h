// SPDX-License-Identifier: Apache-2.0
// Expressions and calls in the body of a thread: names resolved, constants folded, kinds checked.
#pragma once

#include "workload/parse_calls.h"
#include "workload/parse_context.h"

namespace mmcheck::workload {

/// The thread whose body is being parsed.
struct ThreadScope {
  const ParseContext& context;
  ThreadDecl& thread;
  unsigned number;
};

/// An expression and what is known of it besides.
struct TypedExpr {
  Expr expr;
  ConstantFamily family = ConstantFamily::None;
  Result result = Result::Value;  ///< Nothing: a call that has no value
};

bool is_address(const Expr& expr);

std::optional<unsigned> find_register(const ThreadDecl& thread, std::string_view name);

/// Any expression, also an address or a call without a value. `node` is an Expression.
TypedExpr parse_expression(const ThreadScope& scope, const SyntaxNode& node);

/// An expression that has a value.
Expr parse_value(const ThreadScope& scope, const SyntaxNode& node);

/// `node` is an Operand that starts with '*': the address behind it.
Expr parse_store_target(const ThreadScope& scope, const SyntaxNode& node);

/// `node` is a Call. Checks the arguments against the function's parameters.
TypedExpr parse_call(const ThreadScope& scope, const SyntaxNode& node);

/// Fails if the variable is a lock.
void check_word(const ParseContext& context, const SyntaxNode& node, unsigned variable);

/// Fails unless `expr` is the address of a word that the thread may access.
void check_word_address(const ThreadScope& scope, const SyntaxNode& node, const Expr& expr);

}  // namespace mmcheck::workload

// SPDX-License-Identifier: Apache-2.0
// The sections of a scenario file, each added to the scenario in the order in which they stand.
#pragma once

#include "workload/parse_context.h"

namespace mmcheck::workload {

/// Refuses the pointer whose Star this is: in scenarios.
[[noreturn]] void fail_pointer(const ParseContext& context, const SyntaxNode& star);

/// FileDecl, ProcessDecl, GatherDecl or VariableDecl.
void parse_initial_item(ParseContext& context, const SyntaxNode& node);

/// By its type: `node` is a Parameter such as `spinlock_t *lock`, or a VariableDecl.
VariableKind variable_kind(const SyntaxNode& node);

void parse_thread(ParseContext& context, const SyntaxNode& node);

/// Condition, Filter, Locations or Expect.
void parse_final_item(ParseContext& context, const SyntaxNode& node);

}  // namespace mmcheck::workload

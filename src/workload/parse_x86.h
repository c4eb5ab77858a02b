// SPDX-License-Identifier: Apache-2.0
// Litmus tests in assembly for x86: their threads come to the same statements as those in C.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "workload/parse_context.h"

namespace mmcheck::workload {

/// "eax", "EAX" and "rax" name one register: "rax" in the dialect X86_64, "EAX" in X86, as herd
/// writes them. Nothing if there is no such register.
std::optional<std::string> x86_register(std::string_view name, Dialect dialect);

/// The position among the thread's registers; it is added if it is not there.
unsigned x86_register_index(ThreadDecl& thread, const std::string& name);

class X86Parser {
 public:
  explicit X86Parser(ParseContext& context) : context_(context) {}

  /// Adds what the part of the test says to the scenario. False if it is none of assembly's own.
  bool parse(const SyntaxNode& node);

 private:
  struct Operands;

  void parse_register_initial(const SyntaxNode& node);
  void parse_heading(const SyntaxNode& node);
  void parse_row(const SyntaxNode& node);
  void parse_cell(const SyntaxNode& node, unsigned thread);

  Operands operands_of(const SyntaxNode& cell) const;
  void parse_arithmetic(const Operands& in);
  void parse_exchange(const Operands& in);
  /// What makes no sense without `lock`.
  void parse_locked(const Operands& in);

  unsigned register_of(const SyntaxNode& node);
  Expr register_expr(const SyntaxNode& node, unsigned index) const;
  Expr number(const SyntaxNode& node, std::int64_t value) const;
  Expr call(const SyntaxNode& node, Operation operation, std::vector<Expr> operands) const;
  Expr address(const SyntaxNode& memory);
  Expr value(const SyntaxNode& operand);
  /// Adds `target = value` to the thread; the target is a register or in memory.
  void assign(const Operands& in, const SyntaxNode& target, Expr value);
  void add(const Operands& in, StatementKind kind, unsigned target, Expr expr);

  struct InitialRegister {
    unsigned thread = 0;
    std::string name;
    std::int64_t value = 0;
    SourcePlace place;
  };

  ParseContext& context_;
  std::vector<InitialRegister> initial_;
  unsigned thread_ = 0;  ///< whose instruction is being parsed
};

}  // namespace mmcheck::workload

// SPDX-License-Identifier: Apache-2.0
// What the grammar makes of a scenario or a litmus test: a tree of the parts that carry meaning.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mmcheck::workload {

enum class NodeKind : std::uint8_t {
  Root,
  ScenarioName,
  Comment,
  // Initial section
  FileDecl,     ///< Identifier, [Size], [LargeFolio]
  ProcessDecl,  ///< Identifier, [ChildOf], MappingDecl...
  ChildOf,      ///< Identifier
  /// Identifier, [Identifier file], Size, FlagName..., [Size offset], [Populate],
  /// [LargeFolio or MappedHuge]
  MappingDecl,
  GatherDecl,  ///< GatherWhat, Number
  VmaLocksDecl,
  VariableDecl,  ///< [TypeName...], [Star...], Identifier, [Number or Address]
  Address,       ///< Identifier, after '&' or not
  Size,          ///< Number, [PageUnit]
  PageUnit,
  FlagName,
  Populate,
  LargeFolio,
  MappedHuge,
  GatherWhat,
  TypeName,
  // Threads
  Thread,      ///< ThreadName, Parameter..., [Title], Block
  ThreadName,  ///< P0
  Parameter,   ///< TypeName..., Star..., Identifier
  Star,
  Title,
  Block,          ///< statements
  Declaration,    ///< Declarator...
  Declarator,     ///< [Star...], Identifier, [Expression]
  Assign,         ///< Identifier, Expression
  Store,          ///< Operand, Expression
  CallStatement,  ///< Call
  If,             ///< Expression, statement, [statement]
  // Expressions
  Expression,  ///< Operand, (BinaryOperator, Operand)...
  Operand,     ///< UnaryOperator..., one of Number Identifier Qualified Call Expression
  UnaryOperator,
  BinaryOperator,
  Number,
  Identifier,
  Qualified,  ///< Identifier process, Identifier mapping
  Call,       ///< Identifier, Expression...
  // Conditions
  Condition,  ///< Quantifier, ConditionExpression
  Quantifier,
  Filter,               ///< ConditionExpression
  Locations,            ///< Location...
  ConditionExpression,  ///< ConditionOperand, (ConditionOperator, ConditionOperand)...
  ConditionOperand,     ///< ConditionNot..., Relation or ConditionExpression
  ConditionOperator,
  ConditionNot,
  Relation,  ///< Location, RelationOperator, Number or Address
  RelationOperator,
  Location,  ///< [Number thread], Identifier
  // Expectations
  Expect,       ///< Expectation...
  Expectation,  ///< DesignName..., Verdict
  DesignName,
  Verdict,
  // Tests in assembly
  Dialect,          ///< X86_64 or X86
  RegisterInitial,  ///< [TypeName...], Number thread, Identifier, [Number or Address]
  Heading,          ///< ThreadName...
  Row,              ///< Cell...
  Cell,             ///< [LockPrefix], [Identifier, (Immediate, RegisterName or MemoryOperand)...]
  LockPrefix,
  Immediate,      ///< Number or Address
  RegisterName,   ///< Identifier
  MemoryOperand,  ///< RegisterName or Identifier
};

struct SyntaxNode {
  NodeKind kind = NodeKind::Root;
  std::string_view text;  ///< points into the text that was parsed
  unsigned line = 0;
  unsigned column = 0;
  std::vector<SyntaxNode> children;
};

/// What stands at a place of the text, for messages: "'word'", "the end of the line".
std::string describe_place(std::string_view text, std::size_t offset);

/// Throws InputError. The tree is at most a few times kNestingMax deep and refers to `text`.
SyntaxNode parse_syntax(const std::string& text, const std::string& path);

/// The same for a litmus test, in C or in assembly.
SyntaxNode parse_litmus_syntax(const std::string& text, const std::string& path);

/// Whether a text says that it is a test in assembly for x86.
bool is_x86_syntax(const std::string& text);
SyntaxNode parse_x86_syntax(const std::string& text, const std::string& path);

}  // namespace mmcheck::workload

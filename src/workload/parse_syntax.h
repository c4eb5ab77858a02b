// SPDX-License-Identifier: Apache-2.0
// What the grammar makes of a scenario file: a tree of the parts that carry meaning. The grammar
// itself is seen by parse_syntax.cc only, as its templates are slow to compile.
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
  FileDecl,      ///< Identifier, [Size]
  ProcessDecl,   ///< Identifier, MappingDecl...
  MappingDecl,   ///< Identifier, [Identifier file], Size, FlagName..., [Size offset], [Populate]
  GatherDecl,    ///< GatherWhat, Number
  VariableDecl,  ///< [TypeName...], Identifier, [Number]
  Size,          ///< Number, [PageUnit]
  PageUnit,
  FlagName,
  Populate,
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
  Declarator,     ///< Identifier, [Expression]
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
  Locations,            ///< Location...
  ConditionExpression,  ///< ConditionOperand, (ConditionOperator, ConditionOperand)...
  ConditionOperand,     ///< ConditionNot..., Relation or ConditionExpression
  ConditionOperator,
  ConditionNot,
  Relation,  ///< Location, RelationOperator, Number
  RelationOperator,
  Location,  ///< [Number thread], Identifier
  // Expectations
  Expect,       ///< Expectation...
  Expectation,  ///< DesignName..., Verdict
  DesignName,
  Verdict,
};

struct SyntaxNode {
  NodeKind kind = NodeKind::Root;
  std::string_view text;  ///< points into the text that was parsed
  unsigned line = 0;
  unsigned column = 0;
  std::vector<SyntaxNode> children;
};

/// Throws InputError. The tree is at most a few times kNestingMax deep and refers to `text`.
SyntaxNode parse_syntax(const std::string& text, const std::string& path);

}  // namespace mmcheck::workload

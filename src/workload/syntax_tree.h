// SPDX-License-Identifier: Apache-2.0
// From rules of the grammar to nodes: which rule makes which, and the parse itself. Seen by the
// two files that hold a grammar only, as its templates are slow to compile.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>
#include <tao/pegtl/contrib/parse_tree.hpp>
#include <utility>
#include <vector>

#include "base/error.h"
#include "workload/grammar_errors.h"
#include "workload/parse_syntax.h"

namespace mmcheck::workload::syntax {

/// The kind of node that a rule makes. Rules that are not named here make none.
template <typename Rule>
inline constexpr NodeKind kKind = NodeKind::Root;

template <>
inline constexpr NodeKind kKind<grammar::scenario_name> = NodeKind::ScenarioName;
template <>
inline constexpr NodeKind kKind<grammar::leading_comment> = NodeKind::Comment;
template <>
inline constexpr NodeKind kKind<grammar::file_decl> = NodeKind::FileDecl;
template <>
inline constexpr NodeKind kKind<grammar::process_decl> = NodeKind::ProcessDecl;
template <>
inline constexpr NodeKind kKind<grammar::child_of> = NodeKind::ChildOf;
template <>
inline constexpr NodeKind kKind<grammar::mapping_decl> = NodeKind::MappingDecl;
template <>
inline constexpr NodeKind kKind<grammar::gather_decl> = NodeKind::GatherDecl;
template <>
inline constexpr NodeKind kKind<grammar::vma_locks_decl> = NodeKind::VmaLocksDecl;
template <>
inline constexpr NodeKind kKind<grammar::variable_decl> = NodeKind::VariableDecl;
template <>
inline constexpr NodeKind kKind<grammar::size> = NodeKind::Size;
template <>
inline constexpr NodeKind kKind<grammar::page_unit> = NodeKind::PageUnit;
template <>
inline constexpr NodeKind kKind<grammar::flag_name> = NodeKind::FlagName;
template <>
inline constexpr NodeKind kKind<grammar::populate> = NodeKind::Populate;
template <>
inline constexpr NodeKind kKind<grammar::large_folio> = NodeKind::LargeFolio;
template <>
inline constexpr NodeKind kKind<grammar::mapped_huge> = NodeKind::MappedHuge;
template <>
inline constexpr NodeKind kKind<grammar::gather_what> = NodeKind::GatherWhat;
template <>
inline constexpr NodeKind kKind<grammar::type_name> = NodeKind::TypeName;
template <>
inline constexpr NodeKind kKind<grammar::thread> = NodeKind::Thread;
template <>
inline constexpr NodeKind kKind<grammar::thread_name> = NodeKind::ThreadName;
template <>
inline constexpr NodeKind kKind<grammar::parameter> = NodeKind::Parameter;
template <>
inline constexpr NodeKind kKind<grammar::star_sign> = NodeKind::Star;
template <>
inline constexpr NodeKind kKind<grammar::quoted_text> = NodeKind::Title;
template <>
inline constexpr NodeKind kKind<grammar::body> = NodeKind::Block;
template <>
inline constexpr NodeKind kKind<grammar::block> = NodeKind::Block;
template <>
inline constexpr NodeKind kKind<grammar::empty_statement> = NodeKind::Block;
template <>
inline constexpr NodeKind kKind<grammar::declaration> = NodeKind::Declaration;
template <>
inline constexpr NodeKind kKind<grammar::declarator> = NodeKind::Declarator;
template <>
inline constexpr NodeKind kKind<grammar::assign> = NodeKind::Assign;
template <>
inline constexpr NodeKind kKind<grammar::store> = NodeKind::Store;
template <>
inline constexpr NodeKind kKind<grammar::call_statement> = NodeKind::CallStatement;
template <>
inline constexpr NodeKind kKind<grammar::if_statement> = NodeKind::If;
template <>
inline constexpr NodeKind kKind<grammar::expression> = NodeKind::Expression;
template <>
inline constexpr NodeKind kKind<grammar::operand> = NodeKind::Operand;
template <>
inline constexpr NodeKind kKind<grammar::unary_operator> = NodeKind::UnaryOperator;
template <>
inline constexpr NodeKind kKind<grammar::binary_operator> = NodeKind::BinaryOperator;
template <>
inline constexpr NodeKind kKind<grammar::number> = NodeKind::Number;
template <>
inline constexpr NodeKind kKind<grammar::signed_number> = NodeKind::Number;
template <>
inline constexpr NodeKind kKind<grammar::identifier> = NodeKind::Identifier;
template <>
inline constexpr NodeKind kKind<grammar::qualified> = NodeKind::Qualified;
template <>
inline constexpr NodeKind kKind<grammar::call> = NodeKind::Call;
template <>
inline constexpr NodeKind kKind<grammar::condition> = NodeKind::Condition;
template <>
inline constexpr NodeKind kKind<grammar::quantifier> = NodeKind::Quantifier;
template <>
inline constexpr NodeKind kKind<grammar::address_of> = NodeKind::Address;
template <>
inline constexpr NodeKind kKind<grammar::filter> = NodeKind::Filter;
template <>
inline constexpr NodeKind kKind<grammar::locations> = NodeKind::Locations;
template <>
inline constexpr NodeKind kKind<grammar::condition_expression> = NodeKind::ConditionExpression;
template <>
inline constexpr NodeKind kKind<grammar::condition_operand> = NodeKind::ConditionOperand;
template <>
inline constexpr NodeKind kKind<grammar::condition_operator> = NodeKind::ConditionOperator;
template <>
inline constexpr NodeKind kKind<grammar::condition_not> = NodeKind::ConditionNot;
template <>
inline constexpr NodeKind kKind<grammar::relation> = NodeKind::Relation;
template <>
inline constexpr NodeKind kKind<grammar::relation_operator> = NodeKind::RelationOperator;
template <>
inline constexpr NodeKind kKind<grammar::location> = NodeKind::Location;
template <>
inline constexpr NodeKind kKind<grammar::expect> = NodeKind::Expect;
template <>
inline constexpr NodeKind kKind<grammar::expectation> = NodeKind::Expectation;
template <>
inline constexpr NodeKind kKind<grammar::design_name> = NodeKind::DesignName;
template <>
inline constexpr NodeKind kKind<grammar::verdict> = NodeKind::Verdict;

template <typename Rule>
struct Selector : std::bool_constant<kKind<Rule> != NodeKind::Root> {};

/// The node type of PEGTL's tree, with our kinds in place of names of C++ types.
struct TreeNode {
  using children_t = std::vector<std::unique_ptr<TreeNode>>;

  template <typename Rule, typename ParseInput, typename... States>
  void start(const ParseInput& in, States&&... /*states*/) {
    kind = kKind<Rule>;
    begin = in.current();
    line = static_cast<unsigned>(in.line());
    column = static_cast<unsigned>(in.column());
  }
  template <typename Rule, typename ParseInput, typename... States>
  void success(const ParseInput& in, States&&... /*states*/) {
    end = in.current();
  }
  template <typename Rule, typename ParseInput, typename... States>
  void failure(const ParseInput& /*in*/, States&&... /*states*/) {}
  template <typename... States>
  void emplace_back(std::unique_ptr<TreeNode>&& child, States&&... /*states*/) {
    children.push_back(std::move(child));
  }

  children_t children;
  NodeKind kind = NodeKind::Root;
  const char* begin = nullptr;
  const char* end = nullptr;
  unsigned line = 0;
  unsigned column = 0;
};

inline SyntaxNode convert(const TreeNode& node) {
  SyntaxNode result;
  result.kind = node.kind;
  if (node.end != nullptr) {
    result.text = std::string_view(node.begin, static_cast<std::size_t>(node.end - node.begin));
  }
  result.line = node.line;
  result.column = node.column;
  result.children.reserve(node.children.size());
  for (const auto& child : node.children) {
    result.children.push_back(convert(*child));
  }
  return result;
}

/// Parses the whole text by the grammar. Throws InputError.
template <typename Grammar>
SyntaxNode parse(const std::string& text, const std::string& path) {
  if (text.size() > kFileBytesMax) {
    throw InputError(SourcePlace{path, 1, 1},
                     fmt::format("expected at most {} bytes, got {}", kFileBytesMax, text.size()));
  }
  tao::pegtl::memory_input<> in(text.data(), text.data() + text.size(), "");
  unsigned depth = 0;
  try {
    const auto root = tao::pegtl::parse_tree::parse<Grammar, TreeNode, Selector, grammar::Action,
                                                    grammar::Control>(in, depth);
    if (!root) {
      throw InternalError("the grammar neither matched nor raised");
    }
    return convert(*root);
  } catch (const grammar::SyntaxError& error) {
    std::string message = error.message.text != nullptr ? error.message.text : "syntax error";
    if (error.message.got == grammar::Got::Show) {
      message += ", got " + describe_place(text, error.position.byte);
    }
    throw InputError(SourcePlace{path, static_cast<unsigned>(error.position.line),
                                 static_cast<unsigned>(error.position.column)},
                     message);
  }
}

}  // namespace mmcheck::workload::syntax

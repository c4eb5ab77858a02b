// SPDX-License-Identifier: Apache-2.0
#include "workload/grammar_x86.h"
#include "workload/parse_syntax.h"
#include "workload/syntax_tree.h"

namespace mmcheck::workload {
namespace syntax {

template <>
inline constexpr NodeKind kKind<grammar::x86_word> = NodeKind::Dialect;
template <>
inline constexpr NodeKind kKind<grammar::x86_register_initial> = NodeKind::RegisterInitial;
template <>
inline constexpr NodeKind kKind<grammar::x86_heading> = NodeKind::Heading;
template <>
inline constexpr NodeKind kKind<grammar::x86_row> = NodeKind::Row;
template <>
inline constexpr NodeKind kKind<grammar::x86_cell> = NodeKind::Cell;
template <>
inline constexpr NodeKind kKind<grammar::x86_lock_word> = NodeKind::LockPrefix;
template <>
inline constexpr NodeKind kKind<grammar::x86_immediate> = NodeKind::Immediate;
template <>
inline constexpr NodeKind kKind<grammar::x86_register> = NodeKind::RegisterName;
template <>
inline constexpr NodeKind kKind<grammar::x86_bare_register> = NodeKind::RegisterName;
template <>
inline constexpr NodeKind kKind<grammar::x86_memory> = NodeKind::MemoryOperand;

}  // namespace syntax

bool is_x86_syntax(const std::string& text) {
  tao::pegtl::memory_input<> in(text.data(), text.data() + text.size(), "");
  try {
    return tao::pegtl::parse<tao::pegtl::seq<grammar::gap, grammar::x86_word>, tao::pegtl::nothing,
                             grammar::Control>(in);
  } catch (const grammar::SyntaxError&) {
    return false;  // a comment without an end: the parser says so
  }
}

SyntaxNode parse_x86_syntax(const std::string& text, const std::string& path) {
  return syntax::parse<grammar::x86_file>(text, path);
}

}  // namespace mmcheck::workload

// SPDX-License-Identifier: Apache-2.0
// What is said when a rule of the grammar that must match does not, and the control class that says
// it. A rule in must<> without a message does not compile.
#pragma once

#include <string>

#include "workload/grammar.h"
#include "workload/parse_limits.h"

namespace mmcheck::workload::grammar {

/// Whether the message goes on with ", got ...": what stands at the place of the error.
enum class Got : std::uint8_t { Show, Omit };

struct Message {
  const char* text = nullptr;
  Got got = Got::Show;
};

/// Thrown by the control class; parse_syntax.cc makes an InputError of it.
struct SyntaxError {
  Message message;
  tao::pegtl::position position;
};

template <typename Rule>
struct NoMessageFor;  // never defined
template <typename Rule>
inline constexpr Message message = NoMessageFor<Rule>::value;

// Rules that cannot fail, or that raise a message of their own within.
template <typename... R>
inline constexpr Message message<opt<R...>>{};
template <typename... R>
inline constexpr Message message<star<R...>>{};
template <>
inline constexpr Message message<gap>{};
template <>
inline constexpr Message message<file_title>{"expected the scenario's name after 'C'"};
template <>
inline constexpr Message message<initial_section>{};
template <>
inline constexpr Message message<statements>{};
template <>
inline constexpr Message message<arguments>{};
template <>
inline constexpr Message message<parameters>{};
template <>
inline constexpr Message message<body>{};
template <>
inline constexpr Message message<quoted_text>{};
template <>
inline constexpr Message message<variable_pointer>{};
template <>
inline constexpr Message message<remarks>{};
template <>
inline constexpr Message message<variable_rest>{};

// Comments.
template <>
inline constexpr Message message<open_c_comment>{
    "expected '*/' to end the comment that begins here", Got::Omit};
template <>
inline constexpr Message message<open_ml_comment>{
    "expected '*)' to end the comment that begins here", Got::Omit};

// Expressions.
template <>
inline constexpr Message message<next_argument>{"expected an argument after ','"};
template <>
inline constexpr Message message<arguments_close>{"expected ',' or ')' in the arguments"};
template <>
inline constexpr Message message<mapping_name>{"expected the name of a mapping after ':'"};
template <>
inline constexpr Message message<group_expression>{"expected an expression after '('"};
template <>
inline constexpr Message message<group_close>{"expected ')' or an operator"};
template <>
inline constexpr Message message<primary_after_operator>{
    "expected a number, a name, a call or '(' after the operator"};
template <>
inline constexpr Message message<operand_after_operator>{
    "expected a number, a name, a call or '(' after the operator"};
template <>
inline constexpr Message message<index_sign>{
    "expected an address with an offset in bytes, as in *(x + 4096): arrays are not supported",
    Got::Omit};

// Statements.
template <>
inline constexpr Message message<assigned_expression>{"expected an expression after '='"};
template <>
inline constexpr Message message<statement_end>{"expected ';' or an operator"};
template <>
inline constexpr Message message<call_end>{"expected ';' after the call"};
template <>
inline constexpr Message message<declared_end>{"expected ',' or ';' after the local variable"};
template <>
inline constexpr Message message<declared_name>{"expected the name of a local variable"};
template <>
inline constexpr Message message<declarator>{"expected the name of a local variable"};
template <>
inline constexpr Message message<store_target>{"expected an address after '*'"};
template <>
inline constexpr Message message<store_sign>{"expected '=' after the address that is stored to"};
template <>
inline constexpr Message message<if_open>{"expected '(' after 'if'"};
template <>
inline constexpr Message message<if_expression>{"expected a condition after 'if ('"};
template <>
inline constexpr Message message<if_close>{"expected ')' or an operator"};
template <>
inline constexpr Message message<branch>{"expected a statement or '{'"};
template <>
inline constexpr Message message<refused_word>{
    "expected an assignment, a call or 'if': loops, jumps and 'return' are not supported"};
template <>
inline constexpr Message message<after_name>{"expected '=' or '(' after the name"};
template <>
inline constexpr Message message<block_close>{"expected a statement or '}'"};

// Threads.
template <>
inline constexpr Message message<next_parameter>{"expected a parameter after ','"};
template <>
inline constexpr Message message<parameters_open>{"expected '(' after the name of the thread"};
template <>
inline constexpr Message message<parameters_close>{
    "expected ')' after a process, 'kernel' or parameters such as 'int *x'"};
template <>
inline constexpr Message message<quote_close>{"expected '\"' to end the title (printable ASCII)"};
template <>
inline constexpr Message message<body_open>{"expected '{' and the statements of the thread"};
template <>
inline constexpr Message message<body_close>{"expected a statement or '}'"};

// Initial section.
template <>
inline constexpr Message message<declaration_end>{"expected ';' at the end of the declaration"};
template <>
inline constexpr Message message<file_name>{"expected the name of the file"};
template <>
inline constexpr Message message<file_size>{"expected the size of the file, such as '2 pages'"};
template <>
inline constexpr Message message<file_end>{"expected ';', or a size as in 'file f, 2 pages;'"};
template <>
inline constexpr Message message<gather_kind>{
    "expected 'batch', 'batches' or 'tables' after 'gather'"};
template <>
inline constexpr Message message<gather_number>{"expected a number"};
template <>
inline constexpr Message message<mapping_sign>{"expected '=' after the name of the mapping"};
template <>
inline constexpr Message message<mmap_word>{"expected 'mmap' after '='"};
template <>
inline constexpr Message message<mmap_open>{"expected '(' after 'mmap'"};
template <>
inline constexpr Message message<mapped_size>{
    "expected the size of the mapping, such as '1 page', after the file if there is one"};
template <>
inline constexpr Message message<mapped_comma>{"expected ',' and the mapping's flags"};
template <>
inline constexpr Message message<mapped_flags>{"expected flags such as MAP_SHARED"};
template <>
inline constexpr Message message<flag_name>{"expected a flag after '|'"};
template <>
inline constexpr Message message<mapped_offset>{
    "expected the offset in the file, such as '1 page'"};
template <>
inline constexpr Message message<mapped_close>{"expected ')' after the mapping's flags"};
template <>
inline constexpr Message message<populate_word>{"expected 'read' or 'dirty'"};
template <>
inline constexpr Message message<large_folio_words>{"expected 'large folio'"};
template <>
inline constexpr Message message<vma_locks_word>{"expected 'locks' after 'vma'"};
template <>
inline constexpr Message message<mapped_size_words>{"expected 'large folio' or 'huge'"};
template <>
inline constexpr Message message<process_name>{"expected the name of the process"};
template <>
inline constexpr Message message<process_body>{"expected '{' or ';' after the process"};
template <>
inline constexpr Message message<child_words>{"expected 'child of' after the ','"};
template <>
inline constexpr Message message<child_of>{"expected the process that it is forked from"};
template <>
inline constexpr Message message<child_end>{"expected ';': a child has the mappings of its parent"};
template <>
inline constexpr Message message<process_close>{"expected a mapping or '}'"};
template <>
inline constexpr Message message<atomic_init_open>{"expected '(' after ATOMIC_INIT"};
template <>
inline constexpr Message message<atomic_init_close>{"expected ')' after the initial value"};
template <>
inline constexpr Message message<initial_number>{"expected a number as the initial value"};
template <>
inline constexpr Message message<initial_value>{"expected a number as the initial value"};
template <>
inline constexpr Message message<variable_name>{"expected the name of a shared variable"};
template <>
inline constexpr Message message<register_colon>{
    "expected a shared variable: local variables start as 0, assign them in the thread"};
template <>
inline constexpr Message message<variable_end>{
    "expected ';' or a value, as in 'x = 0;', after the variable"};
template <>
inline constexpr Message message<initial_open>{
    "expected '{' and the initial section after the scenario's name"};
template <>
inline constexpr Message message<initial_close>{
    "expected 'file', 'process', 'gather', a variable or '}'"};

// Conditions.
template <>
inline constexpr Message message<location_name>{"expected the name of a variable"};
template <>
inline constexpr Message message<bracket_close>{"expected ']'"};
template <>
inline constexpr Message message<relation_sign>{"expected '=' or '!='"};
template <>
inline constexpr Message message<relation_number>{"expected a number to compare with"};
template <>
inline constexpr Message message<condition_close>{"expected ')', '/\\' or '\\/'"};
template <>
inline constexpr Message message<condition_group_expression>{
    "expected a condition such as '0:r0=1' after '('"};
template <>
inline constexpr Message message<condition_after_not>{
    "expected a condition such as '0:r0=1' after the negation"};
template <>
inline constexpr Message message<condition_after_operator>{
    "expected a condition such as '0:r0=1' after the operator"};
template <>
inline constexpr Message message<quantified>{"expected a condition such as '(0:r0=1)'"};
template <>
inline constexpr Message message<locations_open>{"expected '[' after 'locations'"};
template <>
inline constexpr Message message<locations_close>{"expected a variable and ';', or ']'"};

// Expectations.
template <>
inline constexpr Message message<next_design>{"expected the name of a design after ','"};
template <>
inline constexpr Message message<expected_colon>{"expected ':' and a verdict after the design"};
template <>
inline constexpr Message message<expected_verdict>{
    "expected 'held' or the name of a rule, such as R-WRITE"};
template <>
inline constexpr Message message<expected_end>{"expected ';' after the verdict"};
template <>
inline constexpr Message message<expect_open>{"expected '{' after 'expect'"};
template <>
inline constexpr Message message<expect_close>{"expected the name of a design, '*' or '}'"};

// The file.
template <>
inline constexpr Message message<dialect>{
    "expected 'C' and the scenario's name, as in 'C munmap+store+msync'"};
template <>
inline constexpr Message message<litmus_dialect>{
    "expected 'C', 'X86_64' or 'X86' and the test's name, as in 'C SB+mbonceonces'"};
template <>
inline constexpr Message message<file_after_dialect>{};
template <>
inline constexpr Message message<first_thread>{"expected a thread, such as 'P0(A) { ... }'"};
template <>
inline constexpr Message message<file_rest>{
    "expected a thread, 'exists', 'expect' or the end of the file"};

/// Raises the messages above. Only what is in must<> and raise<> gets here.
template <typename Rule>
struct Control : tao::pegtl::normal<Rule> {
  template <typename ParseInput, typename... States>
  [[noreturn]] static void raise(const ParseInput& in, States&&... /*states*/) {
    throw SyntaxError{message<Rule>, in.position()};
  }
};

/// Keeps the depth of statements and expressions within kNestingMax, as each level costs stack.
template <typename Rule>
struct Action : tao::pegtl::nothing<Rule> {};

struct BoundedNesting : tao::pegtl::maybe_nothing {
  template <typename Rule, tao::pegtl::apply_mode A, tao::pegtl::rewind_mode M,
            template <typename...> class Actions, template <typename...> class Controls,
            typename ParseInput, typename... States>
  static bool match(ParseInput& in, unsigned& depth, States&&... states) {
    struct Level {
      explicit Level(unsigned& counter) : depth(counter) { ++depth; }
      ~Level() { --depth; }
      Level(const Level&) = delete;
      Level& operator=(const Level&) = delete;
      unsigned& depth;
    };
    const Level level(depth);
    if (depth > kNestingMax) {
      throw SyntaxError{{"expected at most 32 levels of nesting here", Got::Omit}, in.position()};
    }
    return tao::pegtl::match<Rule, A, M, Actions, Controls>(in, depth, states...);
  }
};
static_assert(kNestingMax == 32, "the message above says so");

template <>
struct Action<statement> : BoundedNesting {};
template <>
struct Action<expression> : BoundedNesting {};
template <>
struct Action<condition_expression> : BoundedNesting {};

}  // namespace mmcheck::workload::grammar

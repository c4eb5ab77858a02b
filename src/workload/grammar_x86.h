// SPDX-License-Identifier: Apache-2.0
// Litmus tests in assembly for x86, as herdtools7 writes them: a column per thread. The dialect
// X86_64 is in AT&T's order of operands, X86 in Intel's; what an operand is shows in its first
// sign. The initial section and the condition are those of the C dialect.
#pragma once

#include "workload/grammar_errors.h"

namespace mmcheck::workload::grammar {

struct x86_word : sor<word<'X', '8', '6', '_', '6', '4'>, word<'X', '8', '6'>> {};
struct x86_name_gap : plus<one<' ', '\t'>> {};

// Initial section: registers besides variables.

struct x86_register_initial_name : seq<identifier, gap> {};
struct x86_register_rest : seq<opt<if_must<mark<'='>, initial_value>>, must<variable_end>> {};
struct x86_register_initial : if_must<seq<star<type_name, gap>, number, gap, mark<':'>>,
                                      x86_register_initial_name, x86_register_rest> {};
struct x86_initial_item : sor<mark<';'>, x86_register_initial, variable_decl> {};
struct x86_initial_close : mark<'}'> {};
struct x86_initial : must<initial_open, star<x86_initial_item>, x86_initial_close> {};

// Instructions.

struct x86_lock_word : sor<word<'l', 'o', 'c', 'k'>, word<'L', 'O', 'C', 'K'>> {};
struct x86_percent : one<'%'> {};
struct x86_register_word : seq<identifier> {};
struct x86_register : if_must<x86_percent, x86_register_word> {};
struct x86_bare_register : seq<identifier> {};
struct x86_immediate_value : sor<signed_number, address_of> {};
struct x86_immediate : if_must<one<'$'>, x86_immediate_value> {};
struct x86_address : seq<sor<x86_register, identifier>, gap> {};
struct x86_round_close : one<')'> {};
struct x86_square_close : one<']'> {};
struct x86_memory : sor<if_must<mark<'('>, x86_address, x86_round_close>,
                        if_must<mark<'['>, x86_address, x86_square_close>> {};
struct x86_operand : seq<sor<x86_immediate, x86_register, x86_memory, x86_bare_register>, gap> {};
struct x86_next_operand : seq<x86_operand> {};
struct x86_operands : opt<x86_operand, star<mark<','>, must<x86_next_operand>>> {};
struct x86_cell : seq<opt<x86_lock_word, gap>, opt<identifier, gap, x86_operands>> {};

// The table.

struct x86_next_thread : seq<thread_name, gap> {};
struct x86_heading_end : mark<';'> {};
struct x86_heading
    : if_must<seq<thread_name, gap>, star<mark<'|'>, must<x86_next_thread>>, x86_heading_end> {};
struct x86_first_row : seq<x86_heading> {};
struct x86_section_word : sor<quantifier, word<'f', 'i', 'l', 't', 'e', 'r'>,
                              word<'l', 'o', 'c', 'a', 't', 'i', 'o', 'n', 's'>> {};
struct x86_row_end : mark<';'> {};
struct x86_row_start : seq<not_at<eof>, not_at<x86_section_word>> {};
struct x86_row : if_must<x86_row_start, x86_cell, star<mark<'|'>, x86_cell>, x86_row_end> {};
struct x86_last_section : sor<condition, filter, locations> {};
struct x86_file_rest : eof {};
struct x86_file : must<gap, x86_word, x86_name_gap, file_title, remarks, x86_initial, x86_first_row,
                       star<x86_row>, star<x86_last_section>, x86_file_rest> {};

template <>
inline constexpr Message message<x86_word>{};
template <>
inline constexpr Message message<x86_name_gap>{"expected the test's name after the architecture"};
template <>
inline constexpr Message message<x86_initial>{};
template <>
inline constexpr Message message<x86_register_initial_name>{"expected a register after ':'"};
template <>
inline constexpr Message message<x86_register_rest>{};
template <>
inline constexpr Message message<x86_initial_close>{
    "expected a variable, a register such as '0:rax', or '}'"};
template <>
inline constexpr Message message<x86_register_word>{"expected a register after '%'"};
template <>
inline constexpr Message message<x86_immediate_value>{"expected a number or a name after '$'"};
template <>
inline constexpr Message message<x86_address>{
    "expected a variable, or a register that holds its address"};
template <>
inline constexpr Message message<x86_round_close>{"expected ')' after the address"};
template <>
inline constexpr Message message<x86_square_close>{"expected ']' after the address"};
template <>
inline constexpr Message message<x86_next_operand>{"expected an operand after ','"};
template <>
inline constexpr Message message<x86_cell>{};
template <>
inline constexpr Message message<x86_next_thread>{"expected the name of a thread after '|'"};
template <>
inline constexpr Message message<x86_heading_end>{"expected '|' or ';' after the thread"};
template <>
inline constexpr Message message<x86_first_row>{"expected the names of the threads: 'P0 | P1 ;'"};
template <>
inline constexpr Message message<x86_row_end>{"expected an instruction, '|' or ';'"};
template <>
inline constexpr Message message<x86_file_rest>{
    "expected 'exists', 'locations' or the end of the file"};

}  // namespace mmcheck::workload::grammar

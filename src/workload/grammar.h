// SPDX-License-Identifier: Apache-2.0
// The grammar of scenario files. After the first token that tells what something is, all that
// follows is in must<>, so that the parser never backs out of it: it runs in linear time, and an
// error is reported where it is and not where the parser gave up. grammar_errors.h has the
// messages. grammar_x86.h has what is different in assembly.
#pragma once

#include <tao/pegtl.hpp>

namespace mmcheck::workload::grammar {

using tao::pegtl::any;
using tao::pegtl::at;
using tao::pegtl::digit;
using tao::pegtl::eof;
using tao::pegtl::eolf;
using tao::pegtl::identifier_other;
using tao::pegtl::if_must;
using tao::pegtl::must;
using tao::pegtl::not_at;
using tao::pegtl::not_one;
using tao::pegtl::one;
using tao::pegtl::opt;
using tao::pegtl::plus;
using tao::pegtl::raise;
using tao::pegtl::range;
using tao::pegtl::ranges;
using tao::pegtl::seq;
using tao::pegtl::sor;
using tao::pegtl::space;
using tao::pegtl::star;
using tao::pegtl::string;
using tao::pegtl::until;
using tao::pegtl::xdigit;

// Blanks. Within the body of a thread "(*" opens no comment: it is the start of READ_ONCE(*x).

struct open_c_comment : string<'/', '*'> {};
struct open_ml_comment : string<'(', '*'> {};
struct line_comment : seq<string<'/', '/'>, until<eolf>> {};
struct c_comment : seq<at<open_c_comment>,
                       sor<seq<open_c_comment, until<string<'*', '/'>>>, raise<open_c_comment>>> {};
struct ml_comment
    : seq<at<open_ml_comment>,
          sor<seq<open_ml_comment, until<string<'*', ')'>>>, raise<open_ml_comment>>> {};
struct blank : star<sor<space, line_comment, c_comment>> {};
struct gap : star<sor<space, line_comment, c_comment, ml_comment>> {};

// Tokens: `tok` within the body of a thread, `mark` outside.

template <char... C>
struct tok : seq<string<C...>, blank> {};
template <char... C>
struct mark : seq<string<C...>, gap> {};
template <char... C>
struct word : seq<string<C...>, not_at<identifier_other>> {};

struct identifier : tao::pegtl::identifier {};
struct digits : sor<seq<one<'0'>, one<'x', 'X'>, plus<xdigit>>, plus<digit>> {};
struct number : seq<digits, not_at<identifier_other>> {};
struct signed_number : seq<opt<one<'-'>>, digits, not_at<identifier_other>> {};

struct type_word
    : sor<word<'v', 'o', 'i', 'd'>, word<'i', 'n', 't'>, word<'l', 'o', 'n', 'g'>,
          word<'s', 'h', 'o', 'r', 't'>, word<'c', 'h', 'a', 'r'>,
          word<'u', 'n', 's', 'i', 'g', 'n', 'e', 'd'>, word<'s', 'i', 'g', 'n', 'e', 'd'>,
          word<'b', 'o', 'o', 'l'>, word<'u', '8'>, word<'u', '1', '6'>, word<'u', '3', '2'>,
          word<'u', '6', '4'>, word<'s', '3', '2'>, word<'s', '6', '4'>,
          word<'s', 'i', 'z', 'e', '_', 't'>, word<'i', 'n', 't', 'p', 't', 'r', '_', 't'>,
          word<'u', 'i', 'n', 't', 'p', 't', 'r', '_', 't'>,
          word<'i', 'n', 't', '3', '2', '_', 't'>, word<'i', 'n', 't', '6', '4', '_', 't'>,
          word<'u', 'i', 'n', 't', '3', '2', '_', 't'>,
          word<'u', 'i', 'n', 't', '6', '4', '_', 't'>,
          word<'v', 'o', 'l', 'a', 't', 'i', 'l', 'e'>, word<'c', 'o', 'n', 's', 't'>,
          word<'s', 't', 'r', 'u', 'c', 't'>,
          word<'s', 'r', 'c', 'u', '_', 's', 't', 'r', 'u', 'c', 't'>,
          word<'a', 't', 'o', 'm', 'i', 'c', '_', 't'>,
          word<'s', 'p', 'i', 'n', 'l', 'o', 'c', 'k', '_', 't'>> {};
struct type_name : seq<type_word> {};

// Expressions. Precedence is settled when the tree is built: here they are flat lists.

struct expression;
struct operand_after_operator;

struct unary_operator : one<'!', '~', '-', '+', '*', '&'> {};
struct binary_operator
    : sor<string<'|', '|'>, string<'&', '&'>, string<'=', '='>, string<'!', '='>, string<'<', '='>,
          string<'>', '='>, one<'|', '^', '&', '<', '>', '+', '-', '*'>> {};

struct index_sign : one<'['> {};
struct no_index : sor<not_at<index_sign>, raise<index_sign>> {};

struct next_argument : seq<expression> {};
struct arguments : opt<not_at<one<')'>>, expression, star<tok<','>, must<next_argument>>> {};
struct arguments_close : tok<')'> {};
struct call_head : seq<identifier, blank, tok<'('>> {};
struct call : if_must<call_head, arguments, arguments_close> {};

struct mapping_name : seq<identifier, blank> {};
struct qualified_head : seq<identifier, blank, tok<':'>> {};
struct qualified : if_must<qualified_head, mapping_name> {};

struct group_expression : seq<expression> {};
struct group_close : tok<')'> {};
struct group : if_must<tok<'('>, group_expression, group_close> {};

struct literal : seq<number, blank> {};
struct name : seq<identifier, blank, no_index> {};
struct primary : sor<literal, call, qualified, name, group> {};
struct primary_after_operator : seq<primary> {};
// All numbers have 64 bits, so that a cast changes nothing.
struct cast : seq<tok<'('>, plus<type_word, blank>, star<one<'*'>, blank>, tok<')'>> {};
struct operand
    : sor<seq<plus<sor<cast, seq<unary_operator, blank>>>, must<primary_after_operator>>, primary> {
};
struct operand_after_operator : seq<operand> {};
struct expression : seq<operand, star<binary_operator, blank, must<operand_after_operator>>> {};

// Statements.

struct statement;

struct assign_sign : seq<one<'='>, not_at<one<'='>>, blank> {};
struct assigned_expression : seq<expression> {};
struct statement_end : tok<';'> {};

struct star_sign : one<'*'> {};
struct declared_name : seq<identifier, blank> {};
struct declarator
    : must<star<star_sign, blank>, declared_name, opt<if_must<assign_sign, assigned_expression>>> {
};
struct declared_end : tok<';'> {};
struct declaration
    : if_must<plus<type_name, blank>, declarator, star<tok<','>, must<declarator>>, declared_end> {
};

struct store_target : seq<operand> {};
struct store_sign : seq<assign_sign> {};
struct store : if_must<at<one<'*'>>, store_target, store_sign, assigned_expression, statement_end> {
};
struct assign_head : seq<identifier, blank, assign_sign> {};
struct assign : if_must<assign_head, assigned_expression, statement_end> {};
struct call_end : tok<';'> {};
struct call_statement : seq<call, must<call_end>> {};

struct if_open : tok<'('> {};
struct if_expression : seq<expression> {};
struct if_close : tok<')'> {};
struct if_word : seq<word<'i', 'f'>, blank> {};
struct else_word : seq<word<'e', 'l', 's', 'e'>, blank> {};
struct branch : seq<statement> {};
struct if_statement
    : if_must<if_word, if_open, if_expression, if_close, branch, opt<if_must<else_word, branch>>> {
};

struct refused_word : sor<word<'w', 'h', 'i', 'l', 'e'>, word<'f', 'o', 'r'>, word<'d', 'o'>,
                          word<'g', 'o', 't', 'o'>, word<'s', 'w', 'i', 't', 'c', 'h'>,
                          word<'r', 'e', 't', 'u', 'r', 'n'>, word<'b', 'r', 'e', 'a', 'k'>> {};
struct refused_statement : seq<at<refused_word>, raise<refused_word>> {};

struct after_name : sor<> {};
struct stray_name : seq<name, raise<after_name>> {};

struct block_close : tok<'}'> {};
// Not trying a statement where a block ends keeps the message about nesting from coming too early.
struct statements : star<not_at<one<'}'>>, statement> {};
struct block : if_must<tok<'{'>, statements, block_close> {};
struct empty_statement : tok<';'> {};
struct statement : sor<empty_statement, block, refused_statement, if_statement, declaration, store,
                       assign, call_statement, stray_name> {};

// Threads.

struct parameter_name : seq<identifier, gap> {};
struct parameter : seq<star<type_name, gap>, star<star_sign, gap>, identifier, gap> {};
struct next_parameter : seq<parameter> {};
struct parameters : opt<parameter, star<mark<','>, must<next_parameter>>> {};
struct parameters_open : mark<'('> {};
struct parameters_close : mark<')'> {};
struct thread_name : seq<one<'P'>, plus<digit>, not_at<identifier_other>> {};
struct quoted_text : star<ranges<' ', '!', '#', '~'>> {};
struct quote_close : mark<'"'> {};
struct title : if_must<one<'"'>, quoted_text, quote_close> {};
struct body_open : tok<'{'> {};
struct body_close : mark<'}'> {};
struct body : must<body_open, statements, body_close> {};
struct thread : if_must<seq<thread_name, gap>, parameters_open, parameters, parameters_close,
                        opt<title>, body> {};

// Initial section.

struct page_unit : sor<word<'p', 'a', 'g', 'e', 's'>, word<'p', 'a', 'g', 'e'>> {};
struct size : seq<number, gap, opt<page_unit, gap>> {};
struct declaration_end : mark<';'> {};

struct file_name : seq<identifier, gap> {};
struct file_size : seq<size> {};
struct file_end : seq<declaration_end> {};
struct file_word : seq<word<'f', 'i', 'l', 'e'>, gap, not_at<one<'=', ';'>>> {};
struct large_folio : seq<word<'l', 'a', 'r', 'g', 'e'>, gap, word<'f', 'o', 'l', 'i', 'o'>> {};
struct large_folio_words : seq<large_folio, gap> {};
struct file_decl
    : if_must<file_word, file_name,
              opt<if_must<mark<','>, file_size, opt<if_must<mark<','>, large_folio_words>>>>,
              file_end> {};

struct gather_what : sor<word<'b', 'a', 't', 'c', 'h', 'e', 's'>, word<'b', 'a', 't', 'c', 'h'>,
                         word<'t', 'a', 'b', 'l', 'e', 's'>> {};
struct gather_number : seq<number, gap> {};
struct gather_kind : seq<gather_what, gap> {};
struct gather_word : seq<word<'g', 'a', 't', 'h', 'e', 'r'>, gap, not_at<one<'=', ';'>>> {};
struct gather_decl : if_must<gather_word, gather_kind, gather_number, declaration_end> {};

struct vma_locks_word : seq<word<'l', 'o', 'c', 'k', 's'>, gap> {};
struct vma_word : seq<word<'v', 'm', 'a'>, gap, not_at<one<'=', ';'>>> {};
struct vma_locks_decl : if_must<vma_word, vma_locks_word, declaration_end> {};

struct flag_name : seq<identifier> {};
struct mapped_flags : seq<flag_name, gap, star<mark<'|'>, must<flag_name>, gap>> {};
struct mapped_file : seq<identifier, gap, mark<','>> {};
struct mapped_size : seq<size> {};
struct mapped_comma : mark<','> {};
struct mapped_offset : seq<size> {};
struct mapped_close : mark<')'> {};
struct mmap_word : seq<word<'m', 'm', 'a', 'p'>, gap> {};
struct mmap_open : mark<'('> {};
struct mapping_sign : mark<'='> {};
struct populate : sor<word<'r', 'e', 'a', 'd'>, word<'d', 'i', 'r', 't', 'y'>> {};
struct populate_word : seq<populate, gap> {};
struct mapped_huge : word<'h', 'u', 'g', 'e'> {};
struct mapped_size_words : seq<sor<large_folio, mapped_huge>, gap> {};
struct mapping_decl
    : if_must<seq<identifier, gap>, mapping_sign, mmap_word, mmap_open, opt<mapped_file>,
              mapped_size, mapped_comma, mapped_flags, opt<if_must<mark<','>, mapped_offset>>,
              mapped_close,
              opt<if_must<mark<','>, populate_word, opt<if_must<mark<','>, mapped_size_words>>>>,
              declaration_end> {};
struct process_name : seq<identifier, gap> {};
struct process_open : mark<'{'> {};
struct process_close : mark<'}'> {};
struct process_word : seq<word<'p', 'r', 'o', 'c', 'e', 's', 's'>, gap, not_at<one<'=', ';'>>> {};
struct child_words : seq<word<'c', 'h', 'i', 'l', 'd'>, gap, word<'o', 'f'>, gap> {};
struct child_of : seq<identifier, gap> {};
struct child_end : mark<';'> {};
struct process_child : if_must<mark<','>, child_words, child_of, child_end> {};
struct process_body
    : sor<mark<';'>, process_child, if_must<process_open, star<mapping_decl>, process_close>> {};
struct process_decl : if_must<process_word, process_name, process_body> {};

struct atomic_init : seq<word<'A', 'T', 'O', 'M', 'I', 'C', '_', 'I', 'N', 'I', 'T'>, gap> {};
struct atomic_init_open : mark<'('> {};
struct atomic_init_close : mark<')'> {};
struct initial_number : seq<signed_number, gap> {};
struct address_of : seq<opt<one<'&'>, gap>, identifier> {};
struct initial_value
    : sor<if_must<atomic_init, atomic_init_open, initial_number, atomic_init_close>, initial_number,
          seq<address_of, gap>> {};
struct variable_name : seq<identifier, gap> {};
struct variable_pointer : star<star_sign, gap> {};
struct register_colon : one<':'> {};
struct register_initial : seq<number, gap, raise<register_colon>> {};
struct variable_end : sor<mark<';'>, at<one<'}'>>> {};
struct variable_rest : seq<opt<if_must<mark<'='>, initial_value>>, must<variable_end>> {};
struct typed_variable
    : if_must<plus<type_name, gap>, variable_pointer, variable_name, variable_rest> {};
struct plain_variable : if_must<seq<identifier, gap>, variable_rest> {};
struct variable_decl : sor<typed_variable, plain_variable> {};

struct initial_open : mark<'{'> {};
struct initial_close : mark<'}'> {};
struct initial_item : sor<mark<';'>, file_decl, process_decl, gather_decl, vma_locks_decl,
                          register_initial, variable_decl> {};
struct initial_section : must<initial_open, star<initial_item>, initial_close> {};

// Conditions.

struct condition_expression;

struct location_thread : seq<number, gap> {};
struct location_name : seq<identifier, gap> {};
struct bracket_close : mark<']'> {};
struct thread_location : if_must<seq<location_thread, mark<':'>>, location_name> {};
struct bracket_location : if_must<mark<'['>, location_name, bracket_close> {};
struct location : sor<thread_location, bracket_location, location_name> {};
struct relation_operator : sor<string<'=', '='>, string<'!', '='>, one<'='>> {};
struct relation_sign : seq<relation_operator, gap> {};
struct relation_number : seq<sor<signed_number, address_of>, gap> {};
struct relation : if_must<location, relation_sign, relation_number> {};
struct condition_close : mark<')'> {};
struct condition_group_expression : seq<condition_expression> {};
struct condition_group : if_must<mark<'('>, condition_group_expression, condition_close> {};
struct condition_not : sor<one<'~'>, word<'n', 'o', 't'>> {};
struct condition_operator : sor<string<'/', '\\'>, string<'\\', '/'>> {};
struct condition_primary : sor<condition_group, relation> {};
struct condition_after_not : seq<condition_primary> {};
struct condition_operand
    : sor<seq<plus<condition_not, gap>, must<condition_after_not>>, condition_primary> {};
struct condition_after_operator : seq<condition_operand> {};
struct condition_expression
    : seq<condition_operand, star<condition_operator, gap, must<condition_after_operator>>> {};
struct not_exists : seq<condition_not, gap, word<'e', 'x', 'i', 's', 't', 's'>> {};
struct quantifier
    : sor<word<'e', 'x', 'i', 's', 't', 's'>, not_exists, word<'f', 'o', 'r', 'a', 'l', 'l'>> {};
struct quantified : seq<condition_expression> {};
struct condition : if_must<seq<quantifier, gap>, quantified> {};

struct filter_word : seq<word<'f', 'i', 'l', 't', 'e', 'r'>, gap> {};
struct filter : if_must<filter_word, quantified> {};

struct locations_open : mark<'['> {};
struct locations_item : seq<location, sor<mark<';'>, at<one<']'>>>> {};
struct locations_word : seq<word<'l', 'o', 'c', 'a', 't', 'i', 'o', 'n', 's'>, gap> {};
struct locations_close : mark<']'> {};
struct locations : if_must<locations_word, locations_open, star<locations_item>, locations_close> {
};

// Expectations.

struct design_start : ranges<'a', 'z', 'A', 'Z', '0', '9'> {};
struct design_other : sor<design_start, one<'.', '_', '/', '+'>, seq<one<'-'>, at<design_start>>> {
};
struct design_name : sor<one<'*'>, seq<design_start, star<design_other>>> {};
struct verdict : sor<word<'h', 'e', 'l', 'd'>,
                     seq<string<'R', '-'>, plus<range<'A', 'Z'>>, not_at<identifier_other>>> {};
struct next_design : seq<design_name, gap> {};
struct expected_colon : mark<':'> {};
struct expected_verdict : seq<at<verdict>, verdict, gap> {};
struct expected_end : mark<';'> {};
struct expectation : if_must<seq<design_name, gap>, star<mark<','>, must<next_design>>,
                             expected_colon, expected_verdict, expected_end> {};
struct expect_open : mark<'{'> {};
struct expect_close : mark<'}'> {};
struct expect_word : seq<word<'e', 'x', 'p', 'e', 'c', 't'>, gap> {};
struct expect : if_must<expect_word, expect_open, star<expectation>, expect_close> {};

// The file.

struct dialect : seq<one<'C'>, plus<one<' ', '\t'>>> {};
struct scenario_name : plus<ranges<'!', '~'>> {};
struct leading_comment : sor<line_comment, c_comment, ml_comment> {};
struct leading_comments : star<sor<space, leading_comment>> {};
struct file_title : seq<scenario_name, star<one<' ', '\t'>>, leading_comments> {};
// What the generators of herdtools write below the name: a text in quotes, and KEY=VALUE.
struct remark : sor<seq<one<'"'>, until<eolf>>,
                    seq<plus<identifier_other>, star<one<' ', '\t'>>, one<'='>, until<eolf>>> {};
struct remarks : star<remark, gap> {};
struct first_thread : seq<thread> {};
struct last_section : sor<condition, filter, locations, expect> {};
struct file_rest : eof {};
struct file_after_dialect : must<file_title, remarks, initial_section, first_thread, star<thread>,
                                 star<last_section>, file_rest> {};
struct scenario_file : must<gap, dialect, file_after_dialect> {};
struct litmus_dialect : seq<dialect> {};
struct litmus_file : must<gap, litmus_dialect, file_after_dialect> {};

}  // namespace mmcheck::workload::grammar

// SPDX-License-Identifier: Apache-2.0
// What follows the threads: the condition on final states and what is expected of each design.
#include <fmt/format.h>

#include <utility>

#include "rules/rules.h"
#include "workload/parse_expr.h"
#include "workload/parse_limits.h"
#include "workload/parse_sections.h"
#include "workload/parse_x86.h"

namespace mmcheck::workload {
namespace {

constexpr std::string_view kHeld = "held";

Expr apply(const ParseContext& context, const SyntaxNode& node, Operator oper) {
  Expr expr;
  expr.kind = ExprKind::Apply;
  expr.oper = oper;
  expr.name = node.text;
  expr.place = context.place(node);
  return expr;
}

/// Of a thread in assembly, which has all registers, whether it names them or not.
std::optional<unsigned> find_x86_register(ParseContext& context, unsigned thread,
                                          std::string_view name) {
  const auto known = x86_register(name, context.dialect());
  if (!known) return std::nullopt;
  return x86_register_index(context.scenario.threads[thread], *known);
}

/// `0:r0`, `x` or `[x]`.
Expr parse_location(ParseContext& context, const SyntaxNode& node) {
  const SyntaxNode& name = node.children.back();
  Expr expr;
  expr.name = squeeze(node.text);
  expr.place = context.place(node);
  if (node.children.size() == 1) {
    const auto variable = context.find_variable(name.text);
    if (!variable) {
      context.fail(name, fmt::format("expected a shared variable, or a local one as in '0:r0', got "
                                     "'{}'",
                                     name.text));
    }
    check_word(context, name, *variable);
    expr.kind = ExprKind::Variable;
    expr.index = *variable;
    return expr;
  }
  const SyntaxNode& thread_node = node.children[0];
  const std::int64_t thread = context.number(thread_node);
  const auto nr_threads = static_cast<std::int64_t>(context.scenario.threads.size());
  if (thread >= nr_threads) {
    context.fail(thread_node, fmt::format("expected the number of a thread, 0 to {}, got {}",
                                          nr_threads - 1, thread));
  }
  expr.thread = static_cast<unsigned>(thread);
  const auto index = context.is_x86()
                         ? find_x86_register(context, expr.thread, name.text)
                         : find_register(context.scenario.threads[expr.thread], name.text);
  if (!index) {
    context.fail(name,
                 fmt::format("expected a local variable of P{}, got '{}'", thread, name.text));
  }
  expr.kind = ExprKind::Register;
  expr.index = *index;
  return expr;
}

Expr parse_relation(ParseContext& context, const SyntaxNode& node) {
  const SyntaxNode& sign = node.children[1];
  Expr expr = apply(context, sign, sign.text == "!=" ? Operator::NotEqual : Operator::Equal);
  expr.operands.push_back(parse_location(context, node.children[0]));
  Expr number;
  const SyntaxNode& value = node.children[2];
  if (context.is_litmus() && value.kind == NodeKind::Address &&
      !context.find_variable(value.children.back().text)) {
    context.fail(value, fmt::format("expected a number or a shared variable to compare with, got "
                                    "'{}'",
                                    squeeze(value.text)));
  }
  number.value = context.initial_value(value, "a number to compare with");
  number.name = node.children[2].text;
  number.place = context.place(node.children[2]);
  expr.operands.push_back(std::move(number));
  return expr;
}

Expr parse_condition_expression(ParseContext& context, const SyntaxNode& node);

Expr parse_condition_operand(ParseContext& context, const SyntaxNode& node) {
  const SyntaxNode& primary = node.children.back();
  Expr expr = primary.kind == NodeKind::Relation ? parse_relation(context, primary)
                                                 : parse_condition_expression(context, primary);
  for (std::size_t i = node.children.size() - 1; i-- > 0;) {
    Expr negation = apply(context, node.children[i], Operator::Not);
    negation.operands.push_back(std::move(expr));
    expr = std::move(negation);
  }
  return expr;
}

Expr join(Expr left, Expr oper, Expr right) {
  oper.operands.push_back(std::move(left));
  oper.operands.push_back(std::move(right));
  return oper;
}

/// `/\` binds tighter than `\/`, as in herd.
Expr parse_condition_expression(ParseContext& context, const SyntaxNode& node) {
  std::size_t nr_operators = node.children.size() / 2;
  for (const SyntaxNode& child : node.children) {
    nr_operators += child.kind == NodeKind::ConditionOperand ? child.children.size() - 1 : 0;
  }
  if (nr_operators > kOperatorsMax) {
    context.fail(node, fmt::format("expected at most {} operators in a condition, got {}",
                                   kOperatorsMax, nr_operators));
  }
  std::optional<Expr> disjunction;
  const SyntaxNode* pending_or = nullptr;
  Expr conjunction = parse_condition_operand(context, node.children[0]);
  for (std::size_t i = 1; i + 1 < node.children.size(); i += 2) {
    const SyntaxNode& sign = node.children[i];
    Expr right = parse_condition_operand(context, node.children[i + 1]);
    if (sign.text == "/\\") {
      conjunction =
          join(std::move(conjunction), apply(context, sign, Operator::And), std::move(right));
      continue;
    }
    disjunction = disjunction
                      ? join(std::move(*disjunction), apply(context, *pending_or, Operator::Or),
                             std::move(conjunction))
                      : std::move(conjunction);
    pending_or = &sign;
    conjunction = std::move(right);
  }
  return disjunction ? join(std::move(*disjunction), apply(context, *pending_or, Operator::Or),
                            std::move(conjunction))
                     : std::move(conjunction);
}

/// Without the comments that may stand in it and behind it.
std::string text_of_condition(const SyntaxNode& node) {
  std::string text(node.text);
  for (std::size_t at = text.find("(*"); at != std::string::npos; at = text.find("(*", at)) {
    const std::size_t end = text.find("*)", at + 2);
    text.replace(at, end == std::string::npos ? end : end + 2 - at, " ");
  }
  return squeeze(text);
}

/// `node` is a ConditionExpression of what begins at `whole`.
Condition make_condition(ParseContext& context, const SyntaxNode& node, const SyntaxNode& whole) {
  Condition condition;
  condition.expr = parse_condition_expression(context, node);
  condition.text = text_of_condition(node);
  condition.place = context.place(whole);
  return condition;
}

void parse_filter(ParseContext& context, const SyntaxNode& node) {
  if (!context.is_litmus()) {
    context.fail(node, "expected 'exists', '~exists' or 'forall': 'filter' is not supported");
  }
  if (context.scenario.filter) {
    context.fail(node, fmt::format("expected one filter only: there is one in line {}",
                                   context.scenario.filter->place.line));
  }
  context.scenario.filter = make_condition(context, node.children[0], node);
}

void parse_condition(ParseContext& context, const SyntaxNode& node) {
  const SyntaxNode& quantifier = node.children[0];
  if (context.scenario.condition) {
    context.fail(node, fmt::format("expected one condition only: there is one in line {}",
                                   context.scenario.condition->place.line));
  }
  Condition condition = make_condition(context, node.children[1], node);
  condition.quantifier = quantifier.text == "exists"   ? Quantifier::Exists
                         : quantifier.text == "forall" ? Quantifier::Forall
                                                       : Quantifier::NotExists;
  context.scenario.condition = std::move(condition);
}

void check_verdict(const ParseContext& context, const SyntaxNode& node) {
  if (node.text == kHeld || rules::find_rule(node.text) != nullptr) {
    return;
  }
  std::vector<std::string_view> candidates;
  for (const rules::Rule& rule : rules::rules()) {
    candidates.push_back(rule.name);
  }
  context.fail(
      node, fmt::format("expected 'held' or the name of a rule, such as R-WRITE, got '{}'{}",
                        node.text.substr(0, kNameLengthMax), did_you_mean(node.text, candidates)));
}

void parse_expectation(ParseContext& context, const SyntaxNode& node) {
  const std::string_view verdict = node.children.back().text;
  check_verdict(context, node.children.back());
  for (const SyntaxNode& child : node.children) {
    if (child.kind != NodeKind::DesignName) {
      continue;
    }
    for (const Expectation& other : context.scenario.expectations) {
      if (other.design == child.text) {
        context.fail(child, fmt::format("expected each design once: '{}' is in line {}", child.text,
                                        other.place.line));
      }
    }
    if (context.scenario.expectations.size() == kExpectationsMax) {
      context.fail(child, fmt::format("expected at most {} designs", kExpectationsMax));
    }
    Expectation expectation;
    expectation.design = child.text;
    expectation.place = context.place(child);
    if (verdict != kHeld) {
      expectation.expected = Expected::Violated;
      expectation.rule = verdict;
    }
    context.scenario.expectations.push_back(std::move(expectation));
  }
}

}  // namespace

void parse_final_item(ParseContext& context, const SyntaxNode& node) {
  switch (node.kind) {
    case NodeKind::Condition:
      return parse_condition(context, node);
    case NodeKind::Locations:
      for (const SyntaxNode& location : node.children) {
        context.scenario.locations.push_back(parse_location(context, location));
      }
      return;
    case NodeKind::Filter:
      return parse_filter(context, node);
    default:
      if (context.is_litmus()) {
        context.fail(node,
                     "expected 'exists', 'locations' or the end of the file: 'expect' is for "
                     "scenarios");
      }
      for (const SyntaxNode& expectation : node.children) {
        parse_expectation(context, expectation);
      }
  }
}

}  // namespace mmcheck::workload

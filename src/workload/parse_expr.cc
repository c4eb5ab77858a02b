// SPDX-License-Identifier: Apache-2.0
#include "workload/parse_expr.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "workload/parse_limits.h"

namespace mmcheck::workload {
namespace {

struct BinarySpec {
  std::string_view text;
  Operator oper;
  int precedence;  ///< as in C: a higher one binds tighter
};

constexpr BinarySpec kBinary[] = {
    {"||", Operator::Or, 1},           {"&&", Operator::And, 2},
    {"|", Operator::BitOr, 3},         {"^", Operator::BitXor, 4},
    {"&", Operator::BitAnd, 5},        {"==", Operator::Equal, 6},
    {"!=", Operator::NotEqual, 6},     {"<", Operator::Less, 7},
    {"<=", Operator::LessEqual, 7},    {">", Operator::Greater, 7},
    {">=", Operator::GreaterEqual, 7}, {"+", Operator::Add, 8},
    {"-", Operator::Subtract, 8},      {"*", Operator::Multiply, 9},
};

const BinarySpec& find_binary(std::string_view text) {
  for (const BinarySpec& spec : kBinary) {
    if (spec.text == text) {
      return spec;
    }
  }
  throw InternalError("the grammar knows an operator that the parser does not");
}

Expr number_expr(const ThreadScope& scope, const SyntaxNode& node, std::int64_t value) {
  Expr expr;
  expr.kind = ExprKind::Number;
  expr.value = value;
  expr.name = squeeze(node.text);
  expr.place = scope.context.place(node);
  return expr;
}

/// In litmus tests the address of a variable is a value.
void require_value(const ThreadScope& scope, const SyntaxNode& node, TypedExpr& typed) {
  Expr& expr = typed.expr;
  if (expr.kind == ExprKind::Variable && scope.context.is_litmus()) {
    expr.kind = ExprKind::Number;
    expr.value = address_of_variable(expr.index);
  }
  if (is_address(expr)) {
    scope.context.fail(node, fmt::format("expected a value, got the address '{}': the word there "
                                         "is *{}",
                                         expr.name, expr.name));
  }
  if (expr.kind == ExprKind::File) {
    scope.context.fail(node, fmt::format("expected a value, got the file '{}'", expr.name));
  }
  if (typed.result == Result::Nothing) {
    scope.context.fail(node, fmt::format("expected a value, but {}() returns none", expr.name));
  }
}

/// a op b for numbers; nothing if it overflows.
std::optional<std::int64_t> fold(Operator oper, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  switch (oper) {
    case Operator::Add:
      return __builtin_add_overflow(a, b, &result) ? std::nullopt : std::optional(result);
    case Operator::Subtract:
      return __builtin_sub_overflow(a, b, &result) ? std::nullopt : std::optional(result);
    case Operator::Multiply:
      return __builtin_mul_overflow(a, b, &result) ? std::nullopt : std::optional(result);
    case Operator::BitAnd:
      return a & b;
    case Operator::BitOr:
      return a | b;
    case Operator::BitXor:
      return a ^ b;
    case Operator::Equal:
      return a == b ? 1 : 0;
    case Operator::NotEqual:
      return a != b ? 1 : 0;
    case Operator::Less:
      return a < b ? 1 : 0;
    case Operator::LessEqual:
      return a <= b ? 1 : 0;
    case Operator::Greater:
      return a > b ? 1 : 0;
    case Operator::GreaterEqual:
      return a >= b ? 1 : 0;
    case Operator::And:
      return a != 0 && b != 0 ? 1 : 0;
    case Operator::Or:
      return a != 0 || b != 0 ? 1 : 0;
    case Operator::Negate:
    case Operator::Complement:
    case Operator::Not:
      break;
  }
  throw InternalError("fold: an operator with one operand");
}

/// A page and a number of bytes: another page of the mapping.
Expr move_page(const ThreadScope& scope, const SyntaxNode& node, Expr page, std::int64_t bytes) {
  const MappingDecl& mapping = scope.context.scenario.processes[page.process].mappings[page.index];
  if (bytes % kPageBytes != 0) {
    scope.context.fail(node,
                       fmt::format("expected an offset that is a multiple of {}: the model has "
                                   "one word in each page, at its start",
                                   kPageBytes));
  }
  const std::int64_t pages = bytes / kPageBytes;
  if (pages < -kPagesMax || pages > kPagesMax || page.page + pages < 0 ||
      page.page + pages >= mapping.nr_pages) {
    scope.context.fail(node, fmt::format("expected an address within '{}', which has {}",
                                         mapping.name, counted(mapping.nr_pages, "page")));
  }
  page.page = static_cast<unsigned>(page.page + pages);
  page.name = page.page == 0 ? mapping.name
                             : fmt::format("({} + {})", mapping.name, page.page * kPageSizeBytes);
  return page;
}

TypedExpr apply_binary(const ThreadScope& scope, const SyntaxNode& node, const BinarySpec& spec,
                       TypedExpr left, TypedExpr right) {
  const bool is_sum = spec.oper == Operator::Add;
  const auto is_number = [](const TypedExpr& e) { return e.expr.kind == ExprKind::Number; };
  if (left.expr.kind == ExprKind::Page && is_number(right) &&
      (is_sum || spec.oper == Operator::Subtract)) {
    if (right.expr.value == INT64_MIN) {
      scope.context.fail(node, "expected a smaller offset");
    }
    return {move_page(scope, node, std::move(left.expr),
                      is_sum ? right.expr.value : -right.expr.value)};
  }
  if (is_sum && is_number(left) && right.expr.kind == ExprKind::Page) {
    return {move_page(scope, node, std::move(right.expr), left.expr.value)};
  }
  if (left.expr.kind == ExprKind::Page && (is_sum || spec.oper == Operator::Subtract)) {
    scope.context.fail(node,
                       "expected a constant offset: which page a step touches must be known "
                       "before the search starts");
  }
  require_value(scope, node, left);
  require_value(scope, node, right);
  TypedExpr result;
  result.expr.place = scope.context.place(node);
  result.expr.name = spec.text;
  if (is_number(left) && is_number(right)) {
    const auto value = fold(spec.oper, left.expr.value, right.expr.value);
    if (!value) {
      scope.context.fail(node, "expected a constant that fits into 64 bits");
    }
    result.expr.value = *value;
    if (spec.oper == Operator::BitOr) {
      result.expr.name = left.expr.name + "|" + right.expr.name;
      result.family = left.family == right.family ? left.family : ConstantFamily::Mixed;
    }
    return result;
  }
  result.expr.kind = ExprKind::Apply;
  result.expr.oper = spec.oper;
  result.expr.operands.push_back(std::move(left.expr));
  result.expr.operands.push_back(std::move(right.expr));
  return result;
}

Expr load_from(const ThreadScope& scope, const SyntaxNode& node, Expr address) {
  Expr load;
  load.kind = ExprKind::Call;
  load.operation = Operation::Load;
  load.name = "*";
  load.place = scope.context.place(node);
  load.operands.push_back(std::move(address));
  return load;
}

TypedExpr apply_unary(const ThreadScope& scope, const SyntaxNode& node, TypedExpr operand) {
  const char sign = node.text.front();
  Expr& expr = operand.expr;
  if (sign == '*') {
    check_word_address(scope, node, expr);
    return {load_from(scope, node, std::move(expr))};
  }
  if (sign == '&') {
    if (expr.kind == ExprKind::Variable) {
      return operand;
    }
    if (expr.kind == ExprKind::Call && expr.name == "*") {
      return {Expr(std::move(expr.operands.front()))};
    }
    scope.context.fail(node, "expected a shared variable after '&'");
  }
  require_value(scope, node, operand);
  if (sign == '+') {
    return {std::move(expr)};
  }
  TypedExpr result;
  result.expr.place = scope.context.place(node);
  result.expr.name = node.text;
  if (expr.kind == ExprKind::Number) {
    if (sign == '-' && expr.value == INT64_MIN) {
      scope.context.fail(node, "expected a constant that fits into 64 bits");
    }
    result.expr.value = sign == '-' ? -expr.value : sign == '~' ? ~expr.value : expr.value == 0;
    result.expr.name += expr.name;
    return result;
  }
  result.expr.kind = ExprKind::Apply;
  result.expr.oper = sign == '-'   ? Operator::Negate
                     : sign == '~' ? Operator::Complement
                                   : Operator::Not;
  result.expr.operands.push_back(std::move(expr));
  return result;
}

[[noreturn]] void fail_unknown_name(const ThreadScope& scope, const SyntaxNode& node) {
  const Scenario& scenario = scope.context.scenario;
  std::vector<std::string_view> candidates;
  for (const std::string& name : scope.thread.registers) {
    candidates.push_back(name);
  }
  for (unsigned p = 0; p < scenario.processes.size(); ++p) {
    const ProcessDecl& process = scenario.processes[p];
    const bool is_own = scope.thread.process == p;
    if (!is_own && scope.context.find_mapping(p, node.text)) {
      if (!scope.thread.process) {
        scope.context.fail(node, fmt::format("expected '{}:{}': a kernel thread names the process "
                                             "of a mapping",
                                             process.name, node.text));
      }
      scope.context.fail(
          node,
          fmt::format("expected a mapping of process {}: '{}' is a mapping of process {}",
                      scenario.processes[*scope.thread.process].name, node.text, process.name));
    }
    for (const MappingDecl& mapping : process.mappings) {
      if (is_own) {
        candidates.push_back(mapping.name);
      }
    }
  }
  for (const VariableDecl& variable : scenario.variables) {
    candidates.push_back(variable.name);
  }
  for (const FileDecl& file : scenario.files) {
    candidates.push_back(file.name);
  }
  const auto constants = constant_names();
  candidates.insert(candidates.end(), constants.begin(), constants.end());
  scope.context.fail(node, fmt::format("expected a known name, got '{}'{}", node.text,
                                       did_you_mean(node.text, candidates)));
}

Expr page_expr(const ThreadScope& scope, const SyntaxNode& node, unsigned process,
               unsigned mapping) {
  Expr expr;
  expr.kind = ExprKind::Page;
  expr.process = process;
  expr.index = mapping;
  expr.name = scope.context.scenario.processes[process].mappings[mapping].name;
  expr.place = scope.context.place(node);
  return expr;
}

TypedExpr parse_identifier(const ThreadScope& scope, const SyntaxNode& node) {
  const ParseContext& context = scope.context;
  Expr expr;
  expr.name = node.text;
  expr.place = context.place(node);
  expr.thread = scope.number;
  const auto found = [&](ExprKind kind, unsigned index) {
    expr.kind = kind;
    expr.index = index;
    return TypedExpr{std::move(expr)};
  };
  if (const auto index = find_register(scope.thread, node.text)) {
    return found(ExprKind::Register, *index);
  }
  if (scope.thread.process) {
    if (const auto index = context.find_mapping(*scope.thread.process, node.text)) {
      return {page_expr(scope, node, *scope.thread.process, *index)};
    }
  }
  if (const auto index = context.find_variable(node.text)) {
    return found(ExprKind::Variable, *index);
  }
  if (const auto index = context.find_file(node.text)) {
    return found(ExprKind::File, *index);
  }
  if (const NamedConstant* constant = find_constant(node.text)) {
    return {number_expr(scope, node, constant->value), constant->family};
  }
  fail_unknown_name(scope, node);
}

TypedExpr parse_qualified(const ThreadScope& scope, const SyntaxNode& node) {
  const ParseContext& context = scope.context;
  const SyntaxNode& process_node = node.children[0];
  const SyntaxNode& mapping_node = node.children[1];
  const auto process = context.find_process(process_node.text);
  if (!process) {
    context.fail(process_node,
                 fmt::format("expected a process before ':', got '{}'", process_node.text));
  }
  if (scope.thread.process && *scope.thread.process != *process) {
    context.fail(process_node, fmt::format("expected a mapping of process {}: a thread uses only "
                                           "mappings of its own process",
                                           context.scenario.processes[*scope.thread.process].name));
  }
  const auto mapping = context.find_mapping(*process, mapping_node.text);
  if (!mapping) {
    context.fail(mapping_node, fmt::format("expected a mapping of process {}, got '{}'",
                                           process_node.text, mapping_node.text));
  }
  return {page_expr(scope, node, *process, *mapping)};
}

TypedExpr parse_operand(const ThreadScope& scope, const SyntaxNode& node) {
  const SyntaxNode& primary = node.children.back();
  TypedExpr result;
  switch (primary.kind) {
    case NodeKind::Number:
      result.expr = number_expr(scope, primary, scope.context.number(primary));
      break;
    case NodeKind::Identifier:
      result = parse_identifier(scope, primary);
      break;
    case NodeKind::Qualified:
      result = parse_qualified(scope, primary);
      break;
    case NodeKind::Call:
      result = parse_call(scope, primary);
      break;
    case NodeKind::Expression:
      result = parse_expression(scope, primary);
      break;
    default:
      throw InternalError("an operand of a kind that the grammar does not make");
  }
  for (std::size_t i = node.children.size() - 1; i-- > 0;) {
    result = apply_unary(scope, node.children[i], std::move(result));
  }
  return result;
}

/// Precedence climbing over the flat list Operand (BinaryOperator Operand)...
TypedExpr climb(const ThreadScope& scope, std::span<const SyntaxNode> nodes, std::size_t& at,
                int precedence_min) {
  TypedExpr left = parse_operand(scope, nodes[at++]);
  while (at < nodes.size()) {
    const SyntaxNode& sign = nodes[at];
    const BinarySpec& spec = find_binary(sign.text);
    if (spec.precedence < precedence_min) {
      break;
    }
    ++at;
    TypedExpr right = climb(scope, nodes, at, spec.precedence + 1);
    left = apply_binary(scope, sign, spec, std::move(left), std::move(right));
  }
  return left;
}

}  // namespace

void check_word(const ParseContext& context, const SyntaxNode& node, unsigned variable) {
  const VariableDecl& declared = context.scenario.variables[variable];
  if (declared.kind != VariableKind::Word) {
    context.fail(
        node, fmt::format("expected a word: '{}' is a {}", declared.name,
                          declared.kind == VariableKind::Spinlock ? "spinlock_t" : "srcu_struct"));
  }
}

bool is_address(const Expr& expr) {
  return expr.kind == ExprKind::Variable || expr.kind == ExprKind::Page;
}

std::optional<unsigned> find_register(const ThreadDecl& thread, std::string_view name) {
  for (unsigned i = 0; i < thread.registers.size(); ++i) {
    if (thread.registers[i] == name) {
      return i;
    }
  }
  return std::nullopt;
}

TypedExpr parse_expression(const ThreadScope& scope, const SyntaxNode& node) {
  std::size_t nr_operators = node.children.size() / 2;
  for (const SyntaxNode& child : node.children) {
    nr_operators += child.kind == NodeKind::Operand ? child.children.size() - 1 : 0;
  }
  if (nr_operators > kOperatorsMax) {
    scope.context.fail(node, fmt::format("expected at most {} operators in an expression, got {}",
                                         kOperatorsMax, nr_operators));
  }
  std::size_t at = 0;
  return climb(scope, node.children, at, 0);
}

Expr parse_value(const ThreadScope& scope, const SyntaxNode& node) {
  TypedExpr typed = parse_expression(scope, node);
  require_value(scope, node, typed);
  return std::move(typed.expr);
}

Expr parse_store_target(const ThreadScope& scope, const SyntaxNode& node) {
  if (node.children.size() > kOperatorsMax) {
    scope.context.fail(node, fmt::format("expected at most {} operators in an expression, got {}",
                                         kOperatorsMax, node.children.size() - 1));
  }
  Expr expr = parse_operand(scope, node).expr;
  if (expr.kind != ExprKind::Call || expr.name != "*") {
    scope.context.fail(node, "expected an address after '*'");
  }
  return Expr(std::move(expr.operands.front()));
}

void check_word_address(const ThreadScope& scope, const SyntaxNode& node, const Expr& expr) {
  const ParseContext& context = scope.context;
  const bool is_pointer = expr.kind == ExprKind::Register || expr.kind == ExprKind::Call ||
                          expr.kind == ExprKind::Apply;
  if (context.is_litmus() && is_pointer) {
    return;
  }
  if (!is_address(expr)) {
    context.fail(node,
                 "expected an address: a mapping with a constant offset, or a shared variable");
  }
  if (expr.kind == ExprKind::Page && !scope.thread.process) {
    context.fail(node, "expected a shared variable: a kernel thread does not access user memory");
  }
  if (expr.kind == ExprKind::Variable) {
    check_word(context, node, expr.index);
  }
}

}  // namespace mmcheck::workload

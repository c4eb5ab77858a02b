// SPDX-License-Identifier: Apache-2.0
#include "workload/parse_x86.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "workload/parse_limits.h"

namespace mmcheck::workload {
namespace {

enum class Kind : std::uint8_t {
  Move,
  Exchange,
  Arithmetic,  ///< target = target `oper` source
  FetchAdd,
  CompareExchange,
  Fence,
  Nothing,  ///< no effect on ordinary memory, or only one that every instruction has
};

struct Mnemonic {
  std::string_view name;
  Kind kind;
  Operator oper = Operator::Add;
  unsigned nr_operands = 2;
};

constexpr Mnemonic kMnemonics[] = {
    {"mov", Kind::Move},
    {"xchg", Kind::Exchange},
    {"xadd", Kind::FetchAdd},
    {"cmpxchg", Kind::CompareExchange},
    {"add", Kind::Arithmetic, Operator::Add},
    {"sub", Kind::Arithmetic, Operator::Subtract},
    {"and", Kind::Arithmetic, Operator::BitAnd},
    {"or", Kind::Arithmetic, Operator::BitOr},
    {"xor", Kind::Arithmetic, Operator::BitXor},
    {"inc", Kind::Arithmetic, Operator::Add, 1},
    {"dec", Kind::Arithmetic, Operator::Subtract, 1},
    {"mfence", Kind::Fence, Operator::Add, 0},
    {"lfence", Kind::Nothing, Operator::Add, 0},
    {"sfence", Kind::Nothing, Operator::Add, 0},
    {"nop", Kind::Nothing, Operator::Add, 0},
    {"endbr64", Kind::Nothing, Operator::Add, 0},
};

std::string lower(std::string_view text) {
  std::string out;
  for (char c : text) out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

/// With or without the letter for 4 or 8 bytes at its end.
const Mnemonic* find_mnemonic(std::string_view name) {
  const auto exactly = [](std::string_view wanted) {
    const auto* found =
        std::find_if(std::begin(kMnemonics), std::end(kMnemonics),
                     [&](const Mnemonic& mnemonic) { return mnemonic.name == wanted; });
    return found == std::end(kMnemonics) ? nullptr : found;
  };
  const Mnemonic* found = exactly(name);
  if (found == nullptr && (name.ends_with('l') || name.ends_with('q'))) {
    found = exactly(name.substr(0, name.size() - 1));
    if (found != nullptr && found->nr_operands == 0) return nullptr;
  }
  return found;
}

bool is_memory(const SyntaxNode& node) { return node.kind == NodeKind::MemoryOperand; }
bool is_register(const SyntaxNode& node) { return node.kind == NodeKind::RegisterName; }

}  // namespace

std::optional<std::string> x86_register(std::string_view name, Dialect dialect) {
  constexpr std::string_view kNames[] = {"ax", "bx", "cx", "dx", "si", "di", "bp", "sp"};
  std::string text = lower(name);
  for (std::string_view known : kNames) {
    const bool wide = dialect == Dialect::X86_64 && text == fmt::format("r{}", known);
    if (!wide && text != fmt::format("e{}", known)) continue;
    if (dialect == Dialect::X86_64) return fmt::format("r{}", known);
    text[1] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[1])));
    text[2] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[2])));
    return "E" + text.substr(1);
  }
  for (unsigned i = 8; dialect == Dialect::X86_64 && i < 16; ++i) {
    if (text == fmt::format("r{}", i) || text == fmt::format("r{}d", i)) {
      return fmt::format("r{}", i);
    }
  }
  return std::nullopt;
}

unsigned x86_register_index(ThreadDecl& thread, const std::string& name) {
  const auto found = std::find(thread.registers.begin(), thread.registers.end(), name);
  const auto index = static_cast<unsigned>(found - thread.registers.begin());
  if (found == thread.registers.end()) thread.registers.push_back(name);
  return index;
}

/// An instruction: what it does, and to what.
struct X86Parser::Operands {
  const SyntaxNode& cell;
  const Mnemonic& mnemonic;
  bool locked = false;
  const SyntaxNode* target = nullptr;
  const SyntaxNode* source = nullptr;
};

bool X86Parser::parse(const SyntaxNode& node) {
  switch (node.kind) {
    case NodeKind::Dialect:
      return true;
    case NodeKind::RegisterInitial:
      parse_register_initial(node);
      return true;
    case NodeKind::Heading:
      parse_heading(node);
      return true;
    case NodeKind::Row:
      parse_row(node);
      return true;
    default:
      return false;
  }
}

void X86Parser::parse_register_initial(const SyntaxNode& node) {
  InitialRegister initial;
  for (const SyntaxNode& child : node.children) {
    if (child.kind == NodeKind::Number && initial.place.line == 0) {
      initial.place = context_.place(child);
      const std::int64_t thread = context_.number(child);
      if (thread >= static_cast<std::int64_t>(kThreadsMax)) {
        context_.fail(child, fmt::format("expected the number of a thread, got {}", thread));
      }
      initial.thread = static_cast<unsigned>(thread);
    } else if (child.kind == NodeKind::Identifier) {
      const auto name = x86_register(child.text, context_.dialect());
      if (!name) {
        context_.fail(child, fmt::format("expected a register, got '{}'", child.text));
      }
      initial.name = *name;
    } else if (child.kind == NodeKind::Number || child.kind == NodeKind::Address) {
      initial.value = context_.initial_value(child, "a number as the initial value");
    }
  }
  initial_.push_back(std::move(initial));
}

void X86Parser::parse_heading(const SyntaxNode& node) {
  auto& threads = context_.scenario.threads;
  for (const SyntaxNode& name : node.children) {
    if (threads.size() == kThreadsMax) {
      context_.fail(name, fmt::format("expected at most {} threads", kThreadsMax));
    }
    ThreadDecl thread;
    thread.name = fmt::format("P{}", threads.size());
    thread.place = context_.place(name);
    if (name.text != thread.name) {
      context_.fail(name, fmt::format("expected '{}': threads are numbered in order, got '{}'",
                                      thread.name, name.text.substr(0, kNameLengthMax)));
    }
    threads.push_back(std::move(thread));
  }
  for (const InitialRegister& initial : initial_) {
    if (initial.thread >= threads.size()) {
      throw InputError(initial.place, fmt::format("expected the number of a thread, 0 to {}, got "
                                                  "{}",
                                                  threads.size() - 1, initial.thread));
    }
    ThreadDecl& thread = threads[initial.thread];
    Statement statement;
    statement.kind = StatementKind::Assign;
    statement.target = x86_register_index(thread, initial.name);
    statement.expr.value = initial.value;
    statement.expr.name = fmt::format("{}", initial.value);
    statement.expr.place = statement.place = initial.place;
    statement.text = fmt::format("{}={}", initial.name, initial.value);
    thread.body.push_back(std::move(statement));
  }
}

void X86Parser::parse_row(const SyntaxNode& node) {
  const std::size_t nr_threads = context_.scenario.threads.size();
  if (node.children.size() != nr_threads) {
    context_.fail(node, fmt::format("expected {}, as many as threads, got {}",
                                    counted(static_cast<std::int64_t>(nr_threads), "column"),
                                    node.children.size()));
  }
  for (unsigned thread = 0; thread < nr_threads; ++thread) {
    const SyntaxNode& cell = node.children[thread];
    if (context_.scenario.threads[thread].body.size() >= kStatementsMax) {
      context_.fail(cell,
                    fmt::format("expected at most {} instructions in a thread", kStatementsMax));
    }
    if (!cell.children.empty()) parse_cell(cell, thread);
  }
}

X86Parser::Operands X86Parser::operands_of(const SyntaxNode& cell) const {
  std::size_t at = 0;
  const bool locked = cell.children[at].kind == NodeKind::LockPrefix;
  at += locked ? 1 : 0;
  if (at == cell.children.size()) {
    context_.fail(cell, "expected an instruction after 'lock'");
  }
  const SyntaxNode& name = cell.children[at++];
  const Mnemonic* mnemonic = find_mnemonic(lower(name.text));
  if (mnemonic == nullptr) {
    std::vector<std::string_view> known;
    for (const Mnemonic& candidate : kMnemonics) known.push_back(candidate.name);
    context_.fail(
        name,
        fmt::format("expected a known instruction, got '{}'{}", name.text.substr(0, kNameLengthMax),
                    did_you_mean(lower(name.text.substr(0, kNameLengthMax)), known)));
  }
  const std::size_t nr_given = cell.children.size() - at;
  if (nr_given != mnemonic->nr_operands) {
    context_.fail(
        name, fmt::format("expected {} of '{}', got {}", counted(mnemonic->nr_operands, "operand"),
                          mnemonic->name, nr_given));
  }
  Operands in{.cell = cell, .mnemonic = *mnemonic, .locked = locked};
  if (nr_given == 1) in.target = &cell.children[at];
  if (nr_given == 2) {
    const bool target_first = context_.dialect() == Dialect::X86;
    in.target = &cell.children[target_first ? at : at + 1];
    in.source = &cell.children[target_first ? at + 1 : at];
  }
  if (in.target != nullptr && in.target->kind == NodeKind::Immediate) {
    context_.fail(*in.target, "expected a register or an address to write to");
  }
  if (in.source != nullptr && is_memory(*in.source) && is_memory(*in.target)) {
    context_.fail(*in.source, "expected one operand in memory only");
  }
  if (locked && (in.target == nullptr || mnemonic->kind == Kind::Move)) {
    context_.fail(cell, fmt::format("expected no 'lock' before '{}'", mnemonic->name));
  }
  return in;
}

void X86Parser::parse_cell(const SyntaxNode& node, unsigned thread) {
  thread_ = thread;
  const Operands in = operands_of(node);
  switch (in.mnemonic.kind) {
    case Kind::Move:
      return assign(in, *in.target, value(*in.source));
    case Kind::Arithmetic:
      return parse_arithmetic(in);
    case Kind::Exchange:
      return parse_exchange(in);
    case Kind::FetchAdd:
    case Kind::CompareExchange:
      return parse_locked(in);
    case Kind::Fence: {
      Expr fence = call(node, Operation::Barrier, {});
      return add(in, StatementKind::Evaluate, 0, std::move(fence));
    }
    case Kind::Nothing:
      return;
  }
}

void X86Parser::parse_arithmetic(const Operands& in) {
  const Operator oper = in.mnemonic.oper;
  Expr operand = in.source == nullptr ? number(in.cell, 1) : value(*in.source);
  if (!in.locked) {
    Expr sum;
    sum.kind = ExprKind::Apply;
    sum.oper = oper;
    sum.name = in.mnemonic.name;
    sum.place = context_.place(in.cell);
    sum.operands.push_back(value(*in.target));
    sum.operands.push_back(std::move(operand));
    return assign(in, *in.target, std::move(sum));
  }
  const bool is_sum = oper == Operator::Add || oper == Operator::Subtract;
  if (!is_memory(*in.target) || !is_sum) {
    context_.fail(in.cell,
                  "expected add, sub, inc, dec, xadd, xchg or cmpxchg of a word in memory "
                  "after 'lock'");
  }
  if (oper == Operator::Subtract) {
    Expr negated;
    negated.kind = ExprKind::Apply;
    negated.oper = Operator::Negate;
    negated.name = "-";
    negated.place = operand.place;
    negated.operands.push_back(std::move(operand));
    operand = std::move(negated);
  }
  std::vector<Expr> operands;
  operands.push_back(address(*in.target));
  operands.push_back(std::move(operand));
  add(in, StatementKind::Evaluate, 0, call(in.cell, Operation::FetchAdd, std::move(operands)));
}

void X86Parser::parse_exchange(const Operands& in) {
  const bool memory_first = is_memory(*in.target);
  const SyntaxNode& memory = memory_first ? *in.target : *in.source;
  const SyntaxNode& other = memory_first ? *in.source : *in.target;
  if (!is_memory(memory) || !is_register(other)) {
    context_.fail(in.cell, "expected a register and a word in memory");
  }
  std::vector<Expr> operands;
  operands.push_back(address(memory));
  operands.push_back(value(other));
  add(in, StatementKind::Assign, register_of(other),
      call(in.cell, Operation::Exchange, std::move(operands)));
}

void X86Parser::parse_locked(const Operands& in) {
  if (!in.locked || !is_memory(*in.target) || !is_register(*in.source)) {
    context_.fail(in.cell, fmt::format("expected 'lock {}' of a register and a word in memory",
                                       in.mnemonic.name));
  }
  std::vector<Expr> operands;
  operands.push_back(address(*in.target));
  if (in.mnemonic.kind == Kind::FetchAdd) {
    operands.push_back(value(*in.source));
    return add(in, StatementKind::Assign, register_of(*in.source),
               call(in.cell, Operation::FetchAdd, std::move(operands)));
  }
  // What is found comes to rax in any case: if it is what was there, nothing changes.
  ThreadDecl& thread = context_.scenario.threads[thread_];
  const unsigned rax = x86_register_index(thread, *x86_register("eax", context_.dialect()));
  operands.push_back(register_expr(in.cell, rax));
  operands.push_back(value(*in.source));
  add(in, StatementKind::Assign, rax,
      call(in.cell, Operation::CompareExchange, std::move(operands)));
}

unsigned X86Parser::register_of(const SyntaxNode& node) {
  const SyntaxNode& name = node.children.empty() ? node : node.children.back();
  const auto known = x86_register(name.text, context_.dialect());
  const bool has_sign = node.text.starts_with('%');
  if (!known || has_sign != (context_.dialect() == Dialect::X86_64)) {
    context_.fail(node, fmt::format("expected {}, got '{}'",
                                    context_.dialect() == Dialect::X86_64
                                        ? "a register such as %eax, $1 or (x)"
                                        : "a register such as EAX, $1 or [x]",
                                    squeeze(node.text)));
  }
  return x86_register_index(context_.scenario.threads[thread_], *known);
}

Expr X86Parser::register_expr(const SyntaxNode& node, unsigned index) const {
  Expr expr;
  expr.kind = ExprKind::Register;
  expr.thread = thread_;
  expr.index = index;
  expr.name = context_.scenario.threads[thread_].registers[index];
  expr.place = context_.place(node);
  return expr;
}

Expr X86Parser::number(const SyntaxNode& node, std::int64_t value) const {
  Expr expr;
  expr.value = value;
  expr.name = fmt::format("{}", value);
  expr.place = context_.place(node);
  return expr;
}

Expr X86Parser::call(const SyntaxNode& node, Operation operation,
                     std::vector<Expr> operands) const {
  Expr expr;
  expr.kind = ExprKind::Call;
  expr.operation = operation;
  expr.order =
      operation == Operation::Load || operation == Operation::Store ? Order::Plain : Order::Full;
  expr.name = squeeze(node.text);
  expr.place = context_.place(node);
  expr.operands = std::move(operands);
  return expr;
}

Expr X86Parser::address(const SyntaxNode& memory) {
  const SyntaxNode& node = memory.children.front();
  const bool is_name = node.kind == NodeKind::Identifier;
  const bool names_register =
      is_name && context_.dialect() == Dialect::X86 && x86_register(node.text, Dialect::X86);
  if (!is_name || names_register) {
    return register_expr(node, register_of(node));
  }
  Expr expr;
  expr.kind = ExprKind::Variable;
  expr.index = context_.find_or_add_word(node);
  expr.name = node.text;
  expr.place = context_.place(node);
  return expr;
}

Expr X86Parser::value(const SyntaxNode& operand) {
  if (operand.kind == NodeKind::Immediate) {
    return number(operand, context_.initial_value(operand.children.front(), "a number"));
  }
  if (is_register(operand)) {
    return register_expr(operand, register_of(operand));
  }
  std::vector<Expr> operands;
  operands.push_back(address(operand));
  return call(operand, Operation::Load, std::move(operands));
}

void X86Parser::assign(const Operands& in, const SyntaxNode& target, Expr value) {
  if (is_register(target)) {
    return add(in, StatementKind::Assign, register_of(target), std::move(value));
  }
  std::vector<Expr> operands;
  operands.push_back(address(target));
  operands.push_back(std::move(value));
  add(in, StatementKind::Evaluate, 0, call(in.cell, Operation::Store, std::move(operands)));
}

void X86Parser::add(const Operands& in, StatementKind kind, unsigned target, Expr expr) {
  Statement statement;
  statement.kind = kind;
  statement.target = target;
  statement.expr = std::move(expr);
  statement.text = squeeze(in.cell.text);
  statement.place = context_.place(in.cell);
  context_.scenario.threads[thread_].body.push_back(std::move(statement));
}

}  // namespace mmcheck::workload

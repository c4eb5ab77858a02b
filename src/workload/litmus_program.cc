// SPDX-License-Identifier: Apache-2.0
#include "workload/litmus_program.h"

#include "workload/interpreter.h"

namespace mmcheck::workload {
namespace {

/// Of one thread and domain: as many bits as a word has.
constexpr unsigned kSectionsMax = 64;

std::uint64_t to_word(std::int64_t value) { return static_cast<std::uint64_t>(value); }
std::int64_t from_word(std::uint64_t word) { return static_cast<std::int64_t>(word); }

/// How many sections a thread can begin at most.
unsigned count_sections(const std::vector<Statement>& body) {
  unsigned count = 0;
  const auto count_in = [&count](const Expr& expr, const auto& self) -> void {
    const bool begins = expr.kind == ExprKind::Call && expr.operation == Operation::RcuReadLock;
    count += begins ? 1 : 0;
    for (const Expr& operand : expr.operands) self(operand, self);
  };
  for (const Statement& statement : body) {
    count_in(statement.expr, count_in);
    count += count_sections(statement.then_body) + count_sections(statement.else_body);
  }
  return count;
}

}  // namespace

LitmusProgram::LitmusProgram(const Scenario& test, explore::MemoryModel model)
    : test_(test), memory_(model) {
  for (unsigned i = 0; i < test_.threads.size(); ++i) {
    const ThreadDecl& thread = test_.threads[i];
    runs_[i] = {.program = this, .number = i};
    note_grace_periods(thread.body);
    if (count_sections(thread.body) > kSectionsMax) {
      throw InputError(thread.place, "expected at most 64 read-side critical sections in a thread");
    }
  }
  if (test_.condition) note_locations(test_.condition->expr);
  for (const Expr& location : test_.locations) note_location(location);
}

void LitmusProgram::note_grace_periods(const std::vector<Statement>& body) {
  for (const Statement& statement : body) {
    note_grace_periods(statement.expr);
    note_grace_periods(statement.then_body);
    note_grace_periods(statement.else_body);
  }
}

void LitmusProgram::note_grace_periods(const Expr& expr) {
  if (expr.kind == ExprKind::Call && expr.operation == Operation::SynchronizeRcu) {
    domains_[domain_of(expr)].has_grace_periods = true;
  }
  for (const Expr& operand : expr.operands) note_grace_periods(operand);
}

void LitmusProgram::setup(explore::Execution& x) {
  memory_.reset(x);
  threads_ = {};
  x.keep(&threads_, sizeof(threads_));
  for (unsigned i = 0; i < test_.variables.size(); ++i) {
    words_[i] = memory_.add(to_word(test_.variables[i].initial), {.format = "variable"});
  }
  const auto nr_threads = static_cast<unsigned>(test_.threads.size());
  for (Domain& domain : domains_) {
    for (unsigned i = 0; domain.has_grace_periods && i < nr_threads; ++i) {
      domain.entered[i] = memory_.add(0, {.format = "sections entered"});
      domain.left[i] = memory_.add(0, {.format = "sections left"});
    }
  }
  for (unsigned i = 0; i < nr_threads; ++i) {
    x.spawn(test_.threads[i].name, static_cast<CpuId>(i), &LitmusProgram::run, &runs_[i]);
  }
  memory_.start(nr_threads);
}

void LitmusProgram::run(void* context) {
  const Run& run = *static_cast<Run*>(context);
  run.program->run_body(run.number, run.program->test_.threads[run.number].body);
}

void LitmusProgram::run_body(unsigned thread, const std::vector<Statement>& body) {
  ThreadState& state = threads_[thread];
  for (const Statement& statement : body) {
    const Word value = evaluate(thread, statement.expr);
    if (state.stopped) return;
    switch (statement.kind) {
      case StatementKind::Assign:
        state.registers[statement.target] = value;
        break;
      case StatementKind::Evaluate:
        break;
      case StatementKind::If:
        run_body(thread, value != 0 ? statement.then_body : statement.else_body);
        break;
    }
    if (state.stopped) return;
  }
}

LitmusProgram::Word LitmusProgram::evaluate(unsigned thread, const Expr& expr) {
  if (threads_[thread].stopped) return 0;
  switch (expr.kind) {
    case ExprKind::Number:
      return expr.value;
    case ExprKind::Register:
      return threads_[thread].registers[expr.index];
    case ExprKind::Call:
      return call(thread, expr);
    case ExprKind::Apply:
      break;
    default:
      throw InternalError("a statement uses an address as a value");
  }
  const Word left = evaluate(thread, expr.operands[0]);
  if (expr.oper == Operator::And && left == 0) return 0;
  if (expr.oper == Operator::Or && left != 0) return 1;
  return apply(expr.oper, left, expr.operands.size() > 1 ? evaluate(thread, expr.operands[1]) : 0);
}

LitmusProgram::Word LitmusProgram::call(unsigned thread, const Expr& expr) {
  switch (expr.operation) {
    case Operation::Load:
    case Operation::Store:
    case Operation::Exchange:
    case Operation::CompareExchange:
    case Operation::FetchAdd:
    case Operation::AddReturn:
      return access(thread, expr);
    case Operation::Barrier:
      // The others order what neither model reorders.
      if (expr.order == Order::Full) memory_.fence();
      return 0;
    case Operation::SpinLock:
    case Operation::SpinUnlock:
    case Operation::SpinTrylock:
    case Operation::SpinIsLocked:
      return lock(expr);
    case Operation::RcuReadLock:
    case Operation::RcuReadUnlock:
    case Operation::SynchronizeRcu:
      return rcu(thread, expr);
    default:
      throw InternalError("a litmus test makes a system call");
  }
}

std::optional<ObjectId> LitmusProgram::address(unsigned thread, const Expr& expr) {
  if (expr.kind == ExprKind::Variable) return words_[expr.index];
  const Word value = evaluate(thread, expr);
  if (threads_[thread].stopped) return std::nullopt;
  for (unsigned i = 0; i < test_.variables.size(); ++i) {
    const bool is_word = test_.variables[i].kind == VariableKind::Word;
    if (is_word && value == address_of_variable(i)) return words_[i];
  }
  if (bad_address_ == nullptr) bad_address_ = &expr;
  threads_[thread].stopped = true;
  return std::nullopt;
}

LitmusProgram::Word LitmusProgram::access(unsigned thread, const Expr& expr) {
  const std::optional<ObjectId> word = address(thread, expr.operands[0]);
  const Word first = expr.operands.size() > 1 ? evaluate(thread, expr.operands[1]) : 0;
  const Word second = expr.operands.size() > 2 ? evaluate(thread, expr.operands[2]) : 0;
  if (threads_[thread].stopped) return 0;
  const std::uint64_t operand = to_word(first);
  const auto replace = [operand](std::uint64_t) { return operand; };
  const auto sum = [operand](std::uint64_t old) { return old + operand; };
  switch (expr.operation) {
    case Operation::Load:
      return from_word(memory_.load(*word, {.format = "load"}));
    case Operation::Store:
      if (expr.order == Order::Full) {  // linux v6.12 arch/x86/include/asm/barrier.h: an xchg
        memory_.update(*word, replace, {.format = "smp_store_mb"});
      } else {
        memory_.store(*word, operand, {.format = "store"});
      }
      return 0;
    case Operation::Exchange:
      return from_word(memory_.update(*word, replace, {.format = "xchg"}));
    case Operation::CompareExchange: {
      const auto compare = [operand, desired = to_word(second)](std::uint64_t old) {
        return old == operand ? desired : old;
      };
      return from_word(memory_.update(*word, compare, {.format = "cmpxchg"}));
    }
    case Operation::FetchAdd:
      return from_word(memory_.update(*word, sum, {.format = "fetch_add"}));
    case Operation::AddReturn:
      return from_word(sum(memory_.update(*word, sum, {.format = "add_return"})));
    default:
      throw InternalError("not an access");
  }
}

LitmusProgram::Word LitmusProgram::lock(const Expr& expr) {
  const ObjectId word = words_[expr.operands[0].index];
  const auto take = [](std::uint64_t) { return std::uint64_t{1}; };
  switch (expr.operation) {
    case Operation::SpinLock:
      memory_.update_when({.object = word, .expected = 0}, take, {.format = "spin_lock"});
      return 0;
    case Operation::SpinUnlock:
      memory_.store(word, 0, {.format = "spin_unlock"});
      return 0;
    case Operation::SpinTrylock:
      return memory_.update(word, take, {.format = "spin_trylock"}) == 0 ? 1 : 0;
    default:
      return memory_.load(word, {.format = "spin_is_locked"}) != 0 ? 1 : 0;
  }
}

LitmusProgram::Word LitmusProgram::rcu(unsigned thread, const Expr& expr) {
  const unsigned number = domain_of(expr);
  const Domain& domain = domains_[number];
  ThreadState& state = threads_[thread];
  std::uint8_t& nesting = state.nesting[number];
  std::uint8_t& sections = state.sections[number];
  if (expr.operation == Operation::SynchronizeRcu) {
    synchronize(domain);
    return 0;
  }
  const bool begins = expr.operation == Operation::RcuReadLock;
  if (!begins && expr.operands.size() > 1) evaluate(thread, expr.operands[1]);
  if (state.stopped || !domain.has_grace_periods) return 0;
  if (begins) {
    if (nesting++ > 0) return 0;
    const std::uint64_t count = ++sections;
    memory_.update(domain.entered[thread], [count](std::uint64_t) { return count; },
                   {.format = "rcu_read_lock"});
    return 0;
  }
  if (nesting == 0 || --nesting > 0) return 0;
  const std::uint64_t left = ~std::uint64_t{0} >> (kSectionsMax - sections);
  memory_.store(domain.left[thread], left, {.format = "rcu_read_unlock"});
  return 0;
}

void LitmusProgram::synchronize(const Domain& domain) {
  explore::Execution& x = memory_.execution();
  const auto nr_threads = static_cast<unsigned>(test_.threads.size());
  std::array<std::uint64_t, kThreadsMax> last{};
  memory_.fence();
  x.step({.format = "synchronize_rcu: which sections have begun?"});
  for (unsigned i = 0; i < nr_threads; ++i) last[i] = x.read(domain.entered[i]);
  for (unsigned i = 0; i < nr_threads; ++i) {
    if (last[i] == 0) continue;
    const std::uint64_t bit = std::uint64_t{1} << (last[i] - 1);
    memory_.load_when({.object = domain.left[i], .mask = bit, .expected = bit},
                      {.format = "synchronize_rcu: wait"});
  }
  memory_.fence();
}

void LitmusProgram::finished(explore::Execution& x) {
  for (const ThreadState& state : threads_) {
    if (state.stopped) return;
  }
  if (test_.filter && final_condition(test_.filter->expr) == 0) return;
  std::vector<Word> values;
  for (const Expr* location : locations_) {
    values.push_back(final_value(*location));
    x.outcome(to_word(values.back()));
  }
  const bool holds = !test_.condition || final_condition(test_.condition->expr) != 0;
  states_.emplace(std::move(values), holds);
}

}  // namespace mmcheck::workload

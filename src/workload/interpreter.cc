// SPDX-License-Identifier: Apache-2.0
#include "workload/interpreter.h"

#include "fs/filesystem.h"
#include "mm/folio.h"
#include "mm/fork.h"
#include "mm/memory.h"
#include "mm/mlock.h"
#include "mm/mmap.h"
#include "mm/rmap.h"
#include "workload/build.h"

namespace mmcheck::workload {

namespace {

void format_variable(const trace::Names& names, std::uint64_t value, std::string& out) {
  out += names.find(trace::NameSpace::Object, value);
}

trace::Arg variable_arg(unsigned index) { return {index, format_variable}; }

std::uint64_t to_word(std::int64_t value) { return static_cast<std::uint64_t>(value); }
std::int64_t from_word(std::uint64_t word) { return static_cast<std::int64_t>(word); }

mm::vm_flags_t vm_flags(std::int64_t protection) {
  static_assert(kProtRead == mm::kVmRead && kProtWrite == mm::kVmWrite);
  return static_cast<mm::vm_flags_t>(protection);
}

}  // namespace

void SharedState::reset(const Scenario& scenario, explore::Memory& memory, machine::Kept& kept) {
  memory_ = &memory;
  nr_variables_ = static_cast<unsigned>(scenario.variables.size());
  nr_threads_ = static_cast<unsigned>(scenario.threads.size());
  for (unsigned i = 0; i < nr_variables_; ++i) {
    variables_[i] =
        memory.add(static_cast<std::uint64_t>(scenario.variables[i].initial),
                   {.format = "{}", .args = {variable_arg(i)}, .value = trace::format_decimal});
  }
  for (unsigned i = 0; i < nr_threads_; ++i) {
    registers_[i] = kept.make_array<std::int64_t>(scenario.threads[i].registers.size(), 0);
  }
}

std::int64_t SharedState::final_value(unsigned variable) const {
  return static_cast<std::int64_t>(memory_->peek(variables_[variable]));
}

void SharedState::report_outcome(explore::Execution& execution) const {
  for (unsigned i = 0; i < nr_variables_; ++i) {
    execution.outcome(static_cast<std::uint64_t>(final_value(i)));
  }
  for (unsigned thread = 0; thread < nr_threads_; ++thread) {
    for (const std::int64_t value : registers_[thread]) {
      execution.outcome(static_cast<std::uint64_t>(value));
    }
  }
}

std::int64_t SharedState::evaluate(const Expr& expr) const {
  switch (expr.kind) {
    case ExprKind::Number:
      return expr.value;
    case ExprKind::Register:
      return registers_[expr.thread][expr.index];
    case ExprKind::Variable:
      return final_value(expr.index);
    case ExprKind::Apply:
      break;
    default:
      throw InternalError("a condition holds what is not a value");
  }
  const std::int64_t left = evaluate(expr.operands[0]);
  if (expr.oper == Operator::And && left == 0) return 0;
  if (expr.oper == Operator::Or && left != 0) return 1;
  return apply(expr.oper, left, expr.operands.size() > 1 ? evaluate(expr.operands[1]) : 0);
}

std::int64_t apply(Operator oper, std::int64_t left, std::int64_t right) {
  // Wraps around, as the kernel's atomics do.
  const auto a = static_cast<std::uint64_t>(left);
  const auto b = static_cast<std::uint64_t>(right);
  switch (oper) {
    case Operator::Negate:
      return static_cast<std::int64_t>(0 - a);
    case Operator::Complement:
      return ~left;
    case Operator::Not:
      return left == 0;
    case Operator::Add:
      return static_cast<std::int64_t>(a + b);
    case Operator::Subtract:
      return static_cast<std::int64_t>(a - b);
    case Operator::Multiply:
      return static_cast<std::int64_t>(a * b);
    case Operator::BitAnd:
      return left & right;
    case Operator::BitOr:
      return left | right;
    case Operator::BitXor:
      return left ^ right;
    case Operator::Equal:
      return left == right;
    case Operator::NotEqual:
      return left != right;
    case Operator::Less:
      return left < right;
    case Operator::LessEqual:
      return left <= right;
    case Operator::Greater:
      return left > right;
    case Operator::GreaterEqual:
      return left >= right;
    case Operator::And:
      return left != 0 && right != 0;
    case Operator::Or:
      return left != 0 || right != 0;
  }
  throw InternalError("an operator without a meaning");
}

void Interpreter::run() {
  if (task().mm != nullptr && task().mm->parent != nullptr && !mm::ret_from_fork(task())) return;
  run_body(scenario_.threads[number_].body);
  for (mm::mm_struct& mm : system_.mms) {
    if (mm.parent == nullptr || mm.parent != task().mm) continue;
    if (nr_forks(scenario_.threads[number_], mm.id) != 0) mm::never_forks(task(), mm);
  }
  // Where somebody calls exit_group(), the address space goes away with its last thread.
  if (!system_.has_exit || task().mm == nullptr || task().gone) return;
  mm::enter_kernel(task());
  mm::exit_mm(task());
}

void Interpreter::run_body(const std::vector<Statement>& body) {
  for (const Statement& statement : body) {
    if (task().killed) return;
    const std::int64_t value = evaluate(statement.expr);
    if (task().killed) return;
    switch (statement.kind) {
      case StatementKind::Assign:
        state_.reg(number_, statement.target) = value;
        break;
      case StatementKind::Evaluate:
        break;
      case StatementKind::If:
        run_body(value != 0 ? statement.then_body : statement.else_body);
        break;
    }
  }
}

std::int64_t Interpreter::evaluate(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::Number:
      return expr.value;
    case ExprKind::Register:
      return state_.reg(number_, expr.index);
    case ExprKind::Call:
      return call(expr);
    case ExprKind::Apply:
      break;
    default:
      throw InternalError("a statement uses an address as a value");
  }
  const std::int64_t left = evaluate(expr.operands[0]);
  if (expr.oper == Operator::And && left == 0) return 0;
  if (expr.oper == Operator::Or && left != 0) return 1;
  return apply(expr.oper, left, expr.operands.size() > 1 ? evaluate(expr.operands[1]) : 0);
}

std::int64_t Interpreter::call(const Expr& expr) {
  switch (expr.operation) {
    case Operation::Barrier:
      // The others order what neither model reorders.
      if (expr.order == Order::Full) system_.memory->fence();
      return 0;
    case Operation::Load:
    case Operation::Store:
    case Operation::Exchange:
    case Operation::CompareExchange:
    case Operation::FetchAdd:
    case Operation::AddReturn:
    case Operation::SpinLock:
    case Operation::SpinUnlock:
      return access(expr);
    case Operation::Mmap:
    case Operation::Munmap:
    case Operation::Mlock:
    case Operation::Munlock:
    case Operation::Mprotect:
    case Operation::Mremap:
    case Operation::Madvise:
    case Operation::MadviseFree:
    case Operation::Msync:
    case Operation::ExitGroup:
    case Operation::Fork:
      mm::enter_kernel(task());
      return system_call(expr);
    case Operation::Schedule:
    case Operation::Yield:
      mm::enter_kernel(task());
      expr.operation == Operation::Schedule ? mm::schedule(task()) : mm::yield(task());
      return 0;
    case Operation::Fdatasync:
    case Operation::Fsync:
    case Operation::PosixFadvise:
    case Operation::Pread:
    case Operation::Pwrite:
    case Operation::Ftruncate:
      mm::enter_kernel(task());
      return file_call(expr);
    case Operation::Writeback:
    case Operation::ShrinkFolioList:
    case Operation::ShrinkActiveList:
    case Operation::FolioReferenced:
    case Operation::OomKillProcess:
      mm::enter_kernel(task());
      return kernel_activity(expr);
    case Operation::MigrateVma:
    case Operation::SplitFolio:
      mm::enter_kernel(task());
      return folio_activity(expr);
    case Operation::MemCgroupMoveCharge:
    case Operation::MemCgroupMoveParent:
    case Operation::RmapWalkAnon:
    case Operation::FolioGetAnonVma:
      mm::enter_kernel(task());
      return page_activity(expr);
    case Operation::SpinTrylock:
    case Operation::SpinIsLocked:
    case Operation::RcuReadLock:
    case Operation::RcuReadUnlock:
      break;  // The parser refuses them in scenarios.
    default:
      mm::enter_kernel(task());
      return page_call(expr);
  }
  throw InternalError("an operation without a meaning");
}

std::int64_t Interpreter::access(const Expr& expr) {
  return expr.operands[0].kind == ExprKind::Page ? access_page(expr) : access_variable(expr);
}

Vaddr Interpreter::address_of(const Expr& page) {
  const ProcessDecl& process = scenario_.processes[page.process];
  return task().mm->va_of(Builder::first_page_of(process, page.index) + page.page);
}

std::int64_t Interpreter::access_page(const Expr& expr) {
  const Vaddr va = address_of(expr.operands[0]);
  if (expr.operation == Operation::Store) {
    mm::user_store(task(), va, static_cast<std::uint64_t>(evaluate(expr.operands[1])));
    return 0;
  }
  std::uint64_t value = 0;
  mm::user_load(task(), va, value);
  return static_cast<std::int64_t>(value);
}

std::int64_t Interpreter::access_variable(const Expr& expr) {
  explore::Execution& x = *system_.execution;
  explore::Memory& memory = *system_.memory;
  const ObjectId word = state_.variable(expr.operands[0].index);
  const trace::Arg name = variable_arg(expr.operands[0].index);
  const std::int64_t first = expr.operands.size() > 1 ? evaluate(expr.operands[1]) : 0;
  const std::int64_t second = expr.operands.size() > 2 ? evaluate(expr.operands[2]) : 0;
  if (task().killed) return 0;
  switch (expr.operation) {
    case Operation::Load:
      x.step({.format = "load {}", .args = {name}});
      return from_word(memory.load_now(word).value);
    case Operation::Store:
      // linux v6.12 arch/x86/include/asm/barrier.h: smp_store_mb: an xchg
      if (expr.order == Order::Full) memory.fence();
      x.step({.format = "store {} = {}", .args = {name, machine::arg(to_word(first))}});
      if (expr.order == Order::Full) {
        memory.write(word, to_word(first));
      } else {
        memory.store_now(word, to_word(first));
      }
      return 0;
    case Operation::SpinUnlock:
      x.step({.format = "spin_unlock({})", .args = {name}});
      memory.store_now(word, 0);
      return 0;
    default:
      // Locked instructions: they find the buffer empty.
      memory.fence();
      return update_variable(expr.operation, word, name, first, second);
  }
}

std::int64_t Interpreter::update_variable(Operation operation, ObjectId word, trace::Arg name,
                                          std::int64_t first, std::int64_t second) {
  explore::Execution& x = *system_.execution;
  explore::Memory& memory = *system_.memory;
  switch (operation) {
    case Operation::Exchange: {
      x.step({.format = "xchg {}", .args = {name}});
      const std::int64_t old = from_word(memory.read_last(word));
      memory.write(word, to_word(first));
      return old;
    }
    case Operation::CompareExchange: {
      x.step({.format = "cmpxchg {}", .args = {name}});
      const std::int64_t found = from_word(memory.read(word));
      if (found == first) memory.write(word, to_word(second));
      return found;
    }
    case Operation::FetchAdd:
    case Operation::AddReturn: {
      x.step({.format = "atomic_add {}", .args = {name}});
      const std::int64_t old = from_word(memory.read_last(word));
      const std::int64_t sum = apply(Operator::Add, old, first);
      memory.write(word, to_word(sum));
      return operation == Operation::FetchAdd ? old : sum;
    }
    case Operation::SpinLock:
      x.step_when({.object = word, .expected = 0}, {.format = "spin_lock({})", .args = {name}});
      memory.write(word, 1);
      return 0;
    default:
      throw InternalError("not an access");
  }
}

Interpreter::Pages Interpreter::range(const Expr& address, const Expr& length) const {
  const ProcessDecl& process = scenario_.processes[address.process];
  const unsigned first = Builder::first_page_of(process, address.index) + address.page;
  return {first, first + pages_of(length.value)};
}

std::int64_t Interpreter::system_call(const Expr& expr) {
  if (expr.operation == Operation::ExitGroup) {
    mm::sys_exit_group(task());
    return 0;
  }
  if (expr.operation == Operation::Fork) {
    mm::sys_fork(task(), system_.mms[static_cast<std::size_t>(expr.operands[0].value)]);
    return 0;
  }
  const Pages pages = range(expr.operands[0], expr.operands[1]);
  switch (expr.operation) {
    case Operation::Munmap:
      mm::sys_munmap(task(), pages.first, pages.end);
      break;
    case Operation::Mlock:
      mm::sys_mlock(task(), pages.first, pages.end);
      break;
    case Operation::Munlock:
      mm::sys_munlock(task(), pages.first, pages.end);
      break;
    case Operation::Mprotect:
      mm::sys_mprotect(task(), pages.first, pages.end, vm_flags(expr.operands[2].value));
      break;
    case Operation::Mremap: {
      const bool keep = (expr.operands[2].value & kMremapDontunmap) != 0;
      mm::sys_mremap(task(), pages.first, pages.end,
                     range(expr.operands[3], expr.operands[1]).first,
                     keep ? mm::MremapOld::Keep : mm::MremapOld::Unmap);
      break;
    }
    case Operation::Madvise:
      mm::sys_madvise_dontneed(task(), pages.first, pages.end);
      break;
    case Operation::MadviseFree:
      mm::sys_madvise_free(task(), pages.first, pages.end);
      break;
    case Operation::Msync:
      fs::sys_msync(task(), pages.first, pages.end);
      break;
    case Operation::Mmap: {
      const std::int64_t flags = expr.operands[3].value;
      const bool anonymous = (flags & kMapAnonymous) != 0;
      const mm::VmaKind kind = anonymous                   ? mm::VmaKind::Anonymous
                               : (flags & kMapShared) != 0 ? mm::VmaKind::SharedFile
                                                           : mm::VmaKind::PrivateFile;
      mm::sys_mmap_fixed(task(), pages.first, pages.end, kind,
                         anonymous ? nullptr : &system_.files[expr.operands[4].index],
                         pages_of(expr.operands[5].value), vm_flags(expr.operands[2].value));
      break;
    }
    default:
      throw InternalError("not a system call on a range");
  }
  return 0;
}

std::int64_t Interpreter::file_call(const Expr& expr) {
  mm::address_space& file = system_.files[expr.operands[0].index];
  switch (expr.operation) {
    case Operation::Fdatasync:
    case Operation::Fsync:
      fs::file_write_and_wait_range(task(), file, 0, file.nr_pages);
      return 0;
    case Operation::PosixFadvise: {
      const unsigned first = pages_of(expr.operands[1].value);
      // As in posix_fadvise(2), a length of 0 means "to the end".
      const unsigned length = pages_of(expr.operands[2].value);
      fs::sys_fadvise_dontneed(task(), file, first, length == 0 ? file.nr_pages : first + length);
      return 0;
    }
    case Operation::Ftruncate:
      fs::sys_ftruncate(task(), file, pages_of(expr.operands[1].value));
      return 0;
    case Operation::Pread:
      return static_cast<std::int64_t>(
          fs::sys_pread(task(), file, pages_of(expr.operands[1].value)));
    case Operation::Pwrite:
      fs::sys_pwrite(task(), file, pages_of(expr.operands[1].value),
                     static_cast<std::uint64_t>(evaluate(expr.operands[2])));
      return 0;
    default:
      throw InternalError("not a call on a file");
  }
}

}  // namespace mmcheck::workload

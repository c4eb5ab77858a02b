// SPDX-License-Identifier: Apache-2.0
#include "workload/dump.h"

#include <fmt/format.h>

namespace mmcheck::workload {
namespace {

std::string name_of_page_call(Operation operation) {
  switch (operation) {
    case Operation::GetUserPagesFast:
      return "GetUserPagesFast";
    case Operation::PinUserPagesFast:
      return "PinUserPagesFast";
    case Operation::PutPage:
      return "PutPage";
    case Operation::UnpinUserPage:
      return "UnpinUserPage";
    case Operation::SetPageDirty:
      return "SetPageDirty";
    case Operation::SetPageDirtyLock:
      return "SetPageDirtyLock";
    case Operation::MemcpyToPage:
      return "MemcpyToPage";
    case Operation::MemcpyFromPage:
      return "MemcpyFromPage";
    case Operation::AllocPage:
      return "AllocPage";
    case Operation::OfflinePages:
      return "OfflinePages";
    case Operation::ArchRemoveMemory:
      return "ArchRemoveMemory";
    default:
      return "?";
  }
}

std::string name_of_activity(Operation operation) {
  switch (operation) {
    case Operation::Writeback:
      return "Writeback";
    case Operation::ShrinkFolioList:
      return "ShrinkFolioList";
    case Operation::ShrinkActiveList:
      return "ShrinkActiveList";
    case Operation::FolioReferenced:
      return "FolioReferenced";
    case Operation::MigrateVma:
      return "MigrateVma";
    case Operation::SplitFolio:
      return "SplitFolio";
    case Operation::OomKillProcess:
      return "OomKillProcess";
    case Operation::MemCgroupMoveCharge:
      return "MemCgroupMoveCharge";
    case Operation::MemCgroupMoveParent:
      return "MemCgroupMoveParent";
    case Operation::RmapWalkAnon:
      return "RmapWalkAnon";
    case Operation::FolioGetAnonVma:
      return "FolioGetAnonVma";
    default:
      return name_of_page_call(operation);
  }
}

std::string name_of_file_call(Operation operation) {
  switch (operation) {
    case Operation::Fdatasync:
      return "Fdatasync";
    case Operation::Fsync:
      return "Fsync";
    case Operation::PosixFadvise:
      return "PosixFadvise";
    case Operation::Pread:
      return "Pread";
    case Operation::Pwrite:
      return "Pwrite";
    case Operation::Ftruncate:
      return "Ftruncate";
    default:
      return name_of_activity(operation);
  }
}

std::string name_of(Operation operation) {
  switch (operation) {
    case Operation::Load:
      return "Load";
    case Operation::Store:
      return "Store";
    case Operation::Exchange:
      return "Exchange";
    case Operation::CompareExchange:
      return "CompareExchange";
    case Operation::FetchAdd:
      return "FetchAdd";
    case Operation::AddReturn:
      return "AddReturn";
    case Operation::Barrier:
      return "Barrier";
    case Operation::SpinLock:
      return "SpinLock";
    case Operation::SpinUnlock:
      return "SpinUnlock";
    case Operation::SpinTrylock:
      return "SpinTrylock";
    case Operation::SpinIsLocked:
      return "SpinIsLocked";
    case Operation::RcuReadLock:
      return "RcuReadLock";
    case Operation::RcuReadUnlock:
      return "RcuReadUnlock";
    case Operation::SynchronizeRcu:
      return "SynchronizeRcu";
    case Operation::Mmap:
      return "Mmap";
    case Operation::Munmap:
      return "Munmap";
    case Operation::Mlock:
      return "Mlock";
    case Operation::Munlock:
      return "Munlock";
    case Operation::Mprotect:
      return "Mprotect";
    case Operation::Mremap:
      return "Mremap";
    case Operation::Madvise:
      return "Madvise";
    case Operation::MadviseFree:
      return "MadviseFree";
    case Operation::Msync:
      return "Msync";
    case Operation::Schedule:
      return "Schedule";
    case Operation::Yield:
      return "Yield";
    case Operation::ExitGroup:
      return "ExitGroup";
    case Operation::Fork:
      return "Fork";
    default:
      return name_of_file_call(operation);
  }
}

std::string name_of(Order order) {
  switch (order) {
    case Order::Plain:
      return "";
    case Order::Once:
      return ".once";
    case Order::Relaxed:
      return ".relaxed";
    case Order::Acquire:
      return ".acquire";
    case Order::Release:
      return ".release";
    case Order::Full:
      return ".full";
  }
  return "?";
}

std::string joined(const std::vector<Expr>& operands) {
  std::string result;
  for (const Expr& operand : operands) {
    result += (result.empty() ? "" : ", ") + dump(operand);
  }
  return result;
}

void dump_body(const std::vector<Statement>& body, const std::string& indent, std::string& out) {
  for (const Statement& statement : body) {
    out += indent;
    switch (statement.kind) {
      case StatementKind::Assign:
        out += fmt::format("r[{}] = ", statement.target);
        break;
      case StatementKind::Evaluate:
        break;
      case StatementKind::If:
        out += "if ";
        break;
    }
    out += dump(statement.expr) + "   # " + statement.text + "\n";
    dump_body(statement.then_body, indent + "  ", out);
    if (!statement.else_body.empty()) {
      out += indent + "else\n";
      dump_body(statement.else_body, indent + "  ", out);
    }
  }
}

std::string_view name_of(Populate populate) {
  return populate == Populate::None ? "" : populate == Populate::Read ? " read" : " dirty";
}

void dump_process(const ProcessDecl& process, std::string& out) {
  out += fmt::format("process {}", process.name);
  if (process.parent) out += fmt::format(", child of {}", *process.parent);
  out += '\n';
  for (const MappingDecl& mapping : process.mappings) {
    const std::string what =
        mapping.kind == MappingKind::Anonymous
            ? "anonymous"
            : fmt::format("{} file {} page {}",
                          mapping.kind == MappingKind::Shared ? "shared" : "private", mapping.file,
                          mapping.first_page);
    out += fmt::format("  {} x{} {}{}{}{}\n", mapping.name, mapping.nr_pages, what,
                       name_of(mapping.populate), mapping.large_folio ? " large folio" : "",
                       mapping.huge ? " huge" : "");
  }
}

}  // namespace

std::string dump(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::Number:
      return fmt::format("{}", expr.value);
    case ExprKind::Register:
      return fmt::format("r[{}:{}]", expr.thread, expr.index);
    case ExprKind::Variable:
      return fmt::format("v[{}]", expr.index);
    case ExprKind::Page:
      return fmt::format("page[{}.{}.{}]", expr.process, expr.index, expr.page);
    case ExprKind::File:
      return fmt::format("file[{}]", expr.index);
    case ExprKind::Apply:
      return fmt::format("({} {})", spelling(expr.oper), joined(expr.operands));
    case ExprKind::Call:
      return fmt::format("{}{}({})", name_of(expr.operation), name_of(expr.order),
                         joined(expr.operands));
  }
  return "?";
}

std::string dump(const Scenario& scenario) {
  std::string out = "scenario " + scenario.name + "\n";
  for (const FileDecl& file : scenario.files) {
    out += fmt::format("file {} x{}\n", file.name, file.nr_pages);
  }
  for (const VariableDecl& variable : scenario.variables) {
    out +=
        fmt::format("{} {} = {}\n", variable.kind == VariableKind::Spinlock ? "spinlock" : "word",
                    variable.name, variable.initial);
  }
  for (const ProcessDecl& process : scenario.processes) {
    dump_process(process, out);
  }
  if (scenario.gather_batch_max) {
    out += fmt::format("gather batch {}\n", *scenario.gather_batch_max);
  }
  if (scenario.gather_batches_max) {
    out += fmt::format("gather batches {}\n", *scenario.gather_batches_max);
  }
  for (const ThreadDecl& thread : scenario.threads) {
    out += fmt::format(
        "{} of {} '{}' registers {}\n", thread.name,
        thread.process ? fmt::format("process {}", *thread.process) : "the kernel", thread.title,
        thread.registers.empty() ? "-" : fmt::to_string(fmt::join(thread.registers, " ")));
    dump_body(thread.body, "  ", out);
  }
  if (scenario.condition) {
    constexpr std::string_view kQuantifiers[] = {"exists", "~exists", "forall"};
    out += fmt::format("{} {}   # {}\n",
                       kQuantifiers[static_cast<unsigned>(scenario.condition->quantifier)],
                       dump(scenario.condition->expr), scenario.condition->text);
  }
  for (const Expectation& expectation : scenario.expectations) {
    out += fmt::format("{}: {}\n", expectation.design,
                       expectation.expected == Expected::Held ? "held" : expectation.rule);
  }
  return out;
}

std::string describe(const InputError& error) {
  return fmt::format("{}:{}:{}: {}", error.place().file, error.place().line, error.place().column,
                     error.what());
}

}  // namespace mmcheck::workload

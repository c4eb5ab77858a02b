// SPDX-License-Identifier: Apache-2.0
#include "lab/guest_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "lab/guest_expr.h"
#include "lab/guest_frame.h"

namespace mmcheck::lab {
namespace {

using workload::Expr;
using workload::MappingDecl;
using workload::MappingKind;
using workload::Populate;
using workload::Scenario;
using workload::Statement;
using workload::StatementKind;
using workload::ThreadDecl;

constexpr unsigned kCpusMin = 4;

/// Numbers of an array: C has no empty ones.
std::string numbers(const std::vector<unsigned>& list) {
  return list.empty() ? "0" : fmt::format("{}", fmt::join(list, ", "));
}

/// A kernel thread that reclaims a page does so in the name of the page's process: reclaim on
/// demand is a call of user space (MADV_PAGEOUT).
unsigned process_of(const ThreadDecl& thread) {
  if (thread.process) return *thread.process;
  std::optional<unsigned> found;
  const bool all = std::ranges::all_of(thread.body, [&](const Statement& statement) {
    const workload::Expr& call = statement.expr;
    const bool reclaims = call.operation == workload::Operation::ShrinkFolioList &&
                          !call.operands.empty() &&
                          call.operands.front().kind == workload::ExprKind::Page;
    if (reclaims && !found) found = call.operands.front().process;
    return reclaims && call.operands.front().process == found;
  });
  if (found && all) return *found;
  throw InputError(
      thread.place,
      fmt::format("{} is a kernel thread: on a real kernel, threads are of processes, "
                  "but for one that does nothing but shrink_folio_list() of one process's pages",
                  thread.name));
}

std::string declarations(const Scenario& scenario, unsigned cpus) {
  std::vector<unsigned> pages, processes, statements;
  for (const workload::FileDecl& file : scenario.files) pages.push_back(file.nr_pages);
  for (const ThreadDecl& thread : scenario.threads) {
    processes.push_back(process_of(thread));
    statements.push_back(static_cast<unsigned>(thread.body.size()));
  }
  return fmt::format(
      "\nenum {{ CPUS = {}, FILES = {}, PROCESSES = {}, THREADS = {} }};\n"
      "static const int pages_of_file[] = {{{}}};\n"
      "static const int process_of[] = {{{}}};\n"
      "static const int statements_of[] = {{{}}};\n",
      cpus, pages.size(), scenario.processes.size(), scenario.threads.size(), numbers(pages),
      numbers(processes), numbers(statements));
}

std::string mapping(const Scenario& scenario, unsigned process, unsigned index) {
  const MappingDecl& decl = scenario.processes[process].mappings[index];
  std::string file = "-1";
  std::string flags = "MAP_PRIVATE | MAP_ANONYMOUS";
  if (decl.kind != MappingKind::Anonymous) {
    file = fmt::format("open(\"/mnt/{}\", O_RDWR)", static_cast<char>('a' + decl.file));
    flags = decl.kind == MappingKind::Shared ? "MAP_SHARED" : "MAP_PRIVATE";
  }
  std::string text = fmt::format(
      "    if (mmap((void*){:#x}ul, {}ul * PAGE, PROT_READ | PROT_WRITE, {} | MAP_FIXED, {}, {}ul "
      "* "
      "PAGE) == MAP_FAILED) fail(\"mmap\");\n",
      address_of(scenario, process, index, 0), decl.nr_pages, flags, file, decl.first_page);
  for (unsigned page = 0; page < decl.nr_pages; ++page) {
    text += touch(scenario, process, index, page, "    ");
  }
  return text;
}

std::string mappings(const Scenario& scenario) {
  std::string text = "\nstatic void make_mappings(int process) {\n  switch (process) {\n";
  for (unsigned process = 0; process < scenario.processes.size(); ++process) {
    text += fmt::format("  case {}:\n", process);
    for (unsigned i = 0; i < scenario.processes[process].mappings.size(); ++i) {
      text += mapping(scenario, process, i);
    }
    text += "    break;\n";
  }
  return text + "  }\n}\n";
}

using Pages = std::map<std::pair<unsigned, unsigned>, unsigned>;

/// The pages that user code accesses: their translations are in the TLB before anything happens.
void gather_accessed(const Expr& expr, Pages& pages) {
  if (expr.kind == workload::ExprKind::Call && is_access(expr.operation) &&
      expr.operands.front().kind == workload::ExprKind::Page) {
    const Expr& page = expr.operands.front();
    pages[{page.index, page.page}] = page.process;
  }
  for (const Expr& operand : expr.operands) gather_accessed(operand, pages);
}

void gather_accessed(const std::vector<Statement>& body, Pages& pages) {
  for (const Statement& statement : body) {
    gather_accessed(statement.expr, pages);
    gather_accessed(statement.then_body, pages);
    gather_accessed(statement.else_body, pages);
  }
}

std::string warm_up(const Scenario& scenario) {
  std::string text = "\nstatic void warm_up(int thread) {\n  switch (thread) {\n";
  for (unsigned i = 0; i < scenario.threads.size(); ++i) {
    Pages pages;
    gather_accessed(scenario.threads[i].body, pages);
    text += fmt::format("  case {}:\n", i);
    for (const auto& [page, process] : pages) {
      text += touch(scenario, process, page.first, page.second, "    ");
    }
    text += "    break;\n";
  }
  return text + "  }\n}\n";
}

std::string statement_text(const Scenario& scenario, unsigned thread, const Statement& statement,
                           const std::string& indent) {
  const std::string value = expression(scenario, statement.expr);
  switch (statement.kind) {
    case StatementKind::Evaluate:
      return fmt::format("{}(void){};\n", indent, value);
    case StatementKind::Assign:
      return fmt::format("{}shared->registers[{}][{}] = {};\n", indent, thread, statement.target,
                         value);
    case StatementKind::If:
      break;
  }
  std::string text = fmt::format("{}if ({}) {{\n", indent, value);
  for (const Statement& inner : statement.then_body) {
    text += statement_text(scenario, thread, inner, indent + "  ");
  }
  text += indent + "} else {\n";
  for (const Statement& inner : statement.else_body) {
    text += statement_text(scenario, thread, inner, indent + "  ");
  }
  return text + indent + "}\n";
}

std::string bodies(const Scenario& scenario) {
  std::string text;
  std::string cases;
  for (unsigned i = 0; i < scenario.threads.size(); ++i) {
    const ThreadDecl& thread = scenario.threads[i];
    // Files are opened before the thread waits: an open file is no part of the scenario.
    text += fmt::format("\nstatic void body_{}(void) {{\n", i);
    for (unsigned file = 0; file < scenario.files.size(); ++file) {
      text += fmt::format("  int file_{0} = open(\"/mnt/{1}\", O_RDWR);\n  (void)file_{0};\n", file,
                          static_cast<char>('a' + file));
    }
    for (unsigned k = 0; k < thread.body.size(); ++k) {
      text += fmt::format("  begin({}, {});\n", i, k);
      text += statement_text(scenario, i, thread.body[k], "  ");
      text += fmt::format("  end({}, {});\n", i, k);
    }
    text += "}\n";
    cases += fmt::format("  case {0}: body_{0}(); break;\n", i);
  }
  return text + "\nstatic void body(int thread) {\n  switch (thread) {\n" + cases + "  }\n}\n";
}

std::string program(const Scenario& scenario, unsigned cpus) {
  const std::string declared = declarations(scenario, cpus);  // first: it refuses kernel threads
  return fmt::format("#define SHARED {:#x}ul\n", kShared) + std::string(kGuestBegin) + declared +
         mappings(scenario) + warm_up(scenario) + bodies(scenario) + std::string(kGuestEnd);
}

}  // namespace

unsigned cpus_of(const Scenario& scenario) {
  return std::max(kCpusMin, static_cast<unsigned>(scenario.threads.size()) + 1);
}

std::string guest_source(const Scenario& scenario) { return program(scenario, cpus_of(scenario)); }

std::string empty_guest_source(unsigned cpus) { return program(Scenario{}, cpus); }

std::string job_guest_source(const std::string& job, unsigned cpus) {
  return empty_guest_source(cpus) + job;
}

}  // namespace mmcheck::lab

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
template <typename Number>
std::string numbers(const std::vector<Number>& list) {
  return list.empty() ? "0" : fmt::format("{}", fmt::join(list, ", "));
}

/// The process whose page the call reclaims.
std::optional<unsigned> reclaimed_process(const Expr& call) {
  const bool reclaims = call.operation == workload::Operation::ShrinkFolioList &&
                        !call.operands.empty() &&
                        call.operands.front().kind == workload::ExprKind::Page;
  return reclaims ? std::optional(call.operands.front().process) : std::nullopt;
}

/// A kernel thread that reclaims a page does so in the name of the page's process: reclaim on
/// demand is a call of user space (MADV_PAGEOUT). One that writes files back is a process of its
/// own, behind those of the scenario: it has no mappings (sync_file_range).
unsigned process_of(const Scenario& scenario, const ThreadDecl& thread) {
  if (thread.process) return *thread.process;
  const auto is_all = [&](auto is_meant) {
    return !thread.body.empty() &&
           std::ranges::all_of(thread.body, [&](const Statement& statement) {
             return statement.kind == StatementKind::Evaluate && is_meant(statement.expr);
           });
  };
  if (is_all([](const Expr& call) { return call.operation == workload::Operation::Writeback; })) {
    return static_cast<unsigned>(scenario.processes.size());
  }
  const auto first =
      thread.body.empty() ? std::nullopt : reclaimed_process(thread.body.front().expr);
  if (first && is_all([&](const Expr& call) { return reclaimed_process(call) == first; })) {
    return *first;
  }
  throw InputError(
      thread.place,
      fmt::format(
          "{} is a kernel thread: on a real kernel, threads are of processes, but for one "
          "that does nothing but writeback(), or shrink_folio_list() of one process's pages",
          thread.name));
}

std::string declarations(const Scenario& scenario, unsigned cpus) {
  std::vector<unsigned> pages, processes, statements;
  std::vector<std::uint64_t> bytes;
  for (const workload::FileDecl& file : scenario.files) {
    pages.push_back(file.nr_pages);
    bytes.push_back(bytes_of(file));
  }
  std::size_t nr_processes = scenario.processes.size();
  for (const ThreadDecl& thread : scenario.threads) {
    processes.push_back(process_of(scenario, thread));
    nr_processes = std::max<std::size_t>(nr_processes, processes.back() + 1);
    statements.push_back(static_cast<unsigned>(thread.body.size()));
  }
  return fmt::format(
      "\nenum {{ CPUS = {}, FILES = {}, PROCESSES = {}, THREADS = {} }};\n"
      "static const int pages_of_file[] = {{{}}};\n"
      "static const long bytes_of_file[] = {{{}}};\n"
      "static const int process_of[] = {{{}}};\n"
      "static const int statements_of[] = {{{}}};\n",
      cpus, pages.size(), nr_processes, scenario.threads.size(), numbers(pages), numbers(bytes),
      numbers(processes), numbers(statements));
}

std::string disk(FileSystem file_system) {
  const FileSystemTraits& traits = traits_of(file_system);
  std::string modules;
  for (const std::string& name : traits.modules) modules += fmt::format("\"/{}.ko\", ", name);
  return fmt::format(
      "#define FILE_SYSTEM \"{}\"\n"
      "enum {{ DISK_KILOBYTES = {} }};\n"
      "static const char* const modules[] = {{{}NULL}};\n",
      traits.name, traits.kilobytes, modules);
}

/// What is not as the scenario says is no round of it.
std::string check_folios(const Scenario& scenario, unsigned process, unsigned index) {
  const MappingDecl& decl = scenario.processes[process].mappings[index];
  if (decl.populate == Populate::None) return {};
  const std::uint64_t address = address_of(scenario, process, index, 0);
  if (decl.huge) {
    return fmt::format(
        "    if (huge_kilobytes({:#x}ul) != {})\n"
        "      give_up(\"the kernel has not mapped {} huge\", \"FilePmdMapped in smaps\");\n",
        address, kHugeBytes / 1024, decl.name);
  }
  return fmt::format(
      "    if (!is_in_large_folio({:#x}ul))\n"
      "      give_up(\"the kernel has not read {} into a large folio\", \"kpageflags\");\n",
      address, decl.name);
}

std::string mapping(const Scenario& scenario, unsigned process, unsigned index) {
  const MappingDecl& decl = scenario.processes[process].mappings[index];
  if (decl.large_folio) {
    throw InputError(decl.place, fmt::format("'{}' is anonymous: on a real kernel, large folios "
                                             "are those of files",
                                             decl.name));
  }
  std::string file = "-1";
  std::string flags = "MAP_PRIVATE | MAP_ANONYMOUS";
  if (decl.kind != MappingKind::Anonymous) {
    file = fmt::format("open(\"/mnt/{}\", O_RDWR)", static_cast<char>('a' + decl.file));
    flags = decl.kind == MappingKind::Shared ? "MAP_SHARED" : "MAP_PRIVATE";
  }
  const std::uint64_t address = address_of(scenario, process, index, 0);
  std::string text = fmt::format(
      "    if (mmap((void*){:#x}ul, {}ul, PROT_READ | PROT_WRITE, {} | MAP_FIXED, {}, {}ul * PAGE) "
      "== MAP_FAILED) fail(\"mmap\");\n",
      address, bytes_of(decl), flags, file, decl.first_page);
  if (is_large(scenario, decl)) {
    // The page cache has a large folio where the first fault is in such a mapping.
    text += fmt::format(
        "    if (madvise((void*){:#x}ul, {}ul, MADV_HUGEPAGE)) fail(\"MADV_HUGEPAGE\");\n", address,
        bytes_of(decl));
  }
  for (unsigned page = 0; page < decl.nr_pages; ++page) {
    text += touch(scenario, process, index, page, "    ");
  }
  if (is_large(scenario, decl)) text += check_folios(scenario, process, index);
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
         disk(file_system_of(scenario)) + mappings(scenario) + warm_up(scenario) +
         bodies(scenario) + std::string(kGuestDisk) + std::string(kGuestEnd);
}

}  // namespace

unsigned cpus_of(const Scenario& scenario) {
  return std::max(kCpusMin, static_cast<unsigned>(scenario.threads.size()) + 1);
}

FileSystem file_system_of(const Scenario& scenario) {
  const bool large = std::ranges::any_of(scenario.files, &workload::FileDecl::large_folio);
  return large ? FileSystem::Xfs : FileSystem::Ext4;
}

std::string guest_source(const Scenario& scenario) { return program(scenario, cpus_of(scenario)); }

std::string empty_guest_source(unsigned cpus) { return program(Scenario{}, cpus); }

std::string job_guest_source(const std::string& job, unsigned cpus) {
  return empty_guest_source(cpus) + job;
}

}  // namespace mmcheck::lab

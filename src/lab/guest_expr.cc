// SPDX-License-Identifier: Apache-2.0
#include "lab/guest_expr.h"

#include <fmt/format.h>

#include "base/error.h"
#include "lab/guest_frame.h"

namespace mmcheck::lab {
namespace {

using workload::Expr;
using workload::ExprKind;
using workload::MappingDecl;
using workload::Operation;
using workload::Scenario;

constexpr std::uint64_t kPageBytes = 4096;

[[noreturn]] void refuse(const Expr& expr) {
  throw InputError(expr.place, fmt::format("'{}' is not made on a real kernel", expr.name));
}

class Writer {
 public:
  explicit Writer(const Scenario& scenario) : scenario_(scenario) {}

  std::string write(const Expr& expr) const {
    switch (expr.kind) {
      case ExprKind::Number:
        return fmt::format("{}l", expr.value);
      case ExprKind::Register:
        return fmt::format("(long)shared->registers[{}][{}]", expr.thread, expr.index);
      case ExprKind::Page:
        return fmt::format("{:#x}ul", address_of(scenario_, expr.process, expr.index, expr.page));
      case ExprKind::File:
        return fmt::format("file_{}", expr.index);
      case ExprKind::Apply:
        if (expr.operands.size() == 1) {
          return fmt::format("({}{})", spelling(expr.oper), operand(expr, 0));
        }
        return fmt::format("({} {} {})", operand(expr, 0), spelling(expr.oper), operand(expr, 1));
      case ExprKind::Call:
        return call(expr);
      case ExprKind::Variable:
        break;
    }
    refuse(expr);
  }

 private:
  std::string operand(const Expr& expr, unsigned index) const {
    return write(expr.operands[index]);
  }

  std::string call(const Expr& expr) const {
    switch (expr.operation) {
      case Operation::Load:
        return fmt::format("*(volatile long*){}", operand(expr, 0));
      case Operation::Store:
        return store(expr);
      case Operation::Barrier:
        return "({ __sync_synchronize(); 0; })";
      default:
        return system_call(expr);
    }
  }

  std::string store(const Expr& expr) const {
    const Expr& page = expr.operands.front();
    if (page.kind != ExprKind::Page) refuse(expr);
    const MappingDecl& decl = scenario_.processes[page.process].mappings[page.index];
    std::string noted;
    if (decl.kind == workload::MappingKind::Shared) {
      // What follows the store is reached only if the store retired.
      noted = fmt::format(" stored({}, {}, stored_value);", decl.file, decl.first_page + page.page);
    }
    return fmt::format(
        "({{ long stored_value = {}; *(volatile long*){} = stored_value;{} stored_value; }})",
        operand(expr, 1), write(page), noted);
  }

  std::string pwrite(const Expr& expr) const {
    return fmt::format(
        "({{ long stored_value = {2}; int result = pwrite({0}, &stored_value, 8, {1}) == 8 ? 0 : "
        "-1; if (!result) stored({3}, {1} / PAGE, stored_value); result; }})",
        operand(expr, 0), operand(expr, 1), operand(expr, 2), expr.operands.front().index);
  }

  /// The way to reclaim one folio that user space has: of a mapping of its own process. It does not
  /// look at the accessed bit first, as reclaim does otherwise. Only small folios: of a large one
  /// it would need all that maps it.
  std::string shrink(const Expr& expr) const {
    const Expr& page = expr.operands.front();
    if (page.kind != ExprKind::Page) refuse(expr);
    if (is_large(scenario_, scenario_.processes[page.process].mappings[page.index])) refuse(expr);
    return fmt::format("madvise((void*){}, PAGE, MADV_PAGEOUT)", operand(expr, 0));
  }

  /// The length of a range of what has `pages` pages in the model and `all` bytes on the kernel:
  /// one that goes to the end there goes to the end here.
  static std::string length(std::uint64_t offset, std::int64_t bytes, unsigned pages,
                            std::uint64_t all) {
    const std::uint64_t end = pages * kPageBytes;
    const bool to_end = offset + static_cast<std::uint64_t>(bytes) >= end;
    if (all == end || !to_end) return fmt::format("{}l", bytes);
    return fmt::format("{:#x}l", all - offset);
  }

  std::string range(const Expr& expr) const {
    const Expr& page = expr.operands[0];
    const Expr& bytes = expr.operands[1];
    if (page.kind != ExprKind::Page || bytes.kind != ExprKind::Number) refuse(expr);
    const MappingDecl& decl = scenario_.processes[page.process].mappings[page.index];
    return fmt::format("(void*){}, {}", write(page),
                       length(page.page * kPageBytes, bytes.value, decl.nr_pages, bytes_of(decl)));
  }

  std::string posix_fadvise(const Expr& expr) const {
    const Expr& offset = expr.operands[1];
    const Expr& bytes = expr.operands[2];
    if (offset.kind != ExprKind::Number || bytes.kind != ExprKind::Number) refuse(expr);
    const workload::FileDecl& file = scenario_.files[expr.operands[0].index];
    return fmt::format("posix_fadvise({}, {}, {}, POSIX_FADV_DONTNEED)", operand(expr, 0),
                       write(offset),
                       length(static_cast<std::uint64_t>(offset.value), bytes.value, file.nr_pages,
                              bytes_of(file)));
  }

  std::string system_call(const Expr& expr) const;

  const Scenario& scenario_;
};

std::string Writer::system_call(const Expr& expr) const {
  switch (expr.operation) {
    case Operation::Mmap:
      return fmt::format("(mmap({}, {}, {}, {}, {}) == MAP_FAILED)", range(expr), operand(expr, 2),
                         operand(expr, 3), operand(expr, 4), operand(expr, 5));
    case Operation::Munmap:
      return fmt::format("munmap({})", range(expr));
    case Operation::Mlock:
      return fmt::format("mlock({})", range(expr));
    case Operation::Munlock:
      return fmt::format("munlock({})", range(expr));
    case Operation::Mprotect:
      return fmt::format("mprotect({}, {})", range(expr), operand(expr, 2));
    case Operation::Mremap:
      return fmt::format("(mremap({0}, {1}, {2}, (void*){3}) == MAP_FAILED)", range(expr),
                         operand(expr, 1), operand(expr, 2), operand(expr, 3));
    case Operation::Madvise:
      return fmt::format("madvise({}, MADV_DONTNEED)", range(expr));
    case Operation::MadviseFree:
      return fmt::format("madvise({}, MADV_FREE)", range(expr));
    case Operation::Msync:
      return fmt::format("msync({}, MS_SYNC)", range(expr));
    case Operation::Fdatasync:
      return fmt::format("fdatasync({})", operand(expr, 0));
    case Operation::Fsync:
      return fmt::format("fsync({})", operand(expr, 0));
    case Operation::PosixFadvise:
      return posix_fadvise(expr);
    case Operation::Writeback:
      // What a flusher does, for who has the file open: waits for the pages that are under
      // writeback, writes those that are dirty, waits for them; of metadata nothing.
      return fmt::format(
          "sync_file_range({}, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | "
          "SYNC_FILE_RANGE_WAIT_AFTER)",
          operand(expr, 0));
    case Operation::Pread:
      return fmt::format("({{ long word = 0; pread({}, &word, 8, {}); word; }})", operand(expr, 0),
                         operand(expr, 1));
    case Operation::Pwrite:
      return pwrite(expr);
    case Operation::Yield:
      return "sched_yield()";
    case Operation::ShrinkFolioList:
      return shrink(expr);
    default:
      refuse(expr);
  }
}

}  // namespace

std::uint64_t bytes_of(const workload::FileDecl& file) {
  return file.large_folio ? kHugeBytes : file.nr_pages * kPageBytes;
}

std::uint64_t bytes_of(const MappingDecl& mapping) {
  return mapping.huge ? kHugeBytes : mapping.nr_pages * kPageBytes;
}

bool is_large(const Scenario& scenario, const MappingDecl& mapping) {
  return mapping.kind != workload::MappingKind::Anonymous &&
         scenario.files[mapping.file].large_folio;
}

std::uint64_t address_of(const Scenario& scenario, unsigned process, unsigned mapping,
                         unsigned page) {
  // In a row, as in the model; but no two mappings are one to the kernel. Huge ones are aligned.
  std::uint64_t address = kMappings;
  const auto& mappings = scenario.processes[process].mappings;
  for (unsigned i = 0; i < mapping; ++i) {
    const std::uint64_t end = address + bytes_of(mappings[i]) + kPageBytes;
    address = mappings[i + 1].huge ? (end + kHugeBytes - 1) & ~(kHugeBytes - 1) : end;
  }
  return address + page * kPageBytes;
}

bool is_access(Operation operation) {
  return operation == Operation::Load || operation == Operation::Store;
}

std::string touch(const Scenario& scenario, unsigned process, unsigned mapping, unsigned page,
                  const std::string& indent) {
  const std::uint64_t address = address_of(scenario, process, mapping, page);
  switch (scenario.processes[process].mappings[mapping].populate) {
    case workload::Populate::None:
      return {};
    case workload::Populate::Read:
      return fmt::format("{}(void)*(volatile long*){:#x}ul;\n", indent, address);
    case workload::Populate::Dirty:
      break;
  }
  const MappingDecl& decl = scenario.processes[process].mappings[mapping];
  std::string text = fmt::format("{}*(volatile long*){:#x}ul = {};\n", indent, address,
                                 workload::kPopulateDirtyValue);
  if (decl.kind == workload::MappingKind::Shared) {
    text += fmt::format("{}stored({}, {}, {});\n", indent, decl.file, decl.first_page + page,
                        workload::kPopulateDirtyValue);
  }
  return text;
}

std::string expression(const Scenario& scenario, const Expr& expr) {
  return Writer(scenario).write(expr);
}

}  // namespace mmcheck::lab

// SPDX-License-Identifier: Apache-2.0
#include "conform/program.h"

#include <algorithm>

namespace mmcheck::conform {
namespace {

using K = Kind;

constexpr std::array kShapes{
    Shape{Op::Mmap, "mmap", {K::Addr, K::Length, K::Prot, K::MapFlags, K::Slot, K::Offset}},
    Shape{Op::Munmap, "munmap", {K::Addr, K::Length}},
    Shape{Op::Mprotect, "mprotect", {K::Addr, K::Length, K::Prot}},
    Shape{Op::Mremap, "mremap", {K::Addr, K::Length, K::Length, K::RemapFlags, K::Addr}},
    Shape{Op::Madvise, "madvise", {K::Addr, K::Length, K::Advice}},
    Shape{Op::Msync, "msync", {K::Addr, K::Length, K::SyncFlags}},
    Shape{Op::Mincore, "mincore", {K::Addr, K::Length}},
    Shape{Op::Mlock, "mlock", {K::Addr, K::Length}},
    Shape{Op::Munlock, "munlock", {K::Addr, K::Length}},
    Shape{Op::Open, "open", {K::Slot, K::File, K::OpenFlags}},
    Shape{Op::Close, "close", {K::Slot}},
    Shape{Op::Read, "read", {K::Slot, K::Count}},
    Shape{Op::Write, "write", {K::Slot, K::Count, K::Value}},
    Shape{Op::Pread, "pread", {K::Slot, K::Count, K::Offset}},
    Shape{Op::Pwrite, "pwrite", {K::Slot, K::Count, K::Offset, K::Value}},
    Shape{Op::Lseek, "lseek", {K::Slot, K::Offset, K::Whence}},
    Shape{Op::Ftruncate, "ftruncate", {K::Slot, K::Offset}},
    Shape{Op::Fsync, "fsync", {K::Slot}},
    Shape{Op::Fdatasync, "fdatasync", {K::Slot}},
    Shape{Op::PosixFadvise, "posix_fadvise", {K::Slot, K::Offset, K::Count, K::FileAdvice}},
    Shape{Op::Size, "size", {K::Slot}},
    Shape{Op::Load, "load", {K::Addr, K::Width, K::Repeat}},
    Shape{Op::Store, "store", {K::Addr, K::Width, K::Value}},
    Shape{Op::Add, "add", {K::Addr, K::Width, K::Value}},
    Shape{Op::Fork, "fork", {K::Process}},
    Shape{Op::Exit, "exit", {}},
    Shape{Op::Smaps, "smaps", {}},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kShapes.size(); ++i) {
    if (kShapes[i].op != static_cast<Op>(i)) return false;
  }
  return true;
}
static_assert(in_order());

/// Which processes there are, as calls are made.
class Alive {
 public:
  /// Whether there is a process to make the call, and it can.
  bool accept(const Call& call) {
    if (call.process >= kProcesses || !alive_[call.process]) return false;
    if (call.op == Op::Fork) {
      // They are numbered in the order in which they are made.
      if (call.operands[0] != nr_processes_ || nr_processes_ == kProcesses) return false;
      alive_[nr_processes_++] = true;
    } else if (call.op == Op::Exit) {
      // The first process is there to the end: it waits for the others.
      if (call.process == 0) return false;
      alive_[call.process] = false;
    }
    return true;
  }

 private:
  std::array<bool, kProcesses> alive_{true};
  unsigned nr_processes_ = 1;
};

/// Numbers the processes in the order of the forks. Calls of those that no fork makes get the
/// number of none.
void renumber(std::vector<Call>& calls) {
  std::array<std::uint8_t, kProcesses> numbers{};
  std::fill(numbers.begin() + 1, numbers.end(), kProcesses);
  std::uint8_t nr_processes = 1;
  for (Call& call : calls) {
    call.process = numbers[call.process];
    if (call.op != Op::Fork || call.process == kProcesses) continue;
    numbers[static_cast<std::size_t>(call.operands[0])] = nr_processes;
    call.operands[0] = nr_processes++;
  }
}

/// Whether no call can reach what lies behind the window, which is the harness's own memory. Where
/// the end of the range lies before its beginning, none does.
bool is_harmless(const Call& call) {
  const Shape& shape = shape_of(call.op);
  for (std::size_t i = 0; i < kOperandsMax; ++i) {
    const bool too_long = call.operands[i] > std::int64_t{kWindowPages} * kPage;
    // A new mapping that is too long for any address space touches none that is there.
    const bool new_mapping = call.op == Op::Mmap && call.operands[i] >= kMoreThanThereIs;
    if (shape.operands[i] == Kind::Length && too_long && !new_mapping) return false;
  }
  return true;
}

}  // namespace

std::span<const Shape> shapes() { return kShapes; }

const Shape& shape_of(Op op) { return kShapes[static_cast<std::size_t>(op)]; }

unsigned Program::nr_processes() const {
  unsigned most = 1;
  for (const Call& call : calls) {
    if (call.op == Op::Fork) most = std::max(most, static_cast<unsigned>(call.operands[0]) + 1);
  }
  return most;
}

bool is_valid(const Program& program) {
  Alive alive;
  return program.calls.size() <= kCallsMax &&
         std::all_of(program.calls.begin(), program.calls.end(),
                     [&](const Call& call) { return alive.accept(call) && is_harmless(call); });
}

Program without_orphans(Program program) {
  renumber(program.calls);
  Alive alive;
  std::erase_if(program.calls, [&](const Call& call) { return !alive.accept(call); });
  return program;
}

}  // namespace mmcheck::conform

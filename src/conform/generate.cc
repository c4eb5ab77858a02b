// SPDX-License-Identifier: Apache-2.0
#include "conform/generate.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>

#include "conform/draw.h"

namespace mmcheck::conform {
namespace {

struct Weight {
  Op op;
  unsigned weight;
};
constexpr std::array kWeights{
    Weight{Op::Mmap, 18},     Weight{Op::Munmap, 5},       Weight{Op::Mprotect, 7},
    Weight{Op::Mremap, 7},    Weight{Op::Madvise, 9},      Weight{Op::Msync, 3},
    Weight{Op::Mincore, 4},   Weight{Op::Mlock, 2},        Weight{Op::Munlock, 1},
    Weight{Op::Open, 4},      Weight{Op::Close, 1},        Weight{Op::Read, 2},
    Weight{Op::Write, 2},     Weight{Op::Pread, 4},        Weight{Op::Pwrite, 5},
    Weight{Op::Lseek, 1},     Weight{Op::Ftruncate, 4},    Weight{Op::Fsync, 1},
    Weight{Op::Fdatasync, 1}, Weight{Op::PosixFadvise, 2}, Weight{Op::Size, 1},
    Weight{Op::Load, 16},     Weight{Op::Store, 18},       Weight{Op::Add, 3},
    Weight{Op::Fork, 5},      Weight{Op::Exit, 4},         Weight{Op::Smaps, 1},
};

class Generator {
 public:
  Generator(std::uint64_t seed, std::uint64_t number) : dice_(seed, number) {}

  Program generate();

 private:
  void choose_operations();
  void begin();
  void add_random();
  bool add(Call call);
  void believe(const Call& call);
  void observe();
  unsigned alive_process();

  static constexpr std::size_t kBodyMin = 3;
  static constexpr std::size_t kBodyMax = 26;

  Dice dice_;
  Program program_;
  std::vector<Dice::Choice> operations_;
  std::array<Belief, kProcesses> beliefs_;
  std::array<bool, kProcesses> alive_{true};
  unsigned nr_processes_ = 1;
  unsigned processes_max_ = 1;
};

Program Generator::generate() {
  for (std::uint32_t& bytes : program_.file_bytes) {
    bytes = static_cast<std::uint32_t>(dice_.percent(60) ? dice_.between(0, 3) * kPage
                                                         : dice_.between(0, 3 * kPage));
  }
  if (dice_.percent(35)) processes_max_ = static_cast<unsigned>(dice_.between(2, kProcesses));
  choose_operations();
  begin();
  const auto length = static_cast<std::size_t>(dice_.between(kBodyMin, kBodyMax));
  while (program_.calls.size() < length) add_random();
  observe();
  return std::move(program_);
}

// Each program does without some: so others are not always hidden behind them.
void Generator::choose_operations() {
  for (const Weight& weight : kWeights) {
    const bool needed = weight.op == Op::Mmap || weight.op == Op::Load || weight.op == Op::Store ||
                        weight.op == Op::Fork;
    if (needed || dice_.percent(60)) {
      operations_.push_back({static_cast<std::int64_t>(weight.op), weight.weight});
    }
  }
}

void Generator::begin() {
  for (unsigned file = 0; file < kFiles; ++file) {
    if (dice_.percent(25)) continue;
    Call call = draw_call(Op::Open, beliefs_[0], dice_);
    call.operands[0] = file;
    call.operands[1] = file;
    add(call);
  }
  add(draw_call(Op::Mmap, beliefs_[0], dice_));
}

unsigned Generator::alive_process() {
  for (;;) {
    const auto process = static_cast<unsigned>(dice_.below(nr_processes_));
    if (alive_[process]) return process;
  }
}

void Generator::add_random() {
  const unsigned process = alive_process();
  Call call = draw_call(static_cast<Op>(dice_.of(operations_)), beliefs_[process], dice_);
  call.process = static_cast<std::uint8_t>(process);
  if (call.op == Op::Fork) {
    if (nr_processes_ == processes_max_) return;
    call.operands[0] = nr_processes_;
  }
  if (call.op == Op::Exit && process == 0) return;
  add(call);
}

bool Generator::add(Call call) {
  if (is_excluded(call)) return false;
  program_.calls.push_back(call);
  believe(call);
  return true;
}

void Generator::believe(const Call& call) {
  beliefs_[call.process].note(call);
  if (call.op == Op::Fork) {
    beliefs_[nr_processes_] = beliefs_[call.process];
    alive_[nr_processes_++] = true;
  } else if (call.op == Op::Exit) {
    alive_[call.process] = false;
  }
}

// What there is in the end: memory, residency, accounts and files. As calls, so that of a program
// that differs only what differs need be left.
void Generator::observe() {
  for (unsigned process = 0; process < nr_processes_; ++process) {
    if (!alive_[process]) continue;
    const auto look = [&](Op op, std::array<std::int64_t, kOperandsMax> operands) {
      add(Call{.op = op, .process = static_cast<std::uint8_t>(process), .operands = operands});
    };
    if (dice_.percent(40)) look(Op::Smaps, {});
    std::size_t looked = 0;
    for (const Belief::Run& run : beliefs_[process].runs()) {
      if (looked++ == 4) break;
      look(Op::Mincore, {run.page * kPage, run.pages * kPage});
    }
    look(Op::Load, {0, 8, kWindowPages});
    if (dice_.percent(30)) look(Op::Load, {kPage - 8, 8, kWindowPages});
  }
  for (std::int64_t file = 0; file < kFiles; ++file) {
    constexpr std::int64_t kSlot = kSlots - 1;
    add(Call{.op = Op::Open, .operands = {kSlot, file, O_RDONLY}});
    add(Call{.op = Op::Size, .operands = {kSlot}});
    add(Call{.op = Op::Pread, .operands = {kSlot, static_cast<std::int64_t>(kTransferMax), 0}});
  }
}

bool is_mremap_of_impossible_length(const Call& call) {
  return call.op == Op::Mremap && (call.operands[1] < 0 || call.operands[2] < 0);
}
bool is_mremap_of_nothing(const Call& call) {
  return call.op == Op::Mremap && call.operands[1] == 0;
}
bool is_mremap_of_bytes_that_stays(const Call& call) {
  return call.op == Op::Mremap && (call.operands[3] & MREMAP_DONTUNMAP) != 0 &&
         call.operands[1] != call.operands[2] &&
         (call.operands[1] + kPage - 1) / kPage == (call.operands[2] + kPage - 1) / kPage;
}
bool is_advice_about_fork(const Call& call) {
  const std::int64_t advice = call.operands[2];
  return call.op == Op::Madvise && (advice == MADV_DONTFORK || advice == MADV_DOFORK ||
                                    advice == MADV_WIPEONFORK || advice == MADV_KEEPONFORK);
}
bool is_advice_about_order(const Call& call) {
  return call.op == Op::Madvise &&
         (call.operands[2] == MADV_RANDOM || call.operands[2] == MADV_SEQUENTIAL);
}
bool is_remove(const Call& call) {
  return call.op == Op::Madvise && call.operands[2] == MADV_REMOVE;
}

constexpr std::array kExclusions{
    Exclusion{"mremap-impossible-length",
              "mremap() of a length with which the range ends before it begins: v6.17 checks in "
              "another order, and what has been unmapped until then differs",
              &is_mremap_of_impossible_length},
    Exclusion{"mremap-of-nothing", "the model refuses it: a second mapping of the same pages",
              &is_mremap_of_nothing},
    Exclusion{
        "mremap-dontunmap-bytes",
        "mremap() with MREMAP_DONTUNMAP of two lengths that differ in bytes and not in pages: "
        "an error until v6.17",
        &is_mremap_of_bytes_that_stays},
    Exclusion{"advice-about-fork", "the model refuses MADV_DONTFORK, MADV_WIPEONFORK and the like",
              &is_advice_about_fork},
    Exclusion{
        "advice-about-order",
        "MADV_RANDOM and MADV_SEQUENTIAL divide a mapping, which mremap() can tell; the model "
        "keeps no such flags",
        &is_advice_about_order},
    Exclusion{"remove", "the model refuses MADV_REMOVE: holes in files", &is_remove},
};

}  // namespace

Program generate(std::uint64_t seed, std::uint64_t number) {
  return Generator(seed, number).generate();
}

std::span<const Exclusion> exclusions() { return kExclusions; }

bool is_excluded(const Call& call) {
  return std::any_of(kExclusions.begin(), kExclusions.end(),
                     [&](const Exclusion& exclusion) { return exclusion.matches(call); });
}

}  // namespace mmcheck::conform

// SPDX-License-Identifier: Apache-2.0
#include "cost/cost.h"

#include <algorithm>
#include <array>
#include <optional>

#include "explore/explorer.h"
#include "fs/filesystem.h"
#include "mm/fork.h"
#include "mm/mmap.h"
#include "rules/monitors.h"
#include "workload/build.h"

namespace mmcheck::cost {

namespace {

using workload::MappingKind;
using workload::Populate;

constexpr std::array kCases{
    Case{Work::Munmap, 1, "munmap of 1 dirty shared page"},
    Case{Work::Munmap, 8, "munmap of 8 dirty shared pages"},
    Case{Work::Munmap, 512, "munmap of 512 dirty shared pages"},
    Case{Work::Munmap, 10'000, "munmap of 10000 dirty shared pages"},
    Case{Work::ForkExit, 8, "fork, and exit of the child, with 8 private and 8 dirty shared pages"},
};

// Linux's sizes. linux v6.12 include/asm-generic/tlb.h: MMU_GATHER_BUNDLE, MAX_GATHER_BATCH,
// MAX_GATHER_BATCH_COUNT
constexpr unsigned kBundle = 8;
constexpr unsigned kBatch = 510;
constexpr unsigned kBatches = 19;
constexpr unsigned kPtrsPerPte = 512;

/// The file is mapped again and again where more pages are wanted: the explorer's words are
/// numbered by 16 bits.
constexpr unsigned kFilePages = 1024;
constexpr unsigned kParent = 0;
constexpr unsigned kChild = 1;
constexpr unsigned kParentThread = 0;
constexpr unsigned kChildThread = 2;

void add_shared(workload::ProcessDecl& process, unsigned pages) {
  for (unsigned left = pages; left > 0;) {
    const unsigned taken = std::min(left, kFilePages);
    workload::MappingDecl& mapping = process.mappings.emplace_back();
    mapping.nr_pages = taken;
    mapping.populate = Populate::Dirty;
    left -= taken;
  }
}

workload::Scenario scenario_of(const Case& what) {
  workload::Scenario scenario;
  workload::FileDecl& file = scenario.files.emplace_back();
  file.name = "f";
  file.nr_pages = std::min(what.pages, kFilePages);
  workload::ProcessDecl& parent = scenario.processes.emplace_back();
  add_shared(parent, what.pages);
  for (unsigned cpu = 0; cpu < 2; ++cpu) scenario.threads.emplace_back().process = kParent;
  if (what.work == Work::Munmap) return scenario;
  workload::MappingDecl& anonymous = parent.mappings.emplace_back();
  anonymous.kind = MappingKind::Anonymous;
  anonymous.nr_pages = what.pages;
  anonymous.populate = Populate::Dirty;
  workload::ProcessDecl child = parent;
  child.parent = kParent;
  child.mappings.back().populate = Populate::None;
  scenario.processes.push_back(std::move(child));
  scenario.threads.emplace_back().process = kChild;
  return scenario;
}

/// The rules are watched here too.
class Counter final : public rules::Monitors {
 public:
  void tlb_flushed() override { ++flushes_; }
  std::uint64_t flushes() const { return flushes_; }

 private:
  std::uint64_t flushes_ = 0;
};

class CostProgram final : public explore::Program {
 public:
  CostProgram(const design::Design& design, const Case& what)
      : design_(design), what_(what), scenario_(scenario_of(what)) {}

  void setup(explore::Execution& x) override;
  void on_step(ThreadId thread);
  Cost cost() const;

 private:
  static void run_parent(void* program) { static_cast<CostProgram*>(program)->parent(); }
  static void run_child(void* program) { static_cast<CostProgram*>(program)->child(); }
  void parent();
  void child();

  const design::Design& design_;
  const Case& what_;
  workload::Scenario scenario_;
  explore::Memory memory_{explore::MemoryModel::Sc};
  Counter monitor_;
  std::optional<mm::System> system_;
  Cost cost_;
  std::uint64_t held_for_ = 0;
};

// Without the handlers that free pages: what a free costs is the same everywhere.
void CostProgram::setup(explore::Execution& x) {
  constexpr std::size_t kBytesForEach = 256;
  constexpr unsigned kFoliosBeside = 64;
  memory_.reset(x);
  system_.emplace(x, memory_,
                  mm::SystemLimits{.kept_bytes = machine::Kept::kBytesMax +
                                                 kBytesForEach * (what_.pages + kFilePages),
                                   .folios = kFilePages + kFoliosBeside});
  system_->monitor = &monitor_;
  system_->policies = design_.policies;
  system_->file_operations = &fs::ext4();
  system_->gather_bundle = kBundle;
  system_->gather_batch_max = kBatch;
  system_->gather_batches_max = kBatches;
  system_->ptrs_per_table = kPtrsPerPte;
  monitor_.watch(*system_);
  workload::Builder(scenario_, *system_).build();
  x.spawn("parent", CpuId{kParentThread}, &run_parent, this);
  if (what_.work == Work::ForkExit) x.spawn("child", CpuId{kChildThread}, &run_child, this);
  memory_.start(static_cast<unsigned>(scenario_.threads.size()));
  for (machine::Cpu* cpu : system_->cpus) {
    cpu->start_handlers(static_cast<unsigned>(system_->cpus.size()));
  }
}

void CostProgram::parent() {
  mm::thread& task = system_->threads[kParentThread];
  mm::mm_struct& mm = system_->mms[kParent];
  if (what_.work == Work::Munmap) {
    mm::sys_munmap(task, 0, static_cast<unsigned>(mm.ptes.size()));
    return;
  }
  mm::sys_fork(task, system_->mms[kChild]);
}

void CostProgram::child() {
  mm::thread& task = system_->threads[kChildThread];
  mm::ret_from_fork(task);
  mm::exit_mm(task);
}

void CostProgram::on_step(ThreadId thread) {
  const unsigned nr_working = what_.work == Work::ForkExit ? 2 : 1;
  if (to_index(thread) >= nr_working) {
    ++cost_.ipis;
    return;
  }
  const mm::thread& task = system_->threads[to_index(thread) == 0 ? kParentThread : kChildThread];
  const auto held = task.held.all();
  const bool locked = std::find(held.begin(), held.end(), kernel::LockClass::ptl) != held.end();
  ++cost_.steps;
  held_for_ = locked ? held_for_ + 1 : 0;
  if (locked) ++cost_.ptl_steps;
  cost_.ptl_longest = std::max(cost_.ptl_longest, held_for_);
}

Cost CostProgram::cost() const {
  Cost cost = cost_;
  cost.flushes = monitor_.flushes();
  // Where TLBs follow each change of an entry, each change is a flush of all of them.
  if (!design_.policies->arch->gathers_pages()) cost.flushes += what_.pages;
  return cost;
}

}  // namespace

std::span<const Case> cases() { return kCases; }

Cost measure(const design::Design& design, const Case& what) {
  CostProgram program(design, what);
  explore::run_once(program, [&](ThreadId thread) { program.on_step(thread); });
  return program.cost();
}

}  // namespace mmcheck::cost

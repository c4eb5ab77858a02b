// SPDX-License-Identifier: Apache-2.0
// Small random programs on page-table entries and TLBs, for holding the reduction against brute
// force where stale translations are concerned.
#pragma once

#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "explore/explorer.h"
#include "machine/machine.h"

namespace mmcheck::machine::testing {

/// Nobody watches.
class SilentMonitor final : public Monitor {
 public:
  void freed_frame_used(const Frame&) override {}
  void frame_freed(const Frame&) override {}
  void store_landed(const Frame&) override {}
  void translated(const PteSlot&, unsigned) override {}
  void freed_table_walked(const TablePage&) override {}
  void table_freed(const TablePage&, unsigned) override {}
};

enum class Op : std::uint8_t {
  Load,
  Store,
  SetPte,
  GetAndClear,
  Flush,
  FlagStore,
  FlagLoad,
  // Only where entries have halves.
  ReadLockless,
  IrqsOff,
  IrqsOn,
};

struct Instruction {
  Op op = Op::Load;
  std::uint8_t entry = 0;   ///< which page-table entry
  std::uint64_t value = 0;  ///< stored word, or the entry's new value
};

/// Two entries, two frames, one flag word; one thread per CPU.
class TlbProgram final : public explore::Program {
 public:
  static constexpr unsigned kEntries = 2;
  static constexpr unsigned kFrames = 2;

  TlbProgram(const Arch& arch, std::vector<pte_t> initial,
             std::vector<std::vector<Instruction>> threads,
             explore::MemoryModel model = explore::MemoryModel::Sc)
      : arch_(arch), initial_(std::move(initial)), threads_(std::move(threads)), memory_(model) {}

  void setup(explore::Execution& execution) override;
  void finished(explore::Execution& execution) override;
  bool rewindable() const override { return true; }
  std::string describe() const;

 private:
  struct Thread {
    TlbProgram* program = nullptr;
    unsigned number = 0;
  };

  static void run(void* context);
  std::uint64_t execute(unsigned thread, const Instruction& instruction);
  std::uint64_t access(Cpu& cpu, PteSlot& slot, const Instruction& instruction);

  const Arch& arch_;
  std::vector<pte_t> initial_;
  std::vector<std::vector<Instruction>> threads_;
  SilentMonitor monitor_;
  explore::Memory memory_;
  explore::Execution* execution_ = nullptr;
  std::optional<Kept> kept_;
  pmd_t pmd_;
  boost::container::static_vector<Cpu, 4> cpus_;
  std::vector<Cpu*> cpu_list_;
  boost::container::static_vector<Frame, kFrames> frames_;
  boost::container::static_vector<PteSlot, kEntries> slots_;
  ObjectId flag_{};
  cpumask_t mask_;
  std::vector<Thread> contexts_;
  std::vector<KeptVector<std::uint64_t>> results_;
};

/// A program of `nr_threads` threads with at most `length` instructions each.
TlbProgram random_program(std::mt19937_64& random, const Arch& arch, unsigned nr_threads,
                          unsigned length, explore::MemoryModel model = explore::MemoryModel::Sc);

}  // namespace mmcheck::machine::testing

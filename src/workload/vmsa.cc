// SPDX-License-Identifier: Apache-2.0
#include "workload/vmsa.h"

#include <algorithm>
#include <array>
#include <boost/container/static_vector.hpp>
#include <optional>

#include "machine/arch/arm64_tlbi.h"
#include "machine/memory.h"
#include "workload/vmsa_form.h"

namespace mmcheck::workload::vmsa {
namespace {

using machine::AccessKind;
using machine::Arm64Cpu;
using machine::Arm64Translation;
using machine::Frame;
using machine::pte_t;
using machine::PteSlot;

class SilentMonitor final : public machine::Monitor {
 public:
  void freed_frame_used(const Frame&) override {}
  void frame_freed(const Frame&) override {}
  void store_landed(const Frame&) override {}
  void translated(const PteSlot&, unsigned) override {}
  void freed_table_walked(const machine::TablePage&) override {}
  void table_freed(const machine::TablePage&, unsigned) override {}
};

using Registers = std::array<std::uint64_t, kNrRegisters>;

class VmsaProgram final : public explore::Program {
 public:
  /// `inputs`: a value for each of the test's inputs.
  VmsaProgram(const Test& test, std::vector<std::uint64_t> inputs, explore::MemoryModel model)
      : test_(test), inputs_(std::move(inputs)), memory_(model) {}

  void setup(explore::Execution& execution) override;
  void finished(explore::Execution&) override { held_ = held_ || holds(test_.final); }
  bool held() const { return held_; }

 private:
  struct Context {
    VmsaProgram* program = nullptr;
    unsigned number = 0;
  };

  static void run_thread(void* context);
  void run_thread(unsigned number);
  /// False if the access faults.
  bool access(unsigned number, const Instruction& instruction);
  void invalidate(unsigned number, const Instruction& instruction);
  std::uint64_t value_of(unsigned number, Operand operand) const;
  std::uint64_t compute(unsigned number, const Instruction& instruction) const;
  bool holds(const Condition& condition) const;

  const Test& test_;
  std::vector<std::uint64_t> inputs_;
  SilentMonitor monitor_;
  explore::Memory memory_;
  explore::Execution* execution_ = nullptr;
  std::optional<machine::Kept> kept_;
  machine::pmd_t pmd_;
  machine::cpumask_t everyone_;
  boost::container::static_vector<Arm64Cpu, kThreadsMax> cpus_;
  boost::container::static_vector<PteSlot, kAddressesMax> slots_;
  boost::container::static_vector<Frame, kFramesMax> frames_;
  std::array<Context, kThreadsMax> contexts_;
  std::array<Registers, kThreadsMax> registers_;
  bool held_ = false;
};

void VmsaProgram::setup(explore::Execution& x) {
  execution_ = &x;
  memory_.reset(x);
  kept_.emplace(x);
  everyone_ = {};
  cpus_.clear();
  slots_.clear();
  frames_.clear();
  const auto nr_threads = static_cast<unsigned>(test_.threads.size());
  for (unsigned i = 0; i < nr_threads; ++i) {
    cpus_.emplace_back(x, static_cast<CpuId>(i));
    everyone_.set(static_cast<CpuId>(i));
    registers_[i].fill(kUnset);
    contexts_[i] = {.program = this, .number = i};
  }
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    registers_[test_.inputs[i].thread][test_.inputs[i].target] = inputs_[i];
  }
  for (unsigned i = 0; i < test_.frames.size(); ++i) {
    frames_.emplace_back(*kept_, memory_, monitor_, static_cast<Pfn>(kFirstPfn + i),
                         test_.contents[i]);
  }
  pmd_ = machine::pmd_t(x, true, {.format = "pmd"});
  for (unsigned i = 0; i < test_.addresses.size(); ++i) {
    slots_.emplace_back(*kept_, memory_, monitor_, Vaddr(i * kPageSizeBytes), 0, everyone_, pmd_,
                        pte_t{test_.entries[i]});
  }
  for (unsigned i = 0; i < nr_threads; ++i) {
    x.spawn("thread", static_cast<CpuId>(i), &VmsaProgram::run_thread, &contexts_[i]);
  }
  memory_.start(nr_threads);
}

void VmsaProgram::run_thread(void* context) {
  const Context& thread = *static_cast<Context*>(context);
  thread.program->run_thread(thread.number);
}

std::uint64_t VmsaProgram::value_of(unsigned number, Operand operand) const {
  return operand.is_register ? registers_[number][operand.value] : operand.value;
}

std::uint64_t VmsaProgram::compute(unsigned number, const Instruction& i) const {
  const std::uint64_t a = value_of(number, i.a);
  const std::uint64_t b = value_of(number, i.b);
  if (i.operation == Operation::Move) return a;
  if (a == kUnset || b == kUnset) return kUnset;
  if (i.operation == Operation::Or) return a | b;
  if (i.operation == Operation::And) return a & b;
  if (i.operation == Operation::Xor) return a ^ b;
  return a + b;
}

void VmsaProgram::invalidate(unsigned number, const Instruction& instruction) {
  boost::container::static_vector<PteSlot*, kAddressesMax> entries;
  for (unsigned address : instruction.addresses) entries.push_back(&slots_[address]);
  machine::cpumask_t self;
  self.set(static_cast<CpuId>(number));
  cpus_[number].tlbi(entries, instruction.broadcast ? everyone_ : self);
}

bool VmsaProgram::access(unsigned number, const Instruction& instruction) {
  const bool load = instruction.operation == Operation::Load;
  PteSlot& slot = slots_[instruction.address];
  Arm64Cpu& cpu = cpus_[number];
  while (true) {
    const Arm64Translation translation =
        cpu.translate(slot, load ? AccessKind::Load : AccessKind::Store);
    if (translation.result != Arm64Translation::Result::Ok) {
      const Thread& thread = test_.threads[number];
      const bool permission = translation.result == Arm64Translation::Result::PermissionFault;
      for (const Assignment& assignment :
           permission ? thread.on_permission_fault : thread.on_translation_fault) {
        registers_[number][assignment.target] = assignment.value;
      }
      return false;
    }
    execution_->step({.format = "access"});
    if (!cpu.still_valid(slot, translation)) continue;
    Frame& frame = frames_[to_index(translation.pfn) - kFirstPfn];
    if (load) {
      registers_[number][instruction.target] = frame.load();
    } else {
      frame.store(value_of(number, instruction.a), slot);
    }
    return true;
  }
}

void VmsaProgram::run_thread(unsigned number) {
  const Thread& thread = test_.threads[number];
  Registers& registers = registers_[number];
  for (unsigned at = 0; at < thread.code.size();) {
    const Instruction& i = thread.code[at++];
    switch (i.operation) {
      case Operation::Load:
      case Operation::Store:
        if (!access(number, i) && !thread.skips) return;
        break;
      case Operation::LoadEntry:
        execution_->step({.format = "load PTE"});
        registers[i.target] = slots_[i.address].load_plain().word;
        break;
      case Operation::StoreEntry:
        execution_->step({.format = "store PTE"});
        slots_[i.address].store_plain(pte_t{entry_of(value_of(number, i.a), test_.frames.size())});
        break;
      case Operation::Invalidate:
        invalidate(number, i);
        break;
      case Operation::Complete:
        memory_.fence();
        cpus_[number].dsb();
        break;
      case Operation::Fence:
        memory_.fence();
        break;
      case Operation::Move:
      case Operation::Or:
      case Operation::And:
      case Operation::Xor:
      case Operation::Add:
        registers[i.target] = compute(number, i);
        break;
      case Operation::Branch:
        at = i.destination;
        break;
      case Operation::BranchIfZero:
      case Operation::BranchIfNonZero:
        if ((value_of(number, i.a) == 0) == (i.operation == Operation::BranchIfZero)) {
          at = i.destination;
        }
        break;
    }
  }
}

bool VmsaProgram::holds(const Condition& condition) const {
  const auto operand_holds = [this](const Condition& operand) { return holds(operand); };
  const auto& operands = condition.operands;
  switch (condition.kind) {
    case Condition::Kind::And:
      return std::all_of(operands.begin(), operands.end(), operand_holds);
    case Condition::Kind::Or:
      return std::any_of(operands.begin(), operands.end(), operand_holds);
    case Condition::Kind::Not:
      return !holds(operands.front());
    case Condition::Kind::Register:
      return registers_[condition.thread][condition.place] == condition.value;
    case Condition::Kind::Memory:
      return frames_[condition.place].peek() == condition.value;
  }
  return false;
}

/// The next combination of candidates; false after the last.
bool advance(const Test& test, std::vector<std::size_t>& choice) {
  for (std::size_t i = 0; i < choice.size(); ++i) {
    if (++choice[i] < test.inputs[i].candidates.size()) return true;
    choice[i] = 0;
  }
  return false;
}

}  // namespace

Verdict run(const Test& test, explore::Strategy strategy, explore::MemoryModel model) {
  Verdict verdict;
  std::vector<std::size_t> choice(test.inputs.size(), 0);
  do {
    std::vector<std::uint64_t> values;
    for (std::size_t i = 0; i < choice.size(); ++i) {
      values.push_back(test.inputs[i].candidates[choice[i]]);
    }
    VmsaProgram program(test, std::move(values), model);
    verdict.executions += explore::explore(program, {.strategy = strategy}).executions;
    verdict.allowed = verdict.allowed || program.held();
  } while (advance(test, choice));
  return verdict;
}

}  // namespace mmcheck::workload::vmsa

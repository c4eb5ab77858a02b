// SPDX-License-Identifier: Apache-2.0
#include "tlb_program.h"

#include <fmt/format.h>

namespace mmcheck::machine::testing {

namespace {

constexpr std::uint64_t kFault = 0xfa;

}  // namespace

void TlbProgram::setup(explore::Execution& x) {
  execution_ = &x;
  memory_.reset(x);
  kept_.emplace(x);
  const auto nr_cpus = static_cast<unsigned>(threads_.size());
  cpus_.clear();
  frames_.clear();
  slots_.clear();
  cpu_list_.clear();
  contexts_.resize(nr_cpus);
  results_.clear();
  mask_ = {};
  for (unsigned i = 0; i < nr_cpus; ++i) {
    cpus_.emplace_back(*kept_, static_cast<CpuId>(i), nr_cpus);
    cpu_list_.push_back(&cpus_.back());
    mask_.set(static_cast<CpuId>(i));
  }
  for (unsigned i = 0; i < kFrames; ++i) {
    frames_.emplace_back(*kept_, memory_, monitor_, static_cast<Pfn>(i), 10 + i);
  }
  pmd_ = pmd_t(x, true, {.format = "pmd"});
  for (unsigned i = 0; i < kEntries; ++i) {
    slots_.emplace_back(*kept_, memory_, monitor_, Vaddr(i * kPageSizeBytes), 0, mask_, pmd_,
                        initial_[i]);
    if (arch_.splits_entries()) slots_.back().split();
  }
  for (Cpu* cpu : cpu_list_) arch_.start_cpu(*cpu, *kept_, kEntries);
  flag_ = memory_.add(0, {.format = "flag"});
  for (unsigned i = 0; i < nr_cpus; ++i) {
    contexts_[i] = {.program = this, .number = i};
    results_.emplace_back(*kept_, threads_[i].size());
    x.spawn("thread", static_cast<CpuId>(i), &TlbProgram::run, &contexts_[i]);
  }
  memory_.start(nr_cpus);
  for (Cpu* cpu : cpu_list_) {
    cpu->count_stores(memory_);
    cpu->start_handlers(nr_cpus);
  }
  kept_->keep();
}

void TlbProgram::run(void* context) {
  const Thread& thread = *static_cast<Thread*>(context);
  TlbProgram& program = *thread.program;
  for (const Instruction& instruction : program.threads_[thread.number]) {
    program.results_[thread.number].push_back(program.execute(thread.number, instruction));
  }
  Cpu& cpu = *program.cpu_list_[thread.number];
  if (cpu.irqs_disabled()) cpu.local_irq_enable();
}

std::uint64_t TlbProgram::access(Cpu& cpu, PteSlot& slot, const Instruction& instruction) {
  const AccessKind kind = instruction.op == Op::Load ? AccessKind::Load : AccessKind::Store;
  while (true) {
    const Translation translation = cpu.translate(slot, kind);
    if (translation.result != Translation::Result::Ok) {
      return kFault + static_cast<std::uint64_t>(translation.result);
    }
    execution_->step({.format = "access"});
    if (!cpu.still_valid(slot, translation)) continue;
    Frame& frame = frames_[to_index(translation.pfn)];
    if (kind == AccessKind::Load) return frame.load();
    frame.store(instruction.value, slot);
    return 1;
  }
}

std::uint64_t TlbProgram::execute(unsigned thread, const Instruction& instruction) {
  Cpu& cpu = *cpu_list_[thread];
  PteSlot& slot = slots_[instruction.entry];
  switch (instruction.op) {
    case Op::Load:
    case Op::Store:
      return access(cpu, slot, instruction);
    case Op::SetPte:
      if (arch_.splits_entries()) {
        arch_.set_pte(cpu, slot, pte_t{instruction.value}, {.format = "set_pte"});
        return 0;
      }
      execution_->step({.format = "set_pte"});
      slot.store_plain(pte_t{instruction.value});
      return 0;
    case Op::GetAndClear:
      memory_.fence();
      // Without A: speculation may set it or not, which is nobody's business.
      return pte_mkold(arch_.ptep_get_and_clear(cpu, slot)).word;
    case Op::Flush: {
      memory_.fence();
      if (cpu.irqs_disabled()) cpu.local_irq_enable();  // Or two could wait for each other.
      arch_.flush_tlb(cpu, {&slot, 1}, mask_, cpu_list_.data());
      return 0;
    }
    case Op::FlagStore:
      execution_->step({.format = "store flag"});
      memory_.store_now(flag_, instruction.value);
      return 0;
    case Op::FlagLoad:
      execution_->step({.format = "load flag"});
      return memory_.load_now(flag_).value;
    case Op::ReadLockless:
      return pte_mkold(arch_.ptep_get_lockless(cpu, slot)).word;
    case Op::IrqsOff:
      if (!cpu.irqs_disabled()) cpu.local_irq_disable();
      return 0;
    case Op::IrqsOn:
      if (cpu.irqs_disabled()) cpu.local_irq_enable();
      return 0;
  }
  return 0;
}

void TlbProgram::finished(explore::Execution& x) {
  for (const auto& results : results_) {
    for (std::uint64_t result : results) x.outcome(result);
  }
  for (const Frame& frame : frames_) x.outcome(frame.peek());
  for (const PteSlot& slot : slots_) x.outcome(pte_mkold(slot.peek()).word);
}

std::string TlbProgram::describe() const {
  static constexpr const char* kNames[] = {"load",     "store",      "set_pte",   "get_and_clear",
                                           "flush",    "flag_store", "flag_load", "read_lockless",
                                           "irqs_off", "irqs_on"};
  std::string text = fmt::format("entries {:#x} {:#x}\n", initial_[0].word, initial_[1].word);
  for (const auto& thread : threads_) {
    for (const Instruction& i : thread) {
      text += fmt::format("{}({}, {:#x}); ", kNames[static_cast<unsigned>(i.op)], i.entry, i.value);
    }
    text += '\n';
  }
  return text;
}

TlbProgram random_program(std::mt19937_64& random, const Arch& arch, unsigned nr_threads,
                          unsigned length, explore::MemoryModel model) {
  const auto pick = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  const auto entry = [&]() -> pte_t {
    if (pick(4) == 0) return {};
    pte_t pte = mk_pte(static_cast<Pfn>(pick(TlbProgram::kFrames)), 0);
    if (pick(3) != 0) pte = pte_mkwrite(pte);
    if (pte_write(pte) && pick(2) == 0) pte = pte_mkdirty(pte);
    return pick(4) == 0 ? pte_mkold(pte) : pte;
  };
  std::vector<std::vector<Instruction>> threads(nr_threads);
  std::uint64_t next_value = 100;
  for (auto& thread : threads) {
    for (unsigned i = 1 + pick(length); i > 0; --i) {
      Instruction instruction{.op = static_cast<Op>(pick(arch.splits_entries() ? 10 : 7)),
                              .entry = static_cast<std::uint8_t>(pick(3) == 0 ? 1 : 0),
                              .value = next_value++};
      if (instruction.op == Op::SetPte) instruction.value = entry().word;
      thread.push_back(instruction);
    }
  }
  return TlbProgram(arch, {entry(), entry()}, std::move(threads), model);
}

}  // namespace mmcheck::machine::testing

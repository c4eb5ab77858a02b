// SPDX-License-Identifier: Apache-2.0
#include "machine/arch/x86_tlb.h"

#include "base/error.h"

namespace mmcheck::machine {

namespace {

constexpr trace::Detail kMinor = trace::Detail::Minor;
constexpr std::uint64_t kFirstGen = 1;

std::uint32_t bit_of(const Cpu& cpu) { return 1u << to_index(cpu.id()); }

}  // namespace

X86Tlb::X86Tlb(Kept& kept, std::span<Cpu* const> cpus, const X86TlbPolicy& policy)
    : policy_(policy), cpus_(cpus) {
  for (Cpu* cpu : cpus) {
    TlbState& state = states_.emplace_back();
    state.loaded_mm = {kept.execution(),
                       kInitMm,
                       {.format = "CPU{}.loaded_mm", .args = {arg(cpu->id())}, .detail = kMinor}};
    state.is_lazy = {
        kept.execution(),
        false,
        {.format = "CPU{}.is_lazy", .args = {arg(cpu->id())}, .value = trace::format_flag}};
    cpu->set_flush_function(this);
  }
}

void X86Tlb::add_mm(Kept& kept, std::span<PteSlot> entries, cpumask_t cpus) {
  if (mms_.size() == kMmsMax) throw InternalError("more address spaces than the TLB code knows");
  const auto mm = static_cast<std::uint8_t>(mms_.size());
  MmContext& context = mms_.emplace_back();
  context.entries = entries;
  context.tlb_gen = {
      kept.execution(), kFirstGen, {.format = "tlb_gen", .value = trace::format_decimal}};
  context.cpumask = {
      kept.execution(), cpus.bits(), {.format = "mm_cpumask", .value = trace::format_hex}};
  context.revoked = kept.make_array<Revoked>(entries.size());
  for (Cpu* cpu : cpus_) {
    TlbState& state = state_of(*cpu);
    state.tlb_gen[mm] = {kept.execution(),
                         cpus.test(cpu->id()) ? kFirstGen : 0,
                         {.format = "CPU{}.ctxs.tlb_gen",
                          .args = {arg(cpu->id())},
                          .value = trace::format_decimal,
                          .detail = kMinor}};
    if (!cpus.test(cpu->id())) continue;
    state.loaded_mm = {kept.execution(),
                       mm,
                       {.format = "CPU{}.loaded_mm", .args = {arg(cpu->id())}, .detail = kMinor}};
  }
}

void X86Tlb::set_in_mask(const Cpu& cpu, unsigned mm, bool on) {
  auto& mask = mms_[mm].cpumask;
  mask.commute(on ? mask.peek() | bit_of(cpu) : mask.peek() & ~bit_of(cpu));
}

// linux v6.12 arch/x86/mm/tlb.c: should_flush_tlb. It reads loaded_mm first, so that is_lazy is at
// least as new.
bool X86Tlb::should_flush_tlb(const Cpu& sender, CpuId target, unsigned mm) {
  const TlbState& state = states_[to_index(target)];
  sender.execution().step(
      {.format = "should_flush_tlb(): CPU{}.loaded_mm?", .args = {arg(target)}, .detail = kMinor});
  const std::uint8_t loaded = state.loaded_mm.read_last();
  sender.execution().step({.format = "should_flush_tlb(): CPU{} is lazy?", .args = {arg(target)}});
  if (state.is_lazy.read_last()) return false;
  // A CPU that is switching may have seen the tlb_gen of before, and not loaded its mm yet.
  if (loaded == kSwitching) return policy_.switching_cpu == X86TlbPolicy::SwitchingCpu::Interrupted;
  return loaded == mm;
}

void X86Tlb::flush_tlb_mm_range(Cpu& cpu, unsigned mm, unsigned first_page, unsigned end_page,
                                FreedTables freed_tables) {
  MmContext& context = mms_[mm];
  const std::span<PteSlot> range = context.entries.subspan(first_page, end_page - first_page);
  FlushInfo info{.entries = range, .mm = static_cast<std::uint8_t>(mm)};
  std::uint32_t mask = 0;
  const auto inc_mm_tlb_gen = [&] {
    cpu.execution().step({.format = "inc_mm_tlb_gen()"});
    info.new_gen = context.tlb_gen.read_last() + 1;
    context.tlb_gen.write(info.new_gen);
  };
  const auto read_mm_cpumask = [&] {
    cpu.execution().step({.format = "flush_tlb_mm_range(): mm_cpumask?", .detail = kMinor});
    mask = context.cpumask.read_last();
  };
  if (policy_.flusher == X86TlbPolicy::Flusher::IncrementsFirst) {
    inc_mm_tlb_gen();
    read_mm_cpumask();
  } else {
    read_mm_cpumask();
    inc_mm_tlb_gen();
  }
  const bool all = freed_tables == FreedTables::Yes &&
                   policy_.lazy_cpu == X86TlbPolicy::LazyCpu::InterruptedIfTablesFreed;
  cpumask_t targets;
  for (const Cpu* other : cpus_) {
    if ((mask & bit_of(*other)) == 0) continue;
    if (other == &cpu || all || should_flush_tlb(cpu, other->id(), mm)) targets.set(other->id());
  }
  cpu.send_flush_requests(info, targets, cpus_.data());
  cpu.wait_for_flush(targets, cpus_.data());
}

// linux v6.12 arch/x86/mm/tlb.c: flush_tlb_func. Runs on the CPU that is to flush, interrupts off,
// in one step.
//
// Only this CPU's own range, although it is more than one generation behind, and it would take
// itself for up to date:
//
//     CPU0 flushes x (gen 2)      CPU1 flushes y (gen 3)      this CPU (gen 1)
//                                                             IPI of CPU1: y forgotten, gen = 3
//                                                             IPI of CPU0: 2 <= 3, nothing to do
//     [returns, and x is still there]
void X86Tlb::flush_tlb_func(Cpu& cpu, const FlushInfo& info) {
  TlbState& state = state_of(cpu);
  if (state.loaded_mm.read() != info.mm) return;
  if (state.is_lazy.read()) {
    // switch_mm_irqs_off(&init_mm): its tables are not loaded any more.
    state.is_lazy.write(false);
    state.loaded_mm.write(kInitMm);
    set_in_mask(cpu, info.mm, false);
    return;
  }
  const std::uint64_t local = state.tlb_gen[info.mm].read();
  if (info.new_gen <= local) return;
  const std::uint64_t latest = mms_[info.mm].tlb_gen.read();
  const bool own_range = (info.new_gen == local + 1 && info.new_gen == latest) ||
                         policy_.flush_func == X86TlbPolicy::FlushFunc::OwnRange;
  for (PteSlot& entry : own_range ? info.entries : mms_[info.mm].entries) {
    entry.tlb_invalidate(cpu.id());
  }
  state.tlb_gen[info.mm].write(latest);
}

void X86Tlb::enter_lazy_tlb(Cpu& cpu) {
  cpu.execution().step({.format = "schedule(): enter_lazy_tlb()"});
  state_of(cpu).is_lazy.write(true);
}

// linux v6.12 arch/x86/mm/tlb.c: switch_mm_irqs_off
// differs: what is done to the other address space is left out: nobody flushes it.
void X86Tlb::switch_away(Cpu& cpu) {
  TlbState& state = state_of(cpu);
  cpu.execution().step({.format = "yield(): switch_mm_irqs_off(other)"});
  const std::uint8_t mm = state.loaded_mm.read();
  cpu.local_irqs_off(true);
  state.loaded_mm.write(kSwitching);
  cpu.execution().step({.format = "cpumask_clear_cpu(mm_cpumask)", .detail = kMinor});
  set_in_mask(cpu, mm, false);
  cpu.execution().step({.format = "load_new_mm_cr3(other)", .detail = kMinor});
  state.loaded_mm.write(kOtherMm);
  cpu.local_irqs_off(false);
}

/// Whatever the CPU holds of the address space is not older than `tlb_gen` says. Part of a step.
void X86Tlb::follow(Cpu& cpu, unsigned mm, std::uint64_t tlb_gen) {
  auto& followed = state_of(cpu).tlb_gen[mm];
  if (followed.read() >= tlb_gen) return;
  for (PteSlot& entry : mms_[mm].entries) entry.tlb_invalidate(cpu.id());
  followed.write(tlb_gen);
}

void X86Tlb::switch_mm_irqs_off(Cpu& cpu, unsigned mm) {
  TlbState& state = state_of(cpu);
  const bool gen_first = policy_.lazy_return == X86TlbPolicy::LazyReturn::ReadsGenFirst;
  std::uint64_t early_gen = 0;
  if (gen_first) {
    cpu.execution().step({.format = "switch_mm_irqs_off(): tlb_gen?"});
    early_gen = mms_[mm].tlb_gen.read_last();
  }
  cpu.execution().step({.format = "switch_mm_irqs_off(): is_lazy = false"});
  const std::uint8_t loaded = state.loaded_mm.read();
  cpu.local_irqs_off(true);
  state.is_lazy.write(false);
  if (loaded != mm) {
    load_mm(cpu, mm);
    return;
  }
  // smp_mb(): the flusher increments tlb_gen and then reads is_lazy.
  cpu.execution().step({.format = "switch_mm_irqs_off(): tlb_gen changed?"});
  if (policy_.lazy_return == X86TlbPolicy::LazyReturn::ClearsLazyFirst) {
    follow(cpu, mm, mms_[mm].tlb_gen.read());
  } else if (gen_first) {
    follow(cpu, mm, early_gen);
  }
  cpu.local_irqs_off(false);
}

void X86Tlb::load_mm(Cpu& cpu, unsigned mm) {
  TlbState& state = state_of(cpu);
  const bool gen_first = policy_.switch_mm == X86TlbPolicy::Switch::ReadsGenFirst;
  std::uint64_t gen = 0;
  const auto read_gen = [&] {
    cpu.execution().step({.format = "switch_mm_irqs_off(): tlb_gen?"});
    gen = mms_[mm].tlb_gen.read_last();
  };
  cpu.execution().step({.format = "loaded_mm = LOADED_MM_SWITCHING", .detail = kMinor});
  state.loaded_mm.write(kSwitching);
  if (gen_first) read_gen();
  cpu.execution().step({.format = "cpumask_set_cpu(mm_cpumask)"});
  set_in_mask(cpu, mm, true);
  if (!gen_first) read_gen();
  cpu.execution().step({.format = "load_new_mm_cr3()"});
  if (policy_.switch_mm != X86TlbPolicy::Switch::IgnoresGen) follow(cpu, mm, gen);
  state.loaded_mm.write(static_cast<std::uint8_t>(mm));
  cpu.local_irqs_off(false);
}

bool X86Tlb::in_use(const Cpu& cpu, unsigned mm) const {
  const TlbState& state = state_of(cpu);
  const bool loaded = state.loaded_mm.read_last() == mm;
  const bool lazy = state.is_lazy.read_last();
  // With interrupts off it is in the middle of a switch.
  const bool switching = cpu.irqs_off_now();
  return loaded && !lazy && !switching;
}

void X86Tlb::revoke(unsigned mm, unsigned page, unsigned version) {
  Revoked& revoked = mms_[mm].revoked[page];
  if (version > revoked.version) revoked = {version, cpus_[0]->execution().current_event()};
}

X86Tlb::Revoked X86Tlb::revoked(const PteSlot& slot) const {
  const MmContext& context = mms_[slot.space()];
  const auto page = static_cast<std::size_t>(&slot - context.entries.data());
  return page < context.revoked.size() ? context.revoked[page] : Revoked{};
}

}  // namespace mmcheck::machine

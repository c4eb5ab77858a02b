// SPDX-License-Identifier: Apache-2.0
// Which TLB must be flushed, where CPUs switch between address spaces. linux arch/x86/mm/tlb.c
//
// A CPU that runs a thread of another process, or is lazy (it runs a kernel thread, with the tables
// of the last process still loaded), uses none of the process's translations. So it is not
// interrupted. It still has them, and finds out that they are old when it comes back: each address
// space counts its flushes (tlb_gen), and each CPU notes up to which of them it has followed.
//
// Two orders make that safe. Each is of two words, written and then read from both sides, so that
// one of the two sees the other:
//
//     flusher                                     CPU that comes back
//     clear the entry
//     ++tlb_gen                                   set its bit in mm_cpumask, or clear is_lazy
//     read mm_cpumask, loaded_mm, is_lazy:        read tlb_gen:
//     is there anybody to interrupt?              is anything of mine old?
//
// As in the stable release 6.12.117: before, loaded_mm was not looked at.
#pragma once

#include <boost/container/static_vector.hpp>
#include <span>

#include "machine/cpu.h"

namespace mmcheck::machine {

/// What mutations drop or move. All first: as Linux has it.
struct X86TlbPolicy {
  enum class Flusher : std::uint8_t { IncrementsFirst, ReadsMaskFirst };
  enum class SwitchingCpu : std::uint8_t { Interrupted, Skipped };
  enum class LazyCpu : std::uint8_t { InterruptedIfTablesFreed, Skipped };
  enum class Switch : std::uint8_t { SetsMaskFirst, ReadsGenFirst, IgnoresGen };
  enum class LazyReturn : std::uint8_t { ClearsLazyFirst, ReadsGenFirst, IgnoresGen };
  enum class FlushFunc : std::uint8_t { ByGeneration, OwnRange };

  Flusher flusher = Flusher::IncrementsFirst;
  SwitchingCpu switching_cpu = SwitchingCpu::Interrupted;
  LazyCpu lazy_cpu = LazyCpu::InterruptedIfTablesFreed;
  Switch switch_mm = Switch::SetsMaskFirst;
  LazyReturn lazy_return = LazyReturn::ClearsLazyFirst;
  FlushFunc flush_func = FlushFunc::ByGeneration;
};

enum class FreedTables : std::uint8_t { No, Yes };

/// Of all CPUs and address spaces of a scenario. Made only for scenarios in which some thread gives
/// up its CPU: elsewhere each CPU runs its process from the beginning to the end, and nothing here
/// could be told from a plain IPI to all of them.
/// differs: PCID is on, and each address space has a slot for itself: no translation goes away
/// because others need the room. Native flushes only.
class X86Tlb final : public FlushFunction {
 public:
  static constexpr unsigned kMmsMax = 4;

  X86Tlb(Kept& kept, std::span<Cpu* const> cpus, const X86TlbPolicy& policy);
  X86Tlb(const X86Tlb&) = delete;
  X86Tlb& operator=(const X86Tlb&) = delete;

  /// The next address space: `entries` are all it has, `cpus` those that run it to begin with.
  void add_mm(Kept& kept, std::span<PteSlot> entries, cpumask_t cpus);

  /// linux v6.12 arch/x86/mm/tlb.c: flush_tlb_mm_range, native_flush_tlb_multi, of these pages.
  void flush_tlb_mm_range(Cpu& cpu, unsigned mm, unsigned first_page, unsigned end_page,
                          FreedTables freed_tables);

  /// linux v6.12 kernel/sched/core.c: context_switch, from a thread of `mm` to a kernel thread, or
  /// to a thread of a process that the scenario does not name.
  void enter_lazy_tlb(Cpu& cpu);
  void switch_away(Cpu& cpu);
  /// And back to it. linux v6.12 arch/x86/mm/tlb.c: switch_mm_irqs_off
  void switch_mm_irqs_off(Cpu& cpu, unsigned mm);

  /// Whether user code on `cpu` may use translations of `mm` now. Accesses of the current step.
  bool in_use(const Cpu& cpu, unsigned mm) const;

  /// Whether `cpu` may walk the tables of its process now: it has them loaded, be it lazily. As
  /// above. differs: in the middle of a switch it does not.
  bool may_walk(const Cpu& cpu) const { return state_of(cpu).loaded_mm.read_last() < kMmsMax; }

  /// What the call that returns in this step has promised: no CPU uses an older version any more.
  void revoke(unsigned mm, unsigned page, unsigned version);
  /// The latest of such promises. differs: there are none of huge entries.
  struct Revoked {
    unsigned version = 0;  ///< the oldest that may still be used
    EventId at = kNoEvent;
  };
  Revoked revoked(const PteSlot& slot) const;

  void flush(Cpu& cpu, const FlushInfo& info) override { flush_tlb_func(cpu, info); }

 private:
  /// Values of tlb_state::loaded_mm besides address spaces.
  enum : std::uint8_t { kInitMm = 0xfd, kOtherMm, kSwitching };

  /// linux v6.12 include/linux/mm_types.h: mm_struct.cpu_bitmap; arch/x86/include/asm/mmu.h
  struct MmContext {
    std::span<PteSlot> entries;
    explore::Cell<std::uint64_t> tlb_gen;
    explore::Cell<std::uint32_t> cpumask;  ///< a bit for each CPU; changes of two commute
    std::span<Revoked> revoked;            ///< by page
  };
  /// linux v6.12 arch/x86/include/asm/tlbflush.h: tlb_state, tlb_state_shared
  struct TlbState {
    explore::Cell<std::uint8_t> loaded_mm;
    explore::Cell<bool> is_lazy;
    explore::Cell<std::uint64_t> tlb_gen[kMmsMax];  ///< ctxs[].tlb_gen: followed up to here
  };

  TlbState& state_of(const Cpu& cpu) { return states_[to_index(cpu.id())]; }
  const TlbState& state_of(const Cpu& cpu) const { return states_[to_index(cpu.id())]; }
  void flush_tlb_func(Cpu& cpu, const FlushInfo& info);
  bool should_flush_tlb(const Cpu& sender, CpuId target, unsigned mm);
  void set_in_mask(const Cpu& cpu, unsigned mm, bool on);
  void follow(Cpu& cpu, unsigned mm, std::uint64_t tlb_gen);
  void load_mm(Cpu& cpu, unsigned mm);

  X86TlbPolicy policy_;
  std::span<Cpu* const> cpus_;
  boost::container::static_vector<MmContext, kMmsMax> mms_;
  boost::container::static_vector<TlbState, kCpusMax> states_;
};

}  // namespace mmcheck::machine

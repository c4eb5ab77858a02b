// SPDX-License-Identifier: Apache-2.0
#include "machine/machine.h"

namespace mmcheck::machine {

namespace {

class Arm64 final : public Arch {
 public:
  std::string_view name() const override { return "arm64"; }

  // Arm ARM (DDI 0487), D8.13: only a permission fault may come from a TLB, and it leaves it alone.
  void start_cpu(Cpu& cpu, Kept& kept, unsigned nr_entries) const override {
    cpu.start_broadcasts(kept, nr_entries, FaultsDropEntries::No);
  }
  // What is left in TLBs under an ASID that no thread runs under is of no use to anybody.
  bool uses_context(bool) const override { return true; }

  // linux v6.12 arch/arm64/include/asm/pgtable.h: __ptep_get_and_clear
  pte_t ptep_get_and_clear(Cpu& cpu, PteSlot& slot) const override {
    cpu.execution().step({.format = "ptep_get_and_clear({})", .args = {arg(slot.va())}});
    const pte_t old = slot.ptep_get_last();
    slot.set_pte(pte_t{});
    return old;
  }

  // linux v6.12 arch/arm64/include/asm/tlbflush.h: __flush_tlb_range, flush_tlb_mm
  // differs: the DSB (ISHST) before TLBI, which makes the change of the entry visible to walks, is
  // not needed where stores of the kernel reach memory at once.
  void flush_tlb(Cpu& cpu, std::span<PteSlot> entries, cpumask_t targets,
                 Cpu* const* cpus) const override {
    static_cast<void>(cpus);
    cpu.tlbi(entries, targets);
    cpu.dsb();
  }

  // linux v6.12 arch/arm64/include/asm/tlb.h: tlb_flush: when the address space goes away, only
  // cached tables are of interest: its ASID is not given to another one before a full
  // flush. That is right as long as nobody runs under it.
  bool needs_tlb_flush(bool fullmm, bool freed_tables) const override {
    return !fullmm || freed_tables;
  }

  // linux v6.12 arch/arm64/include/asm/tlbflush.h: arch_tlbbatch_add_pending: TLBI without DSB;
  // arch_tlbbatch_flush: DSB. (v6.1 does not batch.)
  void arch_tlbbatch_add_pending(Cpu& cpu, PteSlot& entry, cpumask_t targets) const override {
    cpu.tlbi({&entry, 1}, targets);
  }
  bool arch_tlbbatch_flush(Cpu& cpu) const override {
    cpu.dsb();
    return true;
  }

  // linux v6.12 arch/arm64/mm/fault.c: __ptep_set_access_flags: a stale read-only entry is flushed,
  // since the fault that it causes would not drop it.
  bool flushes_upgrades() const override { return true; }
  // linux v6.12 arch/arm64/include/asm/pgtable.h: flush_tlb_fix_spurious_fault is empty: who made
  // the entry writable is about to flush, and until then the store faults again and again.
  // differs: the second store finds the entry evicted, so that it need not be tried for ever.
  void flush_tlb_fix_spurious_fault(Cpu& cpu, PteSlot& entry) const override {
    cpu.execution().step({.format = "spurious fault: try again", .detail = trace::Detail::Minor});
    entry.tlb_invalidate(cpu.id());
  }
  // linux v6.12 arch/arm64/include/asm/pgtable.h: ptep_clear_flush_young: TLBI without DSB. It
  // completes with the next one that this CPU waits for.
  void flush_young(Cpu& cpu, PteSlot& entry, cpumask_t targets) const override {
    cpu.tlbi({&entry, 1}, targets);
  }
};

constexpr Arm64 kArm64;

}  // namespace

const Arch& arm64() { return kArm64; }

}  // namespace mmcheck::machine

// SPDX-License-Identifier: Apache-2.0
#include "machine/machine.h"

namespace mmcheck::machine {

namespace {

class X86_64 final : public Arch {
 public:
  std::string_view name() const override { return "x86_64"; }

  // linux v6.12 arch/x86/include/asm/pgtable_64.h: native_ptep_get_and_clear
  // differs: at exit (fullmm) Linux reads and clears in two steps; nobody is left to set a bit
  // then.
  pte_t ptep_get_and_clear(Cpu& cpu, PteSlot& slot) const override {
    cpu.execution().step({.format = "ptep_get_and_clear({})", .args = {arg(slot.va())}});
    const pte_t old = slot.ptep_get_last();
    slot.set_pte(pte_t{});
    return old;
  }

  // linux v6.12 arch/x86/mm/tlb.c: flush_tlb_mm_range, native_flush_tlb_multi
  // differs: generations (tlb_gen), lazy mode and the protocol with switch_mm_irqs_off() that makes
  // them safe are not modelled: every CPU of the process gets the IPI.
  void flush_tlb(Cpu& cpu, std::span<PteSlot> entries, cpumask_t targets,
                 Cpu* const* cpus) const override {
    cpu.send_flush_requests(entries, targets, cpus);
    cpu.wait_for_flush(targets, cpus);
  }
};

constexpr X86_64 kX86_64;

}  // namespace

const Arch& x86_64() { return kX86_64; }

}  // namespace mmcheck::machine

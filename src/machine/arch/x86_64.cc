// SPDX-License-Identifier: Apache-2.0
#include "machine/arch/x86.h"

namespace mmcheck::machine {

// linux v6.12 arch/x86/include/asm/pgtable_64.h: native_ptep_get_and_clear
// differs: at exit (fullmm) Linux reads and clears in two steps; nobody is left to set a bit then.
pte_t X86::ptep_get_and_clear(Cpu& cpu, PteSlot& slot) const {
  cpu.execution().step({.format = "ptep_get_and_clear({})", .args = {arg(slot.va())}});
  const pte_t old = slot.ptep_get_last();
  slot.set_pte(pte_t{});
  return old;
}

// linux v6.12 arch/x86/mm/tlb.c: native_flush_tlb_multi
//
// As a guest of KVM (arch/x86/kernel/kvm.c: kvm_flush_tlb_multi) a CPU that the hypervisor has
// preempted is only marked, in steal.preempted, and the hypervisor flushes its TLB before it runs
// again. To TLBs that makes no difference. But the IPI also waited for interrupts to be on, and
// this does not: the flush is over while that CPU is in the middle of a region that has turned them
// off (Hubbard, Horn, 24 Oct 2022):
//
//     vCPU0                              vCPU1
//     local_irq_disable()
//     read an entry ...
//     [preempted]
//                                        clear the entry
//                                        flush: vCPU0 is preempted: marked, and done
//     [runs again, its TLB is flushed]
//     ... and read more of it
void X86::flush_tlb(Cpu& cpu, std::span<PteSlot> entries, cpumask_t targets,
                    Cpu* const* cpus) const {
  if (flush_ == TlbFlush::Kvm) targets = cpu.flush_preempted(entries, targets, cpus);
  cpu.send_flush_requests({.entries = entries}, targets, cpus);
  cpu.wait_for_flush(targets, cpus);
}

// linux v6.12 arch/x86/include/asm/tlbflush.h: pte_needs_flush, pte_flags_need_flush
bool X86::pte_needs_flush(pte_t old, pte_t pte) const {
  if (!pte_valid(old)) return false;
  if (pte_pfn(old) != pte_pfn(pte)) return true;
  constexpr std::uint64_t kOnClear = pte_t::kDirty | pte_t::kPresent;
  return (old.word & ~pte.word & kOnClear) != 0 || pte_write(old) != pte_write(pte);
}

namespace {

class X86_64 final : public X86 {
 public:
  using X86::X86;
  std::string_view name() const override { return "x86_64"; }
};

constexpr X86_64 kX86_64{TlbFlush::Native};
constexpr X86_64 kX86_64Kvm{TlbFlush::Kvm};

}  // namespace

const Arch& x86_64() { return kX86_64; }

const Arch& x86_64_kvm() { return kX86_64Kvm; }

}  // namespace mmcheck::machine

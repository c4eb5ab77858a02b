// SPDX-License-Identifier: Apache-2.0
#include "machine/machine.h"

namespace mmcheck::machine {

namespace {

class S390 final : public Arch {
 public:
  std::string_view name() const override { return "s390"; }

  // linux v6.12 arch/s390/mm/pgtable.c: ptep_xchg_direct -> ptep_ipte_global
  pte_t ptep_get_and_clear(Cpu& cpu, PteSlot& slot) const override {
    cpu.execution().step({.format = "ptep_get_and_clear({}): IPTE", .args = {arg(slot.va())}});
    const pte_t old = slot.ptep_get_last();
    slot.set_pte(pte_t{});
    for_each_cpu(slot.cpus(), [&](CpuId other) { slot.tlb_invalidate(other); });
    return old;
  }

  // linux v6.12 arch/s390/include/asm/tlb.h: tlb_flush; arch/s390/include/asm/tlbflush.h
  void flush_tlb(Cpu& cpu, std::span<PteSlot> entries, cpumask_t targets,
                 Cpu* const*) const override {
    cpu.execution().step({.format = "tlb_flush(): IDTE", .detail = trace::Detail::Minor});
    for_each_cpu(targets, [&](CpuId target) {
      for (PteSlot& entry : entries) entry.tlb_invalidate(target);
    });
  }

  bool gathers_pages() const override { return false; }
};

constexpr S390 kS390;

}  // namespace

const Arch& s390() { return kS390; }

}  // namespace mmcheck::machine

// SPDX-License-Identifier: Apache-2.0
#include "machine/machine.h"

namespace mmcheck::machine {

namespace {

class S390 final : public Arch {
 public:
  std::string_view name() const override { return "s390"; }

  // linux v6.12 arch/s390/mm/pgtable.c: ptep_xchg_direct -> ptep_ipte_global
  // z/Architecture Principles of Operation, INVALIDATE PAGE TABLE ENTRY: it is complete when all
  // CPUs have completed their stores through the entry.
  pte_t ptep_get_and_clear(Cpu& cpu, PteSlot& slot) const override {
    static_cast<void>(cpu);
    slot.step_when_landed({.format = "ptep_get_and_clear({}): IPTE", .args = {arg(slot.va())}});
    const pte_t old = slot.ptep_get_last();
    slot.set_pte(pte_t{});
    for_each_cpu(slot.cpus(), [&](CpuId other) { slot.tlb_invalidate(other); });
    return old;
  }

  // linux v6.12 arch/s390/include/asm/tlb.h: tlb_flush; arch/s390/include/asm/tlbflush.h
  void flush_tlb(Cpu& cpu, std::span<PteSlot> entries, cpumask_t targets,
                 Cpu* const*) const override {
    constexpr trace::StepText kText{.format = "tlb_flush(): IDTE", .detail = trace::Detail::Minor};
    if (entries.empty() || entries.front().stores_counter() == explore::kNoObject) {
      cpu.execution().step(kText);
      for_each_cpu(targets, [&](CpuId target) {
        for (PteSlot& entry : entries) entry.tlb_invalidate(target);
      });
      return;
    }
    for (PteSlot& entry : entries) {
      entry.step_when_landed(kText);
      for_each_cpu(targets, [&](CpuId target) { entry.tlb_invalidate(target); });
    }
  }

  bool gathers_pages() const override { return false; }
};

constexpr S390 kS390;

}  // namespace

const Arch& s390() { return kS390; }

}  // namespace mmcheck::machine

// SPDX-License-Identifier: Apache-2.0
#include "machine/machine.h"

namespace mmcheck::machine {

namespace {

std::uint32_t bit(const Cpu& cpu) { return 1u << to_index(cpu.id()); }

/// linux v6.12 arch/s390/mm/pgtable.c: ptep_ipte_global
/// z/Architecture Principles of Operation, INVALIDATE PAGE TABLE ENTRY: it is complete when all
/// CPUs have completed their stores through the entry.
pte_t ptep_ipte_global(PteSlot& slot) {
  slot.step_when_landed({.format = "ptep_get_and_clear({}): IPTE", .args = {arg(slot.va())}});
  const pte_t old = slot.ptep_get_last();
  slot.set_pte(pte_t{});
  for_each_cpu(slot.cpus(), [&](CpuId other) { slot.tlb_invalidate(other); });
  return old;
}

/// linux v6.12 arch/s390/include/asm/tlbflush.h: __tlb_flush_idte
void tlb_flush_idte(Cpu& cpu, std::span<PteSlot> entries, cpumask_t targets) {
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

/// linux v6.12 arch/s390/include/asm/tlbflush.h: __tlb_flush_mm_lazy
/// differs: __tlb_flush_mm counts in flush_count too; who attaches waits for the lock anyway.
void tlb_flush_mm_lazy(Cpu& cpu, mm_context& context) {
  explore::Execution& x = cpu.execution();
  x.step_when(context.lock.is(false), {.format = "__tlb_flush_mm_lazy(): flush_mm?"});
  if (!context.flush_mm.read()) return;  // And unlocks: nobody can tell.
  context.lock.write(true);
  context.flush_mm.write(false);
  cpumask_t all;
  if (!context.entries.empty()) all = context.entries.front().cpus();
  tlb_flush_idte(cpu, context.entries, all);
  x.step({.format = "__tlb_flush_mm_lazy(): done", .detail = trace::Detail::Minor});
  context.lock.write(false);
}

class S390 final : public Arch {
 public:
  constexpr explicit S390(S390Attach attach) : attach_(attach) {}

  std::string_view name() const override { return "s390"; }
  bool uses_context(bool yields) const override { return yields; }

  // linux v6.12 arch/s390/mm/pgtable.c: ptep_xchg_lazy -> ptep_flush_lazy
  //
  // If the address space is attached to this CPU only, no other one can use what its TLB still
  // holds, and this one is in the kernel and flushes before it returns. A CPU that attaches
  // meanwhile must see that a flush is owed, so changes are counted while they are under way
  // (Schaefer, 2 Nov 2022: "or as soon as another thread is attached"):
  //
  //     CPU0 munmap                        CPU1 attaches
  //     flush_count = 1
  //     attached to CPU0 only: lazy
  //                                        cpu_attach_mask |= CPU1
  //                                        wait until flush_count is 0
  //     clear the entry, flush_mm = 1
  //     flush_count = 0
  //                                        flush_mm: flush, and only then run user code
  pte_t ptep_get_and_clear(Cpu& cpu, PteSlot& slot) const override {
    if (slot.context() == nullptr) return ptep_ipte_global(slot);
    mm_context& context = *slot.context();
    explore::Execution& x = cpu.execution();
    x.step({.format = "ptep_flush_lazy(): flush_count++", .detail = trace::Detail::Minor});
    context.flush_count.write(context.flush_count.read_last() + 1);
    x.step({.format = "ptep_flush_lazy(): attached elsewhere?"});
    pte_t old;
    if (context.cpu_attach_mask.read_last() == bit(cpu)) {
      x.step({.format = "ptep_get_and_clear({}): lazily", .args = {arg(slot.va())}});
      old = slot.ptep_get_last();
      slot.set_pte(pte_t{});
      // This CPU does not use its TLB before it has flushed.
      context.usable.write(context.usable.read_last() & ~bit(cpu));
      x.step({.format = "ptep_flush_lazy(): flush_mm = 1", .detail = trace::Detail::Minor});
      context.flush_mm.write(true);
    } else {
      old = ptep_ipte_global(slot);
    }
    x.step({.format = "ptep_flush_lazy(): flush_count--", .detail = trace::Detail::Minor});
    context.flush_count.write(context.flush_count.read_last() - 1);
    return old;
  }
  pte_t ptep_xchg_direct(Cpu& cpu, PteSlot& slot) const override {
    static_cast<void>(cpu);
    return ptep_ipte_global(slot);
  }

  // linux v6.12 arch/s390/include/asm/pgtable.h: ptep_set_wrprotect -> ptep_xchg_lazy
  // differs: it is not put off, as no scenario has fork() and threads that give up their CPU.
  void ptep_set_wrprotect(Cpu& cpu, PteSlot& slot) const override {
    const pte_t old = ptep_ipte_global(slot);
    set_pte(cpu, slot, pte_wrprotect(old),
            {.format = "ptep_set_wrprotect({})", .args = {arg(slot.va())}});
  }

  // linux v6.12 arch/s390/include/asm/tlb.h: tlb_flush
  void flush_tlb(Cpu& cpu, std::span<PteSlot> entries, cpumask_t targets,
                 Cpu* const*) const override {
    mm_context* context = entries.empty() ? nullptr : entries.front().context();
    if (context == nullptr) {
      tlb_flush_idte(cpu, entries, targets);
      return;
    }
    tlb_flush_mm_lazy(cpu, *context);
    cpu.execution().step({.format = "flushed", .detail = trace::Detail::Minor});
    context->usable.write(context->usable.read_last() |
                          (context->cpu_attach_mask.read_last() & bit(cpu)));
  }

  // linux v6.12 arch/s390/include/asm/mmu_context.h: switch_mm_irqs_off,
  // finish_arch_post_lock_switch
  void yield(Cpu& cpu, mm_context& context) const override {
    explore::Execution& x = cpu.execution();
    x.step({.format = "switch_mm(): away"});
    context.cpu_attach_mask.write(context.cpu_attach_mask.read_last() & ~bit(cpu));
    context.usable.write(context.usable.read_last() & ~bit(cpu));
    x.step({.format = "switch_mm(): attach"});
    context.cpu_attach_mask.write(context.cpu_attach_mask.read_last() | bit(cpu));
    if (attach_ != S390Attach::WithoutWait) {
      x.step_when(context.flush_count.is(0),
                  {.format = "finish_arch_post_lock_switch(): flush_count is 0"});
    }
    if (attach_ != S390Attach::WithoutFlush) tlb_flush_mm_lazy(cpu, context);
    x.step({.format = "load CR7"});
    context.usable.write(context.usable.read_last() | bit(cpu));
  }

  bool gathers_pages() const override { return false; }

 private:
  S390Attach attach_;
};

constexpr S390 kS390[] = {S390(S390Attach::AsLinux), S390(S390Attach::WithoutWait),
                          S390(S390Attach::WithoutFlush)};

}  // namespace

const Arch& s390(S390Attach attach) { return kS390[static_cast<unsigned>(attach)]; }

}  // namespace mmcheck::machine

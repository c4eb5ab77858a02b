// SPDX-License-Identifier: Apache-2.0
// 32-bit x86 with physical address extension: an entry has 64 bits, a load 32.
// linux v6.12 arch/x86/include/asm/pgtable-3level.h
#include "machine/arch/x86.h"

namespace mmcheck::machine {

namespace {

class I386Pae final : public X86 {
 public:
  constexpr I386Pae(TlbFlush flush, LocklessRead read) : X86(flush), read_(read) {}

  std::string_view name() const override { return "i386_pae"; }
  bool splits_entries() const override { return true; }

  // linux v6.12 arch/x86/include/asm/pgtable-3level.h: native_ptep_get_and_clear: cmpxchg8b
  pte_t ptep_get_and_clear(Cpu& cpu, PteSlot& slot) const override {
    const pte_t old = X86::ptep_get_and_clear(cpu, slot);
    slot.set_pte_high({});
    return old;
  }

  // linux v6.12 arch/x86/include/asm/pgtable-3level.h: native_set_pte. The high half first: while
  // the low one is not present, nobody uses it.
  void set_pte(Cpu& cpu, PteSlot& slot, pte_t value, const trace::StepText& text) const override {
    cpu.execution().step({.format = "set_pte({}): high half",
                          .args = {arg(slot.va())},
                          .detail = trace::Detail::Minor});
    slot.set_pte_high(value);
    X86::set_pte(cpu, slot, value, text);
  }

  // linux v6.12 include/linux/pgtable.h: ptep_get_lockless, CONFIG_GUP_GET_PXX_LOW_HIGH
  //
  // That the low half is the same before and after says that the high one belongs to it only if an
  // entry does not go away and come back with the same low half meanwhile. The reader has turned
  // interrupts off, and trusts that between two present entries comes a TLB flush, which waits for
  // it (R-TORN). Neither is so always (Horn, 24 and 25 Oct 2022): see X86::flush_tlb() for the
  // first, and MADV_DONTNEED, which drops the PTL before it flushes, for the second:
  //
  //     CPU0 lockless reader           CPU1
  //     low = L
  //                                    clear the entry {L, H}
  //                                    (flush: does not wait, or comes too late)
  //     high = 0
  //                                    high = H'
  //                                    low = L
  //     low is still L: {L, 0}         [which was never stored]
  pte_t ptep_get_lockless(Cpu& cpu, PteSlot& slot) const override {
    if (read_ == LocklessRead::Cmpxchg8b) return X86::ptep_get_lockless(cpu, slot);
    const auto step = [&](std::string_view format) {
      cpu.execution().step(
          {.format = format, .args = {arg(slot.va())}, .detail = trace::Detail::Major});
    };
    step("ptep_get_lockless({}): low half");
    std::uint32_t low = slot.pte_low();
    while (true) {
      step("ptep_get_lockless({}): high half");
      const std::uint32_t high = slot.pte_high();
      step("ptep_get_lockless({}): low half again");
      const std::uint32_t again = slot.pte_low();
      if (again == low) return PteSlot::join(low, high);
      low = again;
    }
  }

 private:
  LocklessRead read_;
};

constexpr I386Pae kVariants[2][2] = {
    {{TlbFlush::Native, LocklessRead::LowHighLow}, {TlbFlush::Native, LocklessRead::Cmpxchg8b}},
    {{TlbFlush::Kvm, LocklessRead::LowHighLow}, {TlbFlush::Kvm, LocklessRead::Cmpxchg8b}}};

}  // namespace

const Arch& i386_pae(TlbFlush flush, LocklessRead read) {
  return kVariants[flush == TlbFlush::Kvm][read == LocklessRead::Cmpxchg8b];
}

}  // namespace mmcheck::machine

// SPDX-License-Identifier: Apache-2.0
#include "machine/machine.h"

namespace mmcheck::machine {

void Arch::set_pte(Cpu& cpu, PteSlot& slot, pte_t value, const trace::StepText& text) const {
  cpu.execution().step(text);
  slot.set_pte(value);
}

// x86 clears a bit, arm64 compares and exchanges: hardware's A and D are not lost, and no TLB
// follows.
void Arch::ptep_set_wrprotect(Cpu& cpu, PteSlot& slot) const {
  cpu.execution().step({.format = "ptep_set_wrprotect({})", .args = {arg(slot.va())}});
  slot.set_pte(pte_wrprotect(slot.ptep_get_last()));
}

pte_t Arch::ptep_get_lockless(Cpu& cpu, PteSlot& slot) const {
  cpu.execution().step({.format = "ptep_get_lockless({})", .args = {arg(slot.va())}});
  return slot.ptep_get_last();
}

}  // namespace mmcheck::machine

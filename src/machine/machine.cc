// SPDX-License-Identifier: Apache-2.0
#include "machine/machine.h"

namespace mmcheck::machine {

void Arch::set_pte(Cpu& cpu, PteSlot& slot, pte_t value, const trace::StepText& text) const {
  cpu.execution().step(text);
  slot.set_pte(value);
}

pte_t Arch::ptep_get_lockless(Cpu& cpu, PteSlot& slot) const {
  cpu.execution().step({.format = "ptep_get_lockless({})", .args = {arg(slot.va())}});
  return slot.ptep_get_last();
}

}  // namespace mmcheck::machine

// SPDX-License-Identifier: Apache-2.0
// Invalidations that are broadcast by one instruction and completed by a barrier in another.
//
// Sources: Arm ARM (DDI 0487), D8.16 "TLB maintenance".
#pragma once

#include <span>

#include "machine/page_table.h"

namespace mmcheck::machine {

/// A TLBI that has been issued and need not be complete.
struct IssuedTlbi {
  PteSlot* entry = nullptr;
  cpumask_t targets;
  unsigned oldest = 0;  ///< version that may still be used after completion
};

/// Part of the step of the TLBI. What is replaced before it is what the targets must forget; until
/// it is complete they may use it, and may fill their TLBs with what is present meanwhile.
IssuedTlbi issue_tlbi(PteSlot& entry, cpumask_t targets);

/// DSB for loads and stores: completes what this CPU has issued, in one step. Accesses of other
/// CPUs that have translated and not yet accessed translate anew (Cpu::still_valid): which is the
/// same as waiting for them.
void complete_tlbis(explore::Execution& execution, std::span<const IssuedTlbi> issued);

}  // namespace mmcheck::machine

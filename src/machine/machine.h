// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "machine/cpu.h"
#include "machine/memory.h"

namespace mmcheck::machine {

/// How an architecture changes an entry and makes TLBs follow.
class Arch {
 public:
  virtual std::string_view name() const = 0;

  /// Takes the entry out and returns what it held, with every A and D bit that any CPU has relied
  /// on. One step. Whether TLBs may still hold the entry afterwards depends on the architecture.
  /// linux v6.12 arch/*/include/asm/pgtable.h: ptep_get_and_clear
  virtual pte_t ptep_get_and_clear(Cpu& cpu, PteSlot& slot) const = 0;

  /// Returns when no CPU of `targets` uses a translation older than this call.
  virtual void flush_tlb(Cpu& cpu, std::span<PteSlot> entries, cpumask_t targets,
                         Cpu* const* cpus) const = 0;

  /// Whether mmu_gather collects pages, or frees each as soon as it is unmapped
  /// (MMU_GATHER_NO_GATHER). Only an architecture whose TLBs follow at once can do without.
  virtual bool gathers_pages() const { return true; }

 protected:
  ~Arch() = default;
};

/// linux v6.12 arch/x86: an exchange that TLBs do not see; flushes by IPI.
const Arch& x86_64();

/// linux v6.12 arch/s390 mm/pgtable.c: ptep_xchg_direct: IPTE invalidates the entry in memory and
/// in all TLBs, in one.
/// differs: an mm that is attached to one CPU only defers the flush; here it never does. The walk
/// is x86's: s390 has no D bit in the entry, and a store through a clean one faults.
const Arch& s390();

}  // namespace mmcheck::machine

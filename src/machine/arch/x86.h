// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "machine/machine.h"

namespace mmcheck::machine {

/// What x86_64 and 32-bit x86 have in common.
class X86 : public Arch {
 public:
  constexpr explicit X86(TlbFlush flush) : flush_(flush) {}

  pte_t ptep_get_and_clear(Cpu& cpu, PteSlot& slot) const override;
  void flush_tlb(Cpu& cpu, std::span<PteSlot> entries, cpumask_t targets,
                 Cpu* const* cpus) const override;

  bool pte_needs_flush(pte_t old, pte_t pte) const override;

  bool counts_flushes() const override { return true; }

 protected:
  ~X86() = default;

 private:
  TlbFlush flush_;
};

}  // namespace mmcheck::machine

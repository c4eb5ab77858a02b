// SPDX-License-Identifier: Apache-2.0
// The MMU of an Armv8-A processor, as far as leaf entries are concerned: invalidations that are
// issued in one step and completed by a barrier in another, and faults that leave the TLB alone.
//
// Sources: Arm ARM (DDI 0487), D8.16 "TLB maintenance"; Simner et al., "Relaxed virtual memory in
// Armv8-A", ESOP 2022.
// differs: memory is sequentially consistent or TSO, so ISB has nothing to do.
#pragma once

#include <boost/container/static_vector.hpp>
#include <span>

#include "machine/cpu.h"
#include "machine/tlbi.h"

namespace mmcheck::machine {

/// In an entry: EL0 may not use it (AP[1] clear).
inline constexpr std::uint64_t kPteNoEl0 = 0x10;

struct Arm64Translation {
  enum class Result : std::uint8_t { Ok, TranslationFault, PermissionFault };

  Result result = Result::TranslationFault;
  Pfn pfn = kNoPfn;
  unsigned version = 0;  ///< of the leaf entry that was used
};

/// A processor whose threads access memory at EL0. A and D are not managed by hardware: entries
/// are as software writes them, with A set.
class Arm64Cpu {
 public:
  static constexpr unsigned kIssuedMax = 128;

  Arm64Cpu(explore::Execution& execution, CpuId id) : execution_(&execution), id_(id) {}

  /// Issues invalidations, of these entries on these CPUs: one step.
  void tlbi(std::span<PteSlot* const> entries, cpumask_t targets);

  /// Completes them; see complete_tlbis.
  void dsb();

  /// The walk of one access: one step.
  Arm64Translation translate(PteSlot& slot, AccessKind kind);

  /// Whether what translate() returned may be used. Part of the step of the access.
  bool still_valid(const PteSlot& slot, const Arm64Translation& translation) const {
    return slot.tlb_floor(id_) <= translation.version;
  }

 private:
  explore::Execution* execution_;
  CpuId id_;
  boost::container::static_vector<IssuedTlbi, kIssuedMax> issued_;
};

}  // namespace mmcheck::machine

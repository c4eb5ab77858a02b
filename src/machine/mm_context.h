// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "explore/cell.h"

namespace mmcheck::machine {

class PteSlot;

/// What an architecture keeps with an address space. Only architectures that ask for it have it
/// (Arch::uses_context).
/// linux v6.12 arch/*/include/asm/mmu.h: mm_context_t
struct mm_context {
  /// CPUs that may use what their TLBs hold. Another one runs no thread under the ASID any more
  /// (arm64), has another ASCE in CR7, or is in the kernel and flushes before it returns (s390).
  explore::Cell<std::uint32_t> usable;
  std::span<PteSlot> entries;  ///< of the address space

  // s390 only.
  explore::Cell<std::uint32_t> cpu_attach_mask;  ///< CPUs that run it, or are about to
  explore::Cell<std::uint32_t> flush_count;      ///< changes of entries under way
  explore::Cell<bool> flush_mm;                  ///< a flush has been put off
  explore::Cell<bool> lock;
};

}  // namespace mmcheck::machine

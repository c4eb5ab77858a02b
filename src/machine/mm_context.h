// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "explore/cell.h"

namespace mmcheck::machine {

/// What an architecture keeps with an address space. Only architectures that ask for it have it
/// (Arch::uses_context).
/// linux v6.12 arch/*/include/asm/mmu.h: mm_context_t
struct mm_context {
  /// CPUs on which the tables are loaded for user code. What another CPU's TLB holds of them cannot
  /// be used: arm64 has no thread left that runs under the ASID, s390 has another ASCE in CR7.
  explore::Cell<std::uint32_t> cpu_attach_mask;
};

}  // namespace mmcheck::machine

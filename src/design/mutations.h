// SPDX-License-Identifier: Apache-2.0
// linux-6.12 with one thing changed: for the files that hold mutations.
#pragma once

#include <span>

#include "design/design.h"
#include "design/policies.h"

namespace mmcheck::design {

constexpr mm::Policies linux_6_12(const machine::Arch& arch) {
  return {.zap = &kDelayedRmap, .gather = &kLocalAndActive, .arch = &arch};
}

template <typename Change>
mm::Policies changed(Change change, const machine::Arch& arch = machine::x86_64()) {
  mm::Policies policies = linux_6_12(arch);
  change(policies);
  return policies;
}

/// Those of fork() and copy on write.
std::span<const Design> fork_mutations();
/// Of mprotect(), mremap() and madvise(MADV_FREE).
std::span<const Design> call_mutations();

}  // namespace mmcheck::design

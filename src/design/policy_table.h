// SPDX-License-Identifier: Apache-2.0
// The policies of mm/policy.h by name, with the values that each can take: for files that compose
// a design, and for whoever lists them.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "design/composition.h"
#include "mm/policy.h"

namespace mmcheck::design {

struct Policy {
  std::string_view name;  ///< of the member: "flushes", "reclaim.ref_freeze"
  std::string_view meaning;
  std::span<const std::string_view> values;
  /// By its place among the values. Nothing: there is no name for it, or nobody looks at it.
  std::optional<unsigned> (*get)(const mm::Policies&) = nullptr;
  void (*set)(Composition&, unsigned value) = nullptr;
  bool is_field = true;  ///< one enum holds it; else a policy object, or a part of one
};

/// All. A member of mm::Policies, or of what is in it, that is missing here does not compile.
std::span<const Policy> policy_table();

/// nullptr if there is none of that name.
const Policy* find_policy(std::string_view name);

}  // namespace mmcheck::design

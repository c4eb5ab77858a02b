// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "conform/program.h"

namespace mmcheck::conform {

/// A call at which kernels of several versions differ, or the model is known to. What comes after
/// it is not compared.
struct KnownDifference {
  std::string_view name;
  std::string_view reason;
  bool (*matches)(const Call& call, const Result& host, const Result& model);
};
std::span<const KnownDifference> known_differences();

struct Comparison {
  /// The first call of which the results are not what one kernel would give, if another also may.
  /// Where a side failed, it is the call after the last.
  std::optional<std::size_t> difference;
  const KnownDifference* known = nullptr;  ///< which ended the comparison
};

Comparison compare(const Program& program, const Outcome& host, const Outcome& model);

}  // namespace mmcheck::conform

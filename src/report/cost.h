// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace mmcheck::report {

/// What one design costs in one case.
struct CostLine {
  std::string design;
  std::string work;  ///< the case, in words
  unsigned pages = 0;
  std::uint64_t flushes = 0;
  std::uint64_t ipis = 0;  ///< with two CPUs; each further one adds as many
  std::uint64_t steps = 0;
  std::uint64_t ptl_steps = 0;
  std::uint64_t ptl_longest = 0;
};

/// How many CPUs the table is for.
inline constexpr unsigned kCostCpus[] = {2, 16, 128};

/// A block for each case, in order of first appearance, with a line for each design.
std::string cost_table(std::span<const CostLine> lines);

}  // namespace mmcheck::report

// SPDX-License-Identifier: Apache-2.0
// What a real kernel was counted to do, beside what designs do.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "report/cost.h"

namespace mmcheck::report {

/// A case, once, on a kernel.
struct KernelRun {
  unsigned cpus = 2;  ///< that ran the process
  std::uint64_t flushes = 0;
  std::uint64_t ipis = 0;
  std::map<std::string, std::uint64_t> callers = {};  ///< which functions flushed, and how often
};

struct KernelCost {
  std::string work;  ///< the case, in words
  unsigned pages = 0;
  std::vector<KernelRun> runs;         ///< by number of CPUs, rising
  std::vector<CostLine> designs = {};  ///< to compare with
};

/// Whether the design has as many flushes, and as many IPIs with so many CPUs.
bool agrees(const CostLine& design, const KernelRun& run);

/// With all runs.
bool agrees(const CostLine& design, const KernelCost& cost);

/// One line, with its end: mmcheck.cost-on-kernel/1. The kernel is named by its release.
std::string to_json(const std::string& release, const KernelCost& cost);

/// A block for each case, with a line for the kernel, named by its release, and one for each
/// design.
std::string cost_on_kernel_table(const std::string& release, std::span<const KernelCost> costs);

}  // namespace mmcheck::report

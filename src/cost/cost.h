// SPDX-License-Identifier: Apache-2.0
// What a design costs: the memory manager that is searched, run once on a larger machine, in the
// sizes that Linux has, and counted.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "design/design.h"

namespace mmcheck::cost {

enum class Work : std::uint8_t {
  Munmap,    ///< one munmap() of so many dirty pages of a file, mapped shared
  ForkExit,  ///< fork() with so many private pages; the child maps as many dirty shared ones, exits
};

struct Case {
  Work work = Work::Munmap;
  unsigned pages = 1;
  std::string_view name;
};

/// What is measured of each design.
std::span<const Case> cases();

/// Two CPUs run the process. Each flush by IPI interrupts every CPU that does but the flusher's
/// own, so with N of them there are N - 1 for one that is counted here.
struct Cost {
  std::uint64_t flushes = 0;      ///< of TLBs, on all CPUs
  std::uint64_t ipis = 0;         ///< that the other CPU took
  std::uint64_t steps = 0;        ///< visible steps of the work
  std::uint64_t ptl_steps = 0;    ///< those under a page-table lock
  std::uint64_t ptl_longest = 0;  ///< of one time that the lock was held
};

Cost measure(const design::Design& design, const Case& what);

}  // namespace mmcheck::cost

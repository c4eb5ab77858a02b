// SPDX-License-Identifier: Apache-2.0
// A guest that does some work while its kernel traces what it flushes.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace mmcheck::lab {

/// What a process does while each of its other threads spins in user code, on a CPU of its own,
/// with the pages in its TLB.
struct CountedWork {
  enum class Kind : std::uint8_t {
    Munmap,    ///< munmap() of so many dirty pages of a file, mapped shared
    ForkExit,  ///< fork() with so many private pages; the child dirties as many shared ones, exits
  };
  Kind kind = Kind::Munmap;
  unsigned pages = 1;
  unsigned cpus = 2;  ///< that run the process, at least 2
};

/// Its source. What it sends is for parse_counts().
std::string counting_guest_source(std::span<const CountedWork> works, unsigned times);

}  // namespace mmcheck::lab

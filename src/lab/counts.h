// SPDX-License-Identifier: Apache-2.0
// How often a real kernel flushes TLBs, and whom it interrupts for it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "lab/counting_guest.h"
#include "lab/image.h"

namespace mmcheck::lab {

/// Of one run of a work: what the kernel does in its calls of munmap(), clone() and exit_group().
/// Faults are left out, as the copies of pages that the process itself writes to after a fork().
struct FlushCount {
  std::uint64_t flushes = 0;                          ///< calls of flush_tlb_mm_range()
  std::uint64_t ipis = 0;                             ///< other CPUs that were interrupted for one
  std::map<std::string, std::uint64_t> callers = {};  ///< of flush_tlb_mm_range(), and how often
};

/// What a counting guest has sent: for each work, its runs. Each IPI has been counted twice, in the
/// trace and in /proc/interrupts. Throws LabError, with the line, where the text is not as it
/// should be, and where the two counts differ.
std::vector<std::vector<FlushCount>> parse_counts(const std::string& text, std::size_t works,
                                                  unsigned times);

struct KernelCounts {
  std::vector<std::vector<FlushCount>> works;  ///< for each work, its runs
  unsigned boots = 1;                          ///< up to the one that went well
  double seconds = 0;                          ///< that one, from boot to end
};

/// Boots the kernel, and lets it do each work so many times. Files come to be in `folder`; its log
/// is `kernel.log` there. Throws LabError if the machine does not do as it should.
KernelCounts count_flushes(const Image& image, std::span<const CountedWork> works, unsigned times,
                           const std::filesystem::path& folder);

}  // namespace mmcheck::lab

// SPDX-License-Identifier: Apache-2.0
// What the reader of the tests and what runs them agree on: limits, and entries as values.
#pragma once

#include <cstddef>
#include <cstdint>

#include "machine/arch/arm64_tlbi.h"
#include "machine/page_table.h"

namespace mmcheck::workload::vmsa {

inline constexpr std::size_t kThreadsMax = machine::kCpusMax;
inline constexpr std::size_t kAddressesMax = 16;
inline constexpr std::size_t kFramesMax = 16;
inline constexpr std::size_t kInstructionsMax = 128;  ///< of one thread
inline constexpr std::size_t kEntryStoresMax = 30;    ///< to one entry
inline constexpr std::size_t kInvalidationsMax = 8;   ///< of one thread
inline constexpr std::size_t kInputCombinationsMax = 1000;
inline constexpr unsigned kNestingMax = 32;

/// Frames' numbers begin here, and numbers in tests end below what such a frame's entry is, so that
/// no number is equal to an entry.
inline constexpr unsigned kFirstPfn = 0x1000;
inline constexpr std::uint64_t kNumberMax = 0xfffff;

/// A number stored as an entry. What is not an entry of one of the frames is not present.
/// differs: it would name a frame outside of the test.
constexpr std::uint64_t entry_of(std::uint64_t value, std::size_t nr_frames) {
  const std::uint64_t pfn = value >> machine::pte_t::kPfnShift;
  const bool known = pfn >= kFirstPfn && pfn < kFirstPfn + nr_frames;
  return known ? value : value & ~machine::pte_t::kPresent;
}

}  // namespace mmcheck::workload::vmsa

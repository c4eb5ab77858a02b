// SPDX-License-Identifier: Apache-2.0
// The identity of a class of executions, or of their beginnings.
#pragma once

#include <cstddef>
#include <cstdint>

#include "explore/trace_log.h"

namespace mmcheck::explore {

/// Equal for beginnings of executions that order all dependent steps alike: a sum over the steps,
/// each with all that happens before it, so the order of independent steps does not matter. 128
/// bits, since a search that takes different beginnings for equal misses what follows on one.
struct ClassHash {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  ClassHash operator+(const ClassHash& other) const { return {low + other.low, high + other.high}; }
  ClassHash operator-(const ClassHash& other) const { return {low - other.low, high - other.high}; }
  bool operator==(const ClassHash&) const = default;
};

/// What a step of the log adds to the identity.
ClassHash hash_of_step(const TraceLog& log, std::uint32_t event);

/// The identity with a further number mixed in.
ClassHash mix(const ClassHash& hash, std::uint64_t value);

/// The identity of the whole log.
ClassHash hash_of_log(const TraceLog& log);

struct HashOfClass {
  std::size_t operator()(const ClassHash& hash) const { return hash.low; }
};

}  // namespace mmcheck::explore

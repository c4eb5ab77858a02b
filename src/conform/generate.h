// SPDX-License-Identifier: Apache-2.0
// Random programs. Most calls are valid, and about what is there; the rest is where the edges are.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "conform/program.h"

namespace mmcheck::conform {

/// The same for the same numbers, whoever asks.
Program generate(std::uint64_t seed, std::uint64_t number);

/// What is not generated, since the two sides are known to differ, or may.
struct Exclusion {
  std::string_view name;
  std::string_view reason;
  bool (*matches)(const Call& call);
};

std::span<const Exclusion> exclusions();
bool is_excluded(const Call& call);

}  // namespace mmcheck::conform

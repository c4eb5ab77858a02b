// SPDX-License-Identifier: Apache-2.0
// Many random programs, each on two sides.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "conform/side.h"

namespace mmcheck::conform {

/// What differs, made small.
struct Difference {
  std::uint64_t number = 0;  ///< of the program that it was found with
  Program program;
  Outcome host;
  Outcome model;
  std::size_t call = 0;  ///< the first that differs
};

/// Of one operation, on the host.
struct Figures {
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
};

struct Summary {
  std::uint64_t agree = 0;
  std::uint64_t differ = 0;
  std::uint64_t refused = 0;
  /// The host itself gave another result when it ran the program again.
  std::uint64_t unsteady = 0;
  std::array<Figures, 64> operations{};          ///< by Op
  std::map<std::string, std::uint64_t> reasons;  ///< why programs were refused, and how many
  /// How many of those that agree were compared up to a known difference only: by its name.
  std::map<std::string, std::uint64_t> known;

  void add(const Summary& other);
};

using SideFactory = std::function<std::unique_ptr<Side>()>;

struct Options {
  std::uint64_t programs = 1'000;
  std::uint64_t seed = 1;
  unsigned jobs = 1;
  SideFactory host;
  SideFactory model;
  /// Called in the order of the programs, by one thread at a time.
  std::function<void(const Difference&)> on_difference;
  /// Called now and then, with how many programs are done.
  std::function<void(std::uint64_t)> on_progress;
};

/// The result depends on the number of jobs only where the host's does.
Summary run(const Options& options);

}  // namespace mmcheck::conform

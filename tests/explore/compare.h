// SPDX-License-Identifier: Apache-2.0
// Compares the reduction with brute force on one program.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "explore/search.h"
#include "random_program.h"

namespace mmcheck::explore {

/// What a strategy saw of a program.
struct Seen {
  std::set<std::uint64_t> outcomes;    ///< final states, with who is blocked
  std::set<std::uint64_t> classes;     ///< of executions that no step cut short
  std::set<std::uint64_t> violations;  ///< each with all that happens before it
  std::uint64_t nr_whole = 0;          ///< executions that no step cut short
  unsigned fewest_switches = ~0u;      ///< up to a violation that a step reported
  Result result;
};

/// Equal exactly for equivalent executions. Computed from accesses, not from the engine's clocks.
std::uint64_t class_of(const TraceLog& log);

Seen look(RandomProgram& program, Strategy strategy, std::uint64_t executions_max);
/// The same, whatever `options` says of violations: the search continues at them.
Seen look(RandomProgram& program, Options options);

/// By sleep sets alone, with at most so many executions, and so many that are cut short.
Seen look_by_sleep_sets(RandomProgram& program, std::uint64_t executions_max);

/// How a search is shared among lanes.
struct Lanes {
  unsigned nr = 2;
  std::uint64_t round = 1;                 ///< they trade after so many executions of one of them
  std::function<std::uint64_t()> share{};  ///< see Tuning::share
};

/// As if the lanes ran at different speeds; with the same seed always the same.
Lanes lanes_of_speeds(std::uint64_t seed);

/// The search of a program in lanes.
Seen look_in_lanes(std::uint64_t seed, const RandomOptions& options, const Lanes& lanes);

/// Programs of all sizes, every third of which may break a rule.
RandomOptions options_of(std::uint64_t seed);
/// The same of programs that are foreseeable(), none of which breaks a rule.
RandomOptions foreseeable_options_of(std::uint64_t seed);

/// Leaves out instructions as long as the program is still `wrong`.
RandomOptions make_smaller(std::uint64_t seed, RandomOptions options,
                           const std::function<bool(const RandomOptions&)>& wrong);

/// Executions of brute force per program, after which it is left out.
inline constexpr std::uint64_t kNaiveMax = 4000;

/// Empty if the two strategies agree, else what differs.
std::string difference(const Seen& naive, const Seen& dpor);

}  // namespace mmcheck::explore

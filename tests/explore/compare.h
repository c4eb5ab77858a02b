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

/// The same search, shared among lanes that trade after `round` executions of one of them. `more`
/// are programs of the same seed and options.
Seen look_in_lanes(RandomProgram& program,
                   const std::function<std::unique_ptr<RandomProgram>()>& more, unsigned nr_lanes,
                   std::uint64_t round);

/// Executions of brute force per program, after which it is left out.
inline constexpr std::uint64_t kNaiveMax = 4000;

/// Empty if the two strategies agree, else what differs.
std::string difference(const Seen& naive, const Seen& dpor);

}  // namespace mmcheck::explore

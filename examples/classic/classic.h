// SPDX-License-Identifier: Apache-2.0
// Programs on which model checkers are compared, written for mmcheck from their descriptions in
// papers and in other tools' suites. Their numbers of executions are published: see
// tests/explore/published_counts.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "explore/explorer.h"
#include "explore/scenario.h"

namespace classic {

using Numbers = std::span<const unsigned>;

/// A program that may take numbers. Threads that may wait for ever are daemons, so that executions
/// in which they do are told from those in which all threads come to their end.
struct Entry {
  std::string_view name;
  std::string_view parameters;  ///< their names, one word each: "N"
  std::string_view what;
  void (*build)(mmcheck::explore::Scenario& scenario, Numbers numbers);

  unsigned nr_parameters() const;
};

/// A program without loops. Threads are separated by `|`, their steps by blanks:
///   x     load        x=2    store    x+1     add one    x<2    exchange
///   x:0>2 compare-and-exchange 0 by 2         x>1?       load; go on only if it is more than 1
struct Litmus {
  std::string_view name;
  std::string_view text;
};

std::span<const Entry> counters();
std::span<const Entry> arrays();
std::span<const Entry> locks();
std::span<const Entry> structures();
std::span<const Entry> queues();
std::span<const Entry> mutexes();
std::span<const Entry> bugs();
std::span<const Litmus> litmus();

/// Throws InputError, naming what there is, if there is no such program or it takes other numbers.
void build(mmcheck::explore::Scenario& scenario, std::string_view name, Numbers numbers);
void build_litmus(mmcheck::explore::Scenario& scenario, std::string_view text);

/// One line per program.
std::string list();

/// A search of all executions.
struct Counts {
  std::uint64_t finished = 0;    ///< executions in which all threads came to their end
  std::uint64_t unfinished = 0;  ///< those in which one waits at the end
  mmcheck::explore::Result result;
};
Counts count(mmcheck::explore::Scenario& scenario,
             const mmcheck::explore::ProgramFactory& more = {},
             const mmcheck::explore::Options& options = {
                 .on_violation = mmcheck::explore::OnViolation::Continue});

}  // namespace classic

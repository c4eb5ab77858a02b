// SPDX-License-Identifier: Apache-2.0
// A cell of the matrix: one scenario under one design.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cli/catalog.h"
#include "cli/session.h"
#include "design/design.h"
#include "explore/explorer.h"
#include "explore/memory.h"
#include "report/verdict.h"
#include "rules/rules.h"
#include "trace/record.h"

namespace mmcheck::cli {

class CheckpointFile;

struct Cell {
  const NamedScenario* scenario = nullptr;
  const design::Design* design = nullptr;
  const rules::Rule* only_rule = nullptr;  ///< the one to watch; nullptr: all
  explore::MemoryModel memory = explore::MemoryModel::Sc;
};

/// What to do about a counterexample once there is one.
enum class Search : std::uint8_t {
  Verdict,   ///< nothing: only the verdict is wanted
  First,     ///< straighten it
  Shortest,  ///< search on for the shortest, within a number of executions
};

struct CellResult {
  report::Verdict verdict;
  std::optional<trace::Record> record;  ///< of the counterexample; not for Search::Verdict
};

/// "sc" or "tso", as `--memory` takes it.
std::string_view memory_name(explore::MemoryModel memory);

rules::RuleSet set_of(const rules::Rule& rule);

/// What the scenario's file says of this design.
std::optional<report::Expectation> expectation_of(const workload::Scenario& scenario,
                                                  const design::Design& design);

/// The search of a counterexample that is shorter is not saved: with a checkpoint it is made again.
CellResult run_cell(const Cell& cell, const explore::Options& options, Search search);

struct Run {
  explore::Options options;
  Search search = Search::Shortest;
  unsigned jobs = 0;                     ///< threads; 0: one per core
  CheckpointFile* checkpoint = nullptr;  ///< where to save, and from where to go on
};

/// Runs the cells and passes the results on in the order of the cells. The results do not depend on
/// the number of jobs. An exception of a cell is thrown at its place in that order.
void run_cells(std::span<const Cell> cells, const Run& run, const Console& console,
               const std::function<void(CellResult&&)>& on_result);

}  // namespace mmcheck::cli

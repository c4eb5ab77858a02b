// SPDX-License-Identifier: Apache-2.0
// The options of the sub-commands that search: which designs, how, how far.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/catalog.h"
#include "cli/cell.h"
#include "cli/checkpoint_file.h"
#include "cli/session.h"
#include "design/design.h"
#include "rules/rules.h"

namespace mmcheck::cli {

struct SearchOptions {
  std::vector<std::string> designs;
  std::string rule;  ///< as given; empty: all
  explore::MemoryModel memory = explore::MemoryModel::Sc;
  bool mutations = false;
  bool json = false;
  std::string strategy = "dpor";
  std::optional<std::uint64_t> executions_max;
  std::optional<unsigned> preemptions;  ///< --strategy bounded
  std::optional<unsigned> depth;        ///< --strategy pct
  std::optional<std::uint64_t> seed;    ///< --strategy pct, random
  bool require_complete = false;
  unsigned jobs = 0;       ///< 0: one per core
  std::string checkpoint;  ///< the file; empty: none
  bool resume = false;
};

void add_search_options(CLI::App& command, SearchOptions& options);

/// `--rule`.
void add_rule_option(CLI::App& command, std::string& rule);

/// `--memory`.
void add_memory_option(CLI::App& command, explore::MemoryModel& memory);

/// The designs that are asked for, in the order of the matrix. Throws InputError on unknown names.
std::vector<const design::Design*> select_designs(const SearchOptions& options,
                                                  const Session& session);

/// A name, or a file that composes a design. Throws InputError with a suggestion if there is none.
const design::Design& find_design_or_throw(const std::string& word, const Session& session);

/// "write", "r-write" and "R-WRITE" name the same rule. Throws InputError with a suggestion if
/// there is none of that name.
const rules::Rule& find_rule_or_throw(const std::string& word, const Console& console);

/// The rule that `--rule` names; nullptr, which stands for all, if it is not given.
const rules::Rule* select_rule(const std::string& word, const Console& console);

/// Throws InputError where an option is given that the strategy has no use for.
explore::Options explore_options(const SearchOptions& options);

/// The file that `--checkpoint` names, read if `--resume` is given; nullptr without. Throws
/// InputError.
std::unique_ptr<CheckpointFile> open_checkpoint(const SearchOptions& options,
                                                std::span<const Cell> cells);

/// Every scenario under every design that is asked for. Where none is named, a scenario is run also
/// under the mutations of which its file says what comes out. References the scenarios. Throws
/// InputError where a file speaks of a design that does not exist.
std::vector<Cell> make_cells(std::span<const NamedScenario> scenarios, const SearchOptions& options,
                             const Session& session);

/// The exit code that the verdicts call for.
ExitCode exit_code_of(std::span<const report::Verdict> verdicts, const SearchOptions& options);

}  // namespace mmcheck::cli

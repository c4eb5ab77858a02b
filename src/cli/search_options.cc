// SPDX-License-Identifier: Apache-2.0
#include "cli/search_options.h"

#include <fmt/format.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "cli/design_file.h"
#include "cli/suggest.h"

#ifndef MMCHECK_VERSION
#define MMCHECK_VERSION "unknown"
#endif

namespace mmcheck::cli {
namespace {

/// A sample has no end of its own.
constexpr std::uint64_t kSampleExecutions = 10'000;
/// Beyond it PCT guarantees nothing that could be told from nothing.
constexpr unsigned kDepthMax = 20;
/// More than any scenario needs.
constexpr unsigned kPreemptionsMax = 250;

/// CLI11's own validators put their range of 300 digits into the message.
CLI::Validator at_least_one() {
  const auto check = [](std::string& text) {
    const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
    const bool positive = text.find_first_not_of('0') != std::string::npos;
    return digits && positive ? std::string() : "'" + text + "' is not a number of at least 1";
  };
  return CLI::Validator(check, "");
}

explore::Strategy strategy_of(const std::string& name) {
  if (name == "naive") return explore::Strategy::Naive;
  if (name == "bounded") return explore::Strategy::Bounded;
  if (name == "random") return explore::Strategy::Random;
  if (name == "pct") return explore::Strategy::Pct;
  if (name == "stateful") return explore::Strategy::Stateful;
  return explore::Strategy::Dpor;
}

void add_strategy_options(CLI::App& command, SearchOptions& options) {
  command
      .add_option("--strategy", options.strategy,
                  "dpor: one execution per class of equivalent ones; naive: every interleaving; "
                  "bounded: those with few preemptions; pct: a sample by random priorities; "
                  "random: a sample by random walks; stateful: every state")
      ->type_name("NAME")
      ->check(CLI::IsMember({"dpor", "naive", "bounded", "pct", "random", "stateful"}))
      ->capture_default_str();
  command
      .add_option("--preemptions", options.preemptions,
                  "bounded: at most K switches away from a thread that could go on; default: 2")
      ->type_name("K");
  command
      .add_option("--depth", options.depth,
                  "pct: finds bugs that show by D orders of steps; 1 to 20; default: 3")
      ->type_name("D")
      ->check(at_least_one());
  command
      .add_option("--max-executions", options.executions_max,
                  "Cut each search short after N executions (pct and random: 10000 unless told)")
      ->type_name("N")
      ->check(at_least_one());
  command.add_option("--seed", options.seed, "pct, random: default: 1")->type_name("S");
  command.add_flag("--require-complete", options.require_complete,
                   "Exit with 3 if a search was cut short, bounded or a sample");
}

/// `strategies`: those that use the option, as a list for the message.
void refuse_unless(bool used, const char* option, const char* strategies,
                   const SearchOptions& options) {
  if (used) return;
  throw InputError(fmt::format("{} is for --strategy {}; this search is {}", option, strategies,
                               options.strategy));
}

void check_combination(const SearchOptions& options) {
  const std::string& strategy = options.strategy;
  if (options.preemptions) {
    refuse_unless(strategy == "bounded", "--preemptions", "bounded", options);
  }
  if (options.depth) refuse_unless(strategy == "pct", "--depth", "pct", options);
  if (options.seed) {
    refuse_unless(strategy == "pct" || strategy == "random", "--seed", "pct or random", options);
  }
  if (options.depth.value_or(1) > kDepthMax) {
    throw InputError(fmt::format("--depth: {} is more than {}", *options.depth, kDepthMax));
  }
  if (options.preemptions.value_or(0) > kPreemptionsMax) {
    throw InputError(
        fmt::format("--preemptions: {} is more than {}", *options.preemptions, kPreemptionsMax));
  }
}

}  // namespace

void add_search_options(CLI::App& command, SearchOptions& options) {
  command.add_option("--design", options.designs, "Only this design; may be repeated")
      ->type_name("NAME")
      ->take_all()
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_flag("--mutations", options.mutations,
                   "Also all mutations: designs with one step dropped or moved");
  add_rule_option(command, options.rule);
  add_memory_option(command, options.memory);
  command.add_flag("--json", options.json, "One JSON object per line and cell");
  add_strategy_options(command, options);
  command
      .add_option("-j,--jobs", options.jobs,
                  "Threads that search, cells and parts of one cell; default: all cores")
      ->type_name("N")
      ->check(at_least_one());
  CLI::Option* checkpoint =
      command
          .add_option("--checkpoint", options.checkpoint,
                      "Save how far the search is to FILE, so that it can be killed; strategy dpor")
          ->type_name("FILE");
  command.add_flag("--resume", options.resume, "Go on from the --checkpoint FILE, if it is there")
      ->needs(checkpoint);
}

void add_rule_option(CLI::App& command, std::string& rule) {
  command
      .add_option("--rule", rule,
                  "Only this rule: executions go on past violations of others. Deadlock and lack "
                  "of progress (R-LIVE) are always reported")
      ->type_name("R-NAME");
}

void add_memory_option(CLI::App& command, explore::MemoryModel& memory) {
  command
      .add_option_function<std::string>(
          "--memory",
          [&memory](const std::string& name) {
            memory = name == "tso" ? explore::MemoryModel::Tso : explore::MemoryModel::Sc;
          },
          "The memory model: sc (sequentially consistent) or tso (x86: store buffers)")
      ->type_name("MODEL")
      ->check(CLI::IsMember({"sc", "tso"}))
      ->default_str("sc");
}

const design::Design& find_design_or_throw(const std::string& word, const Session& session) {
  return session.designs->find(word, session.console);
}

const rules::Rule& find_rule_or_throw(const std::string& word, const Console& console) {
  std::string name;
  for (char c : word) name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (!name.starts_with("R-")) name.insert(0, "R-");
  if (const rules::Rule* rule = rules::find_rule(name)) return *rule;
  std::vector<std::string> names;
  for (const rules::Rule& rule : rules::rules()) names.emplace_back(rule.name);
  throw InputError(fmt::format("unknown rule '{}'{}; `{} rules` names them", word,
                               did_you_mean(name, names), console.program));
}

const rules::Rule* select_rule(const std::string& word, const Console& console) {
  return word.empty() ? nullptr : &find_rule_or_throw(word, console);
}

std::vector<const design::Design*> select_designs(const SearchOptions& options,
                                                  const Session& session) {
  std::vector<const design::Design*> wanted;
  for (const std::string& word : options.designs) {
    wanted.push_back(&find_design_or_throw(word, session));
  }
  std::vector<const design::Design*> selected;
  const auto select = [&](std::span<const design::Design> list, bool all) {
    for (const design::Design& design : list) {
      const auto found = std::find(wanted.begin(), wanted.end(), &design);
      if (all || found != wanted.end()) selected.push_back(&design);
    }
  };
  select(design::designs(), wanted.empty());
  select(design::variants(), false);
  select(design::mutations(), options.mutations);
  for (const design::Design* design : wanted) {
    const auto known = std::find(selected.begin(), selected.end(), design);
    if (known == selected.end()) selected.push_back(design);  // composed
  }
  return selected;
}

namespace {

/// An expectation of a design that does not exist would never be looked at.
void check_expectations(const workload::Scenario& scenario, const Console& console) {
  for (const workload::Expectation& expectation : scenario.expectations) {
    if (expectation.design == "*" || design::find_design(expectation.design) != nullptr) continue;
    throw InputError(expectation.place, unknown_design(expectation.design, console));
  }
}

bool names_design(const workload::Scenario& scenario, const design::Design& design) {
  return std::any_of(scenario.expectations.begin(), scenario.expectations.end(),
                     [&](const auto& expectation) { return expectation.design == design.name; });
}

}  // namespace

explore::Options explore_options(const SearchOptions& options) {
  check_combination(options);
  explore::Options result;
  result.strategy = strategy_of(options.strategy);
  result.preemptions_max = options.preemptions.value_or(result.preemptions_max);
  result.depth = options.depth.value_or(result.depth);
  result.seed = options.seed.value_or(result.seed);
  if (result.strategy == explore::Strategy::Random || result.strategy == explore::Strategy::Pct) {
    result.executions_max = kSampleExecutions;
  }
  if (options.executions_max) result.executions_max = *options.executions_max;
  return result;
}

std::unique_ptr<CheckpointFile> open_checkpoint(const SearchOptions& options,
                                                std::span<const Cell> cells) {
  if (options.checkpoint.empty()) return nullptr;
  if (options.strategy != "dpor") throw InputError("--checkpoint goes with --strategy dpor only");
  std::string identity = MMCHECK_VERSION;
  for (const Cell& cell : cells) {
    identity += fmt::format("\n{}@{}", cell.scenario->word, identity_of(*cell.design));
    identity += cell.only_rule == nullptr ? "" : " " + std::string(cell.only_rule->name);
    if (cell.memory != explore::MemoryModel::Sc) {
      identity += " " + std::string(memory_name(cell.memory));
    }
  }
  if (options.executions_max) identity += fmt::format("\n{}", *options.executions_max);
  auto file = std::make_unique<CheckpointFile>(options.checkpoint, std::move(identity));
  if (options.resume) file->load();
  return file;
}

std::vector<Cell> make_cells(std::span<const NamedScenario> scenarios, const SearchOptions& options,
                             const Session& session) {
  const Console& console = session.console;
  const std::vector<const design::Design*> designs = select_designs(options, session);
  const rules::Rule* only_rule = select_rule(options.rule, console);
  const bool by_default = options.designs.empty() && !options.mutations;
  std::vector<Cell> cells;
  for (const NamedScenario& scenario : scenarios) {
    check_expectations(scenario.scenario, console);
    for (const design::Design* design : designs) {
      cells.push_back({&scenario, design, only_rule, options.memory});
    }
    if (!by_default) continue;
    for (const auto& list : {design::variants(), design::mutations()}) {
      for (const design::Design& design : list) {
        if (!names_design(scenario.scenario, design)) continue;
        cells.push_back({&scenario, &design, only_rule, options.memory});
      }
    }
  }
  return cells;
}

ExitCode exit_code_of(std::span<const report::Verdict> verdicts, const SearchOptions& options) {
  if (std::any_of(verdicts.begin(), verdicts.end(), report::is_failure)) return ExitCode::NotMet;
  const auto is_partial = [](const report::Verdict& verdict) { return !verdict.complete; };
  if (options.require_complete && std::any_of(verdicts.begin(), verdicts.end(), is_partial)) {
    return ExitCode::Incomplete;
  }
  return ExitCode::Met;
}

}  // namespace mmcheck::cli

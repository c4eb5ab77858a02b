// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "cli/catalog.h"
#include "cli/cell.h"
#include "cli/commands.h"
#include "cli/search_options.h"
#include "report/columns.h"
#include "report/json.h"
#include "report/matrix.h"

namespace mmcheck::cli {
namespace {

struct CheckOptions {
  SearchOptions search;
  std::vector<std::string> scenarios;
  bool all_steps = false;
  bool first = false;
};

std::vector<NamedScenario> load_scenarios(const CheckOptions& options, const Session& session) {
  const Catalog catalog(session);
  if (options.scenarios.empty()) return catalog.load_all();
  std::vector<NamedScenario> scenarios;
  for (const std::string& word : options.scenarios) {
    const bool repeated =
        std::any_of(scenarios.begin(), scenarios.end(),
                    [&](const NamedScenario& scenario) { return scenario.word == word; });
    if (!repeated) scenarios.push_back(catalog.load(word));
  }
  return scenarios;
}

/// A run of the whole catalog shows those counterexamples only that nobody expected: the others
/// are many, and one name away.
bool is_shown(const CheckOptions& options, const report::Verdict& verdict) {
  return !options.scenarios.empty() || report::is_failure(verdict);
}

class TextReport {
 public:
  TextReport(const CheckOptions& options, const Console& console, std::size_t design_width)
      : options_(options), console_(console), design_width_(design_width) {}

  void add(CellResult&& result) {
    const report::Verdict& verdict = result.verdict;
    if (verdict.scenario != scenario_) {
      console_.out << (scenario_.empty() ? "" : "\n") << verdict.scenario << '\n';
      scenario_ = verdict.scenario;
    }
    console_.out << report::verdict_line(verdict, static_cast<unsigned>(design_width_),
                                         console_.colour)
                 << std::flush;
    if (!result.record) return;
    if (is_shown(options_, verdict)) {
      shown_.push_back(std::move(result));
    } else {
      ++nr_hidden_;
    }
  }

  void finish(std::span<const report::Verdict> verdicts) {
    for (const CellResult& result : shown_) {
      const std::string heading = report::counterexample_heading(result.verdict);
      console_.out << '\n'
                   << report::paint(console_.colour, report::Emphasis::Bold, heading) << "\n\n"
                   << report::columns(*result.record,
                                      {.steps = options_.all_steps ? report::Steps::All
                                                                   : report::Steps::Essential,
                                       .colour = console_.colour,
                                       .replay = result.verdict.replay,
                                       .program = console_.program,
                                       .only_rule = result.verdict.only_rule,
                                       .memory = result.verdict.memory});
    }
    console_.out << '\n' << report::summary(verdicts);
    if (nr_hidden_ > 0) {
      console_.out << fmt::format("`{} check SCENARIO{}` shows the expected counterexamples too\n",
                                  console_.program, report::repeated_options(verdicts.front()));
    }
  }

 private:
  const CheckOptions& options_;
  const Console& console_;
  std::size_t design_width_;
  std::string scenario_;
  std::vector<CellResult> shown_;
  std::size_t nr_hidden_ = 0;
};

ExitCode check(const CheckOptions& options, const Session& session) {
  const explore::Options search = explore_options(options.search);
  const std::vector<NamedScenario> scenarios = load_scenarios(options, session);
  const std::vector<Cell> cells = make_cells(scenarios, options.search, session);

  std::size_t design_width = 0;
  for (const Cell& cell : cells) design_width = std::max(design_width, cell.design->name.size());
  TextReport text(options, session.console, design_width);
  std::vector<report::Verdict> verdicts;
  const std::unique_ptr<CheckpointFile> checkpoint = open_checkpoint(options.search, cells);
  const Run run{.options = search,
                .search = options.first ? Search::First : Search::Shortest,
                .jobs = options.search.jobs,
                .checkpoint = checkpoint.get()};
  run_cells(cells, run, session.console, [&](CellResult&& result) {
    verdicts.push_back(result.verdict);
    if (options.search.json) {
      session.console.out << report::to_json(result.verdict) << std::flush;
    } else {
      text.add(std::move(result));
    }
  });
  if (!options.search.json) text.finish(verdicts);
  return exit_code_of(verdicts, options.search);
}

}  // namespace

void add_check_command(CLI::App& app, Session& session) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* command =
      app.add_subcommand("check", "Check scenarios under designs; show the counterexamples");
  command
      ->add_option("scenario", options->scenarios,
                   fmt::format("Names from `{} list`, or files; default: the whole catalog",
                               session.console.program))
      ->type_name("NAME|FILE");
  add_search_options(*command, options->search);
  command->add_flag("--all-steps", options->all_steps,
                    "Show minor steps too, and those after the rule is broken");
  command->add_flag("--first", options->first,
                    "Show the first counterexample found instead of searching for the shortest");
  command->callback([options, &session] {
    session.command = [options, &session] { return check(*options, session); };
  });
}

}  // namespace mmcheck::cli

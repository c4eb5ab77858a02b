// SPDX-License-Identifier: Apache-2.0
#include "report/matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/catalog.h"
#include "cli/cell.h"
#include "cli/commands.h"
#include "cli/cost.h"
#include "cli/search_options.h"
#include "report/columns.h"
#include "report/json.h"

namespace mmcheck::cli {
namespace {

constexpr std::string_view kHeadlineScenario = "munmap+store+msync";
constexpr std::string_view kHeadlineDesign = "linux-6.1";

/// The cell whose counterexample is shown: the race of the mail thread, or where that is not among
/// the cells the first violated one. nullptr if nothing is violated.
const Cell* headline_of(std::span<const Cell> cells, std::span<const report::Verdict> verdicts) {
  const Cell* first = nullptr;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (verdicts[i].outcome != report::Outcome::Violated) continue;
    if (report::is_mutation(verdicts[i].design)) continue;
    if (verdicts[i].scenario == kHeadlineScenario && verdicts[i].design == kHeadlineDesign) {
      return &cells[i];
    }
    if (first == nullptr) first = &cells[i];
  }
  return first;
}

void print_where_to_go_next(const Console& console, const report::Verdict& headline) {
  const std::pair<std::string, std::string_view> lines[] = {
      {"check " + headline.scenario + report::repeated_options(headline),
       "this scenario under every design"},
      {"explain " + headline.rule, "the rule, why it is one, what upholds it"},
      {"list", "the scenarios"},
      {"designs", "the designs, and where they come from"},
      {"check FILE.litmus", "a scenario of your own"},
  };
  std::size_t width = 52;
  for (const auto& [arguments, does] : lines) {
    width = std::max(width, console.program.size() + 1 + arguments.size());
  }
  console.out << "\nnext:\n";
  for (const auto& [arguments, does] : lines) {
    console.out << report::paragraph(fmt::format("  {} {}", console.program, arguments), does,
                                     static_cast<unsigned>(width) + 4);
  }
}

void print_headline(const Cell& cell, const SearchOptions& options, const Console& console) {
  run_cells(
      {&cell, 1}, {.options = explore_options(options), .jobs = options.jobs}, console,
      [&](CellResult&& result) {
        const std::string heading = report::counterexample_heading(result.verdict);
        console.out << '\n'
                    << report::paint(console.colour, report::Emphasis::Bold, heading) << "\n\n";
        if (result.record) {
          console.out << report::columns(*result.record, {.colour = console.colour,
                                                          .replay = result.verdict.replay,
                                                          .program = console.program,
                                                          .only_rule = result.verdict.only_rule,
                                                          .memory = result.verdict.memory});
        }
        print_where_to_go_next(console, result.verdict);
      });
}

ExitCode matrix(const SearchOptions& options, const Session& session) {
  const Console& console = session.console;
  const explore::Options how = explore_options(options);
  const std::vector<NamedScenario> scenarios = Catalog(session).load_all();
  const std::vector<Cell> cells = make_cells(scenarios, options, session);
  std::vector<report::Verdict> verdicts;
  // Only --json reports a schedule for each cell; the table needs none.
  const std::unique_ptr<CheckpointFile> checkpoint = open_checkpoint(options, cells);
  const Run run{.options = how,
                .search = options.json ? Search::First : Search::Verdict,
                .jobs = options.jobs,
                .checkpoint = checkpoint.get()};
  run_cells(cells, run, console, [&](CellResult&& result) {
    if (options.json) console.out << report::to_json(result.verdict) << std::flush;
    verdicts.push_back(std::move(result.verdict));
  });
  if (!options.json) {
    console.out << report::matrix_legend(verdicts) << report::matrix_table(verdicts, console.colour)
                << report::mutation_table(verdicts, console.colour) << '\n'
                << report::summary(verdicts) << '\n'
                << report::cost_table(measure_costs(select_designs(options, session)))
                << std::flush;
    if (const Cell* headline = headline_of(cells, verdicts)) {
      print_headline(*headline, options, console);
    }
  }
  return exit_code_of(verdicts, options);
}

}  // namespace

void add_matrix_command(CLI::App& app, Session& session) {
  auto options = std::make_shared<SearchOptions>();
  CLI::App* command = app.add_subcommand(
      "matrix", "Check the whole catalog; print designs against scenarios and one counterexample");
  add_search_options(*command, *options);
  command->callback([options, &session] {
    session.command = [options, &session] { return matrix(*options, session); };
  });
}

}  // namespace mmcheck::cli

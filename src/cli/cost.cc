// SPDX-License-Identifier: Apache-2.0
#include "cli/cost.h"

#include <memory>
#include <ostream>

#include "cli/commands.h"
#include "cli/cost_on_kernel.h"
#include "cli/json_line.h"
#include "cli/search_options.h"
#include "cost/cost.h"

namespace mmcheck::cli {

std::vector<report::CostLine> measure_costs(std::span<const design::Design* const> designs) {
  std::vector<report::CostLine> lines;
  for (const cost::Case& what : cost::cases()) {
    for (const design::Design* design : designs) {
      const cost::Cost cost = cost::measure(*design, what);
      lines.push_back({.design = std::string(design->name),
                       .work = std::string(what.name),
                       .pages = what.pages,
                       .flushes = cost.flushes,
                       .ipis = cost.ipis,
                       .steps = cost.steps,
                       .ptl_steps = cost.ptl_steps,
                       .ptl_longest = cost.ptl_longest});
    }
  }
  return lines;
}

namespace {

Json json_of(const report::CostLine& line) {
  Json ipis = Json::object();
  for (unsigned cpus : report::kCostCpus) ipis[std::to_string(cpus)] = line.ipis * (cpus - 1);
  return {{"schema", "mmcheck.cost/1"},
          {"design", line.design},
          {"work", line.work},
          {"pages", line.pages},
          {"flushes", line.flushes},
          {"ipis", ipis},
          {"steps", line.steps},
          {"ptl_steps", line.ptl_steps},
          {"ptl_longest", line.ptl_longest}};
}

struct CostOptions {
  std::vector<std::string> designs;
  bool json = false;
  CostOnKernelOptions on_kernel;
};

ExitCode print_costs(const CostOptions& options, const Session& session) {
  SearchOptions selection;
  selection.designs = options.designs;
  if (options.on_kernel.is_wanted()) {
    const auto named = options.designs.empty() ? std::vector<const design::Design*>()
                                               : select_designs(selection, session);
    return cost_on_kernel(options.on_kernel, named, options.json, session);
  }
  const std::vector<report::CostLine> lines = measure_costs(select_designs(selection, session));
  if (!options.json) session.console.out << report::cost_table(lines);
  for (const report::CostLine& line : lines) {
    if (options.json) session.console.out << json_line(json_of(line));
  }
  return ExitCode::Met;
}

}  // namespace

void add_cost_command(CLI::App& app, Session& session) {
  auto options = std::make_shared<CostOptions>();
  CLI::App* command = app.add_subcommand(
      "cost", "Count what unmapping costs under each design: flushes, IPIs, time under the PTL");
  command->add_option("--design", options->designs, "Only this design; may be repeated")
      ->type_name("NAME")
      ->take_all()
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_flag("--json", options->json, "One JSON object per line, design and case");
  add_cost_on_kernel_options(*command, options->on_kernel);
  command->callback([options, command, &session] {
    check_cost_on_kernel_options(*command, options->on_kernel);
    session.command = [options, &session] { return print_costs(*options, session); };
  });
}

}  // namespace mmcheck::cli

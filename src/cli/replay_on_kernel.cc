// SPDX-License-Identifier: Apache-2.0
#include "cli/replay_on_kernel.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <ostream>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cli/catalog.h"
#include "cli/cell.h"
#include "cli/on_kernel_report.h"
#include "cli/search_options.h"
#include "cli/suggest.h"
#include "explore/explorer.h"
#include "lab/forced_schedule.h"
#include "lab/guest_source.h"
#include "lab/rounds.h"
#include "lab/steps.h"
#include "lab/symbols.h"
#include "trace/schedule.h"
#include "workload/program.h"

namespace mmcheck::cli {
namespace {

/// The rule whose breaking a program can see, in a word that is not on the disk.
constexpr std::string_view kLostWrite = "R-WRITE";

/// How often a round is made again in which a TLB had lost an entry: it is as if an interrupt had
/// come at an unlucky time. A thread of the kernel that runs on the CPU for a moment is enough, if
/// a flush of the process is pending.
constexpr unsigned kAgain = 20;

const design::Design* design_of_kernel(const lab::Image& image) {
  return design::find_design("linux-" + image.version);
}

CellResult search(const NamedScenario& named, const design::Design& design, Search how) {
  return run_cell({.scenario = &named, .design = &design}, explore::Options{}, how);
}

bool loses_a_write(const CellResult& result) {
  return result.verdict.outcome == report::Outcome::Violated && result.verdict.rule == kLostWrite;
}

/// The kernel's own design breaks the rule, or the first other one that does.
trace::Record find_counterexample(const NamedScenario& named, const design::Design* own,
                                  std::string& design_name) {
  std::vector<const design::Design*> candidates;
  if (own != nullptr) candidates.push_back(own);
  for (const design::Design& design : design::designs()) {
    if (&design != own) candidates.push_back(&design);
  }
  for (const design::Design* design : candidates) {
    CellResult result = search(named, *design, Search::Shortest);
    if (!loses_a_write(result)) continue;
    design_name = design->name;
    return *std::move(result.record);
  }
  throw InputError(fmt::format(
      "{}: no design loses a write in it, so there is no order to force; --order takes one",
      named.scenario.name));
}

trace::Record record_of(const OnKernelTarget& target, const NamedScenario& named,
                        const design::Design* own, const Session& session,
                        std::string& design_name) {
  if (target.schedule.empty()) return find_counterexample(named, own, design_name);
  const design::Design& design = find_design_or_throw(target.design, session);
  design_name = design.name;
  workload::ScenarioProgram program(named.scenario, design);
  return explore::replay(program, trace::decode(target.schedule));
}

void add_prediction(OrderPlan& plan, const NamedScenario& named, const design::Design& design) {
  plan.design = design.name;
  try {
    plan.prediction = lab::predict(named.scenario, design, plan.schedule);
  } catch (const InputError& error) {
    plan.unpredicted = error.what();
  }
}

/// Before a machine boots for nothing.
void check_functions(const OrderPlan& plan, const lab::Image& image, const lab::Symbols& symbols) {
  for (const lab::Segment& segment : plan.schedule.segments) {
    const std::string& function = segment.stop.function;
    if (function.empty() || symbols.find(function)) continue;
    throw InputError(
        fmt::format("Linux {} has no function {} of its own: inlined, or static and "
                    "renamed{}",
                    image.release, function, did_you_mean(function, symbols.names())));
  }
}

OrderPlan make_plan(const OnKernelTarget& target, const OnKernelOptions& options,
                    const NamedScenario& named, const lab::Image& image,
                    const lab::Symbols& symbols, const Session& session) {
  OrderPlan plan;
  plan.release = image.release;
  const design::Design* own = design_of_kernel(image);
  if (!options.order.empty()) {
    plan.schedule = lab::parse_forced_schedule(options.order, named.scenario);
  } else {
    const trace::Record record = record_of(target, named, own, session, plan.counterexample);
    plan.schedule = lab::derive(record, named.scenario, lab::StepTable(symbols));
  }
  check_functions(plan, image, symbols);
  lab::guest_source(named.scenario);  // throws where it cannot be one
  if (own != nullptr) add_prediction(plan, named, *own);
  return plan;
}

Round make_round(lab::Laboratory& laboratory, const OrderPlan& plan) {
  Round round{.result = laboratory.run(plan.schedule), .again = 0};
  if (plan.prediction && plan.prediction->is_impossible()) return round;
  for (; round.result.has_faulted() && round.again < kAgain; ++round.again) {
    round.result = laboratory.run(plan.schedule);
  }
  return round;
}

}  // namespace

void add_on_kernel_options(CLI::App& command, OnKernelOptions& options) {
  CLI::Option* on_kernel =
      command
          .add_option("--on-kernel", options.kernel.version,
                      "Force the order on this real kernel, in a virtual machine")
          ->type_name("VERSION");
  add_image_options(command, options.kernel);
  CLI::Option* image = command.get_option("--image");
  // They are about what the model does.
  for (const char* name : {"--all-steps", "--rule", "--memory"}) {
    command.get_option(name)->excludes(on_kernel)->excludes(image);
  }
  command.add_option("--times", options.times, "On a kernel: how often; default 1")
      ->type_name("N")
      ->check(CLI::Range(1u, 100000u));
  command
      .add_option("--order", options.order,
                  "On a kernel: this order instead, as 'P0@flush_tlb_mm_range P2 P1'")
      ->type_name("ORDER");
}

void check_on_kernel_options(const CLI::App& command, const OnKernelOptions& options) {
  if (options.is_wanted()) return;
  if (command.count("--times") + command.count("--order") == 0) return;
  throw InputError("--times and --order are for --on-kernel or --image");
}

ExitCode replay_on_kernel(const OnKernelTarget& target, const OnKernelOptions& options, bool json,
                          const Session& session) {
  const Console& console = session.console;
  const NamedScenario named = Catalog(session).load(target.scenario);
  const lab::Image image = find_image_or_throw(options.kernel, console);
  const RunFolder folder;
  const lab::Symbols symbols = lab::load_symbols(image, folder.path());
  const OrderPlan plan = make_plan(target, options, named, image, symbols, session);
  OnKernelText text(plan, named.scenario, console);
  if (!json) text.print_plan();
  lab::Laboratory laboratory(named.scenario, image, symbols, folder.path());
  std::vector<Round> rounds;
  for (unsigned i = 1; i <= options.times; ++i) {
    rounds.push_back(make_round(laboratory, plan));
    if (!json) text.print_round(i, rounds.back());
  }
  const OrderTotals totals = total(rounds, plan);
  const LabBoot boot{
      .seconds = laboratory.boot_seconds(), .boots = laboratory.boots(), .log = laboratory.log()};
  if (json) {
    console.out << json_line(on_kernel_json(plan, named.scenario, rounds, boot));
  } else {
    text.print_totals(totals, boot);
  }
  return has_agreed(totals, plan) ? ExitCode::Met : ExitCode::NotMet;
}

}  // namespace mmcheck::cli

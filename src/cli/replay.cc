// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cctype>
#include <memory>
#include <ostream>
#include <string>

#include "base/error.h"
#include "cli/catalog.h"
#include "cli/cell.h"
#include "cli/commands.h"
#include "cli/replay_on_kernel.h"
#include "cli/search_options.h"
#include "explore/explorer.h"
#include "report/columns.h"
#include "report/json.h"
#include "trace/schedule.h"
#include "workload/program.h"

namespace mmcheck::cli {
namespace {

struct ReplayOptions {
  std::string target;
  std::string rule;  ///< as given; empty: all
  explore::MemoryModel memory = explore::MemoryModel::Sc;
  bool json = false;
  bool all_steps = false;
  OnKernelOptions on_kernel;
};

struct Target {
  std::string scenario;
  std::string design;
  std::string schedule;
};

/// "SCENARIO@DESIGN:SCHEDULE". The scenario may be a path with any characters; the rest has no
/// blanks of its own, so those are dropped that come from lines broken in a mail.
Target parse_target(const std::string& text) {
  const std::size_t at = text.rfind('@');
  const std::size_t colon = at == std::string::npos ? at : text.find(':', at);
  if (colon == std::string::npos || at == 0) {
    throw InputError("'" + text + "': expected SCENARIO@DESIGN:SCHEDULE");
  }
  const auto without_blanks = [](std::string_view part) {
    std::string out;
    for (char c : part) {
      if (std::isspace(static_cast<unsigned char>(c)) == 0) out += c;
    }
    return out;
  };
  const std::string_view view = text;
  return {text.substr(0, at), without_blanks(view.substr(at + 1, colon - at - 1)),
          without_blanks(view.substr(colon + 1))};
}

bool is_failure(const Cell& cell, const trace::Record& record) {
  if (!record.violation) return false;
  report::Verdict verdict;
  verdict.outcome = report::Outcome::Violated;
  verdict.expected = expectation_of(cell.scenario->scenario, *cell.design);
  verdict.met =
      report::judge(verdict.outcome, record.violation->rule, verdict.expected,
                    cell.only_rule == nullptr ? std::string_view{} : cell.only_rule->name);
  return report::is_failure(verdict);
}

void print(const Cell& cell, const trace::Record& record, report::Steps steps,
           const Console& console) {
  std::string heading = fmt::format("{} on {}", cell.scenario->scenario.name, cell.design->name);
  std::string only_rule;
  if (cell.only_rule != nullptr) {
    only_rule = cell.only_rule->name;
    heading += fmt::format(" (only {} was watched)", only_rule);
  }
  if (cell.memory != explore::MemoryModel::Sc) {
    heading += fmt::format(" (memory: {})", memory_name(cell.memory));
  }
  console.out << report::paint(console.colour, report::Emphasis::Bold, heading) << "\n\n"
              << report::columns(
                     record, {.steps = steps, .colour = console.colour, .only_rule = only_rule});
}

/// On a kernel the name of a scenario is enough: its counterexample is searched for.
OnKernelTarget parse_on_kernel_target(const std::string& text) {
  if (text.find('@') == std::string::npos) return {.scenario = text, .design = {}, .schedule = {}};
  const Target target = parse_target(text);
  return {.scenario = target.scenario, .design = target.design, .schedule = target.schedule};
}

ExitCode replay(const ReplayOptions& options, const Session& session) {
  const Console& console = session.console;
  if (options.on_kernel.is_wanted()) {
    return replay_on_kernel(parse_on_kernel_target(options.target), options.on_kernel, options.json,
                            session);
  }
  const Target target = parse_target(options.target);
  const trace::Schedule schedule = trace::decode(target.schedule);
  const design::Design& design = find_design_or_throw(target.design, session);
  const rules::Rule* only_rule = select_rule(options.rule, console);
  const NamedScenario named = Catalog(session).load(target.scenario);
  const Cell cell{&named, &design, only_rule, options.memory};
  workload::ScenarioProgram program(named.scenario, design, options.memory);
  if (only_rule != nullptr) program.watch_only(set_of(*only_rule));
  const trace::Record record = explore::replay(program, schedule);
  if (options.json) {
    console.out << report::to_json(
        record, {named.scenario.name, named.scenario.path, std::string(design.name),
                 only_rule == nullptr ? "" : std::string(only_rule->name),
                 std::string(memory_name(options.memory))});
  } else {
    print(cell, record, options.all_steps ? report::Steps::All : report::Steps::Essential, console);
  }
  return is_failure(cell, record) ? ExitCode::NotMet : ExitCode::Met;
}

}  // namespace

void add_replay_command(CLI::App& app, Session& session) {
  auto options = std::make_shared<ReplayOptions>();
  CLI::App* command = app.add_subcommand("replay", "Run one schedule again and show its steps");
  command
      ->add_option("execution", options->target,
                   "As printed behind `replay:`; line breaks in the schedule do not matter")
      ->type_name("SCENARIO@DESIGN:SCHEDULE")
      ->required();
  add_rule_option(*command, options->rule);
  add_memory_option(*command, options->memory);
  command->add_flag("--json", options->json,
                    "One JSON object: the whole execution, or all rounds on a kernel");
  command->add_flag("--all-steps", options->all_steps,
                    "Show minor steps too, and those after the rule is broken");
  add_on_kernel_options(*command, options->on_kernel);
  command->callback([options, command, &session] {
    check_on_kernel_options(*command, options->on_kernel);
    session.command = [options, &session] { return replay(*options, session); };
  });
}

}  // namespace mmcheck::cli

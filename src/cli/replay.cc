// SPDX-License-Identifier: Apache-2.0
#include <cctype>
#include <memory>
#include <ostream>
#include <string>

#include "base/error.h"
#include "cli/catalog.h"
#include "cli/cell.h"
#include "cli/commands.h"
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
  bool json = false;
  bool all_steps = false;
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

bool is_failure(const workload::Scenario& scenario, const design::Design& design,
                const trace::Record& record) {
  if (!record.violation) return false;
  return report::judge(report::Outcome::Violated, record.violation->rule,
                       expectation_of(scenario, design)) != report::Met::Yes;
}

ExitCode replay(const ReplayOptions& options, const Session& session) {
  const Target target = parse_target(options.target);
  const trace::Schedule schedule = trace::decode(target.schedule);
  const design::Design& design = find_design_or_throw(target.design);
  const NamedScenario named = Catalog(session.catalog).load(target.scenario);
  workload::ScenarioProgram program(named.scenario, design);
  const trace::Record record = explore::replay(program, schedule);
  const Console& console = session.console;
  if (options.json) {
    console.out << report::to_json(
        record, {named.scenario.name, named.scenario.path, std::string(design.name)});
  } else {
    const report::Steps steps = options.all_steps ? report::Steps::All : report::Steps::Essential;
    console.out << report::paint(console.colour, report::Emphasis::Bold,
                                 named.scenario.name + " on " + std::string(design.name))
                << "\n\n"
                << report::columns(record, {.steps = steps, .colour = console.colour});
  }
  return is_failure(named.scenario, design, record) ? ExitCode::NotMet : ExitCode::Met;
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
  command->add_flag("--json", options->json, "The whole execution as one JSON object");
  command->add_flag("--all-steps", options->all_steps,
                    "Show minor steps too, and those after the rule is broken");
  command->callback([options, &session] {
    session.command = [options, &session] { return replay(*options, session); };
  });
}

}  // namespace mmcheck::cli

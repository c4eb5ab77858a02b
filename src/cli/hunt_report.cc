// SPDX-License-Identifier: Apache-2.0
#include "cli/hunt_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <set>

#include "cli/cell.h"
#include "cli/json_line.h"
#include "report/columns.h"
#include "report/verdict.h"
#include "workload/program.h"

namespace mmcheck::cli {
namespace {

std::string plural(std::uint64_t number, std::string_view word) {
  return fmt::format("{} {}{}", number, word, number == 1 ? "" : "s");
}

std::uint64_t sum_of(const hunt::Campaign& campaign, std::uint64_t hunt::Level::*figure) {
  std::uint64_t sum = 0;
  for (const hunt::Level& level : campaign.levels()) sum += level.*figure;
  return sum;
}

/// Programs may break several rules.
std::size_t nr_broken(const hunt::Campaign& campaign) {
  std::set<std::string> keys;
  for (const hunt::Finding& finding : campaign.findings()) keys.insert(finding.program.key());
  return keys.size();
}

rules::RuleSet exercised(const hunt::Campaign& campaign) {
  rules::RuleSet rules;
  for (const hunt::Level& level : campaign.levels()) rules.add(level.exercised);
  return rules;
}

/// How far to look for a counterexample to show.
constexpr std::uint64_t kShownExecutionsMax = 100'000;

/// The columns that follow from a text on the left.
std::string indented(const std::string& text) {
  std::string out = "    ";
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "    ";
  }
  out.resize(out.size() - 4);
  return out;
}

}  // namespace

void HuntReport::begin(std::optional<std::uint64_t> nr_programs) const {
  if (options_.json) return;
  const hunt::Bounds& bounds = space_.bounds();
  std::string starts;
  for (const std::uint8_t start : space_.starts()) {
    starts += fmt::format("{}{}", starts.empty() ? "" : ", ", hunt::starts()[start].name);
  }
  console_.out
      << fmt::format(
             "{}: {} of {}{} in up to {} of {} over {}\n"
             "{} to choose from; threads in any order are one program; at the start: {}\n\n",
             design_.name,
             !nr_programs       ? "all programs"
             : options_.sampled ? plural(*nr_programs, "random program")
                                : plural(*nr_programs, "program"),
             "up to ", plural(bounds.operations, "operation"), plural(bounds.threads, "thread"),
             plural(bounds.processes, "process"), plural(bounds.pages, "page"),
             plural(space_.letters().size(), "operation"), starts)
      << std::flush;
}

void HuntReport::print_levels(const hunt::Campaign& campaign, double seconds) const {
  console_.out << fmt::format("{:>10}  {:>10}  {:>13}  {:>13}\n", "operations", "programs",
                              "executions", "states");
  for (const hunt::Level& level : campaign.levels()) {
    console_.out << fmt::format("{:>10}  {:>10}  {:>13}  {:>13}{}\n", level.operations,
                                level.programs, level.executions, level.states,
                                level.done ? "" : "  (not all)");
  }
  const auto programs = static_cast<double>(sum_of(campaign, &hunt::Level::programs));
  const auto steps = static_cast<double>(sum_of(campaign, &hunt::Level::steps));
  console_.out << fmt::format("{:.1f} s, {:.0f} programs/s, {:.0f} steps/s\n", seconds,
                              seconds > 0 ? programs / seconds : 0,
                              seconds > 0 ? steps / seconds : 0);
}

void HuntReport::print_findings(const hunt::Campaign& campaign,
                                const std::vector<const hunt::Finding*>& causes) const {
  for (const hunt::Finding* cause : causes) {
    const auto same = std::count_if(
        campaign.findings().begin(), campaign.findings().end(), [&](const hunt::Finding& finding) {
          return finding.rule == cause->rule && finding.cause == cause->cause;
        });
    console_.out << fmt::format(
        "{:<9} {} [{}]{}\n          {}\n", cause->rule, space_.name(cause->program),
        hunt::starts()[cause->program.start].name,
        same > 1 ? fmt::format(", and {}", plural(static_cast<std::uint64_t>(same - 1), "program"))
                 : "",
        cause->cause);
  }
}

/// Where no shorter one turned up among so many executions: the one that was found.
void HuntReport::print_found_schedule(const hunt::Finding& finding,
                                      const workload::Scenario& scenario,
                                      explore::MemoryModel memory) const {
  workload::ScenarioProgram program(scenario, design_, memory);
  program.watch_only(set_of(*rules::find_rule(finding.rule)));
  console_.out << fmt::format("{} broken; the execution that was found, not the shortest:\n\n",
                              finding.rule)
               << report::columns(explore::replay(program, finding.schedule),
                                  {.colour = console_.colour,
                                   .program = console_.program,
                                   .only_rule = finding.rule,
                                   .memory = std::string(memory_name(memory))});
}

void HuntReport::print_counterexamples(const std::vector<const hunt::Finding*>& causes,
                                       explore::MemoryModel memory,
                                       const std::string& directory) const {
  std::set<std::string> shown;
  for (const hunt::Finding* finding : causes) {
    if (!shown.insert(finding->rule).second) continue;
    const std::string text = space_.text(finding->program);
    const std::string path =
        directory.empty()
            ? space_.name(finding->program)
            : (std::filesystem::path(directory) / hunt_file_name(space_, *finding)).string();
    const NamedScenario scenario{path, workload::parse_scenario(text, path)};
    explore::Options search;
    search.executions_max = kShownExecutionsMax;
    const CellResult result = run_cell({.scenario = &scenario,
                                        .design = &design_,
                                        .only_rule = rules::find_rule(finding->rule),
                                        .memory = memory},
                                       search, Search::Shortest);
    console_.out << '\n' << indented(text) << '\n';
    if (!result.record) {
      print_found_schedule(*finding, scenario.scenario, memory);
      continue;
    }
    console_.out << report::paint(console_.colour, report::Emphasis::Bold,
                                  report::counterexample_heading(result.verdict))
                 << "\n\n"
                 << report::columns(*result.record,
                                    {.colour = console_.colour,
                                     .replay = directory.empty() ? "" : result.verdict.replay,
                                     .program = console_.program,
                                     .only_rule = result.verdict.only_rule,
                                     .memory = result.verdict.memory});
  }
}

void HuntReport::print_coverage(const hunt::Campaign& campaign) const {
  const rules::RuleSet seen = exercised(campaign);
  std::string vacuous;
  for (const rules::Rule& rule : rules::rules()) {
    if (!seen.contains(rule.id)) vacuous += " " + std::string(rule.name);
  }
  if (!vacuous.empty()) {
    console_.out << fmt::format("no program had anything to decide for{}\n", vacuous);
  }
  const std::uint64_t refused = sum_of(campaign, &hunt::Level::refused);
  if (refused > 0) {
    console_.out << fmt::format("{} not run: too large, or the model has not what they need\n",
                                plural(refused, "program"));
  }
  const std::uint64_t cut_short = sum_of(campaign, &hunt::Level::cut_short);
  if (cut_short > 0) {
    console_.out << fmt::format("{} cut short: too many states, or a deadlock in a part of them\n",
                                plural(cut_short, "program"));
    for (const hunt::Program& program : campaign.cut_short()) {
      console_.out << fmt::format("  {} [{}]\n", space_.name(program),
                                  hunt::starts()[program.start].name);
    }
  }
}

void HuntReport::print_failures(const hunt::Campaign& campaign) const {
  const std::uint64_t failed = sum_of(campaign, &hunt::Level::failed);
  if (failed == 0) return;
  console_.out << fmt::format("{} ended in an internal error of mmcheck:\n",
                              plural(failed, "program"));
  for (const hunt::Failure& failure : campaign.failures()) {
    console_.out << fmt::format("  {} [{}]: {}\n", space_.name(failure.program),
                                hunt::starts()[failure.program.start].name, failure.what);
  }
}

void HuntReport::end(const hunt::Campaign& campaign,
                     const std::vector<const hunt::Finding*>& causes, explore::MemoryModel memory,
                     const std::string& directory, double seconds) const {
  if (options_.json) return end_json(campaign, seconds);
  print_levels(campaign, seconds);
  console_.out << '\n';
  print_findings(campaign, causes);
  print_counterexamples(causes, memory, directory);
  if (!causes.empty()) console_.out << '\n';
  const bool all_ran = sum_of(campaign, &hunt::Level::refused) == 0;
  const char* extent = options_.sampled       ? "sampled"
                       : !campaign.complete() ? "not complete"
                       : all_ran              ? "complete"
                                              : "complete but for those that cannot be run";
  const std::uint64_t programs = sum_of(campaign, &hunt::Level::programs);
  if (causes.empty()) {
    console_.out << fmt::format("held, {}: {} break no rule{}\n", extent,
                                plural(programs, "program"), options_.restriction);
  } else {
    console_.out << fmt::format(
        "{} of {} break a rule that no part of them was found to break, in {}; {}\n",
        nr_broken(campaign), plural(programs, "program"),
        causes.size() == 1 ? "one way" : fmt::format("{} ways", causes.size()), extent);
  }
  print_coverage(campaign);
  print_failures(campaign);
}

void HuntReport::end_json(const hunt::Campaign& campaign, double seconds) const {
  for (const hunt::Finding& finding : campaign.findings()) {
    console_.out << json_line(Json{{"schema", "mmcheck.hunt.finding/1"},
                                   {"design", design_.name},
                                   {"rule", finding.rule},
                                   {"cause", finding.cause},
                                   {"program", space_.name(finding.program)},
                                   {"start", hunt::starts()[finding.program.start].name},
                                   {"operations", finding.program.nr_operations()},
                                   {"ordinal", finding.ordinal},
                                   {"executions", finding.executions},
                                   {"schedule", trace::encode(finding.schedule)},
                                   {"scenario", space_.text(finding.program)}});
  }
  Json levels = Json::array();
  for (const hunt::Level& level : campaign.levels()) {
    levels.push_back({{"operations", level.operations},
                      {"programs", level.programs},
                      {"refused", level.refused},
                      {"cut_short", level.cut_short},
                      {"failed", level.failed},
                      {"executions", level.executions},
                      {"states", level.states},
                      {"steps", level.steps},
                      {"done", level.done}});
  }
  Json vacuous = Json::array();
  for (const rules::Rule& rule : rules::rules()) {
    if (!exercised(campaign).contains(rule.id)) vacuous.push_back(rule.name);
  }
  console_.out << json_line(Json{{"schema", "mmcheck.hunt/1"},
                                 {"design", design_.name},
                                 {"levels", levels},
                                 {"findings", campaign.findings().size()},
                                 {"vacuous", vacuous},
                                 {"sampled", options_.sampled},
                                 {"complete", campaign.complete()},
                                 {"seconds", seconds}});
}

std::string hunt_file_name(const hunt::Space& space, const hunt::Finding& finding) {
  return fmt::format("{}-{}-{}.litmus", finding.rule, hunt::starts()[finding.program.start].name,
                     space.name(finding.program));
}

}  // namespace mmcheck::cli

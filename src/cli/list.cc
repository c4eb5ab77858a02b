// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <ostream>
#include <string>

#include "cli/catalog.h"
#include "cli/commands.h"
#include "cli/json_line.h"
#include "report/style.h"

namespace mmcheck::cli {
namespace {

/// The first sentence or line of the comment at the head of the file.
std::string summary_of(const workload::Scenario& scenario) {
  const std::string& comment = scenario.comment;
  const std::size_t begin = comment.find_first_not_of(" \n");
  if (begin == std::string::npos) return {};
  std::string summary;
  for (std::size_t i = begin; i < comment.size(); ++i) {
    if (comment[i] == '\n' && (i + 1 == comment.size() || comment[i + 1] == '\n')) break;
    if (comment[i] == '.' &&
        (i + 1 == comment.size() || comment[i + 1] == ' ' || comment[i + 1] == '\n')) {
      break;
    }
    summary += comment[i] == '\n' ? ' ' : comment[i];
  }
  return summary;
}

Json json_of(const NamedScenario& named) {
  const workload::Scenario& scenario = named.scenario;
  Json threads = Json::array();
  for (const workload::ThreadDecl& thread : scenario.threads) {
    threads.push_back({{"name", thread.name}, {"title", thread.title}});
  }
  Json expectations = Json::array();
  for (const workload::Expectation& expectation : scenario.expectations) {
    const bool held = expectation.expected == workload::Expected::Held;
    expectations.push_back({{"design", expectation.design},
                            {"verdict", held ? "held" : "violated"},
                            {"rule", expectation.rule.empty() ? Json() : Json(expectation.rule)}});
  }
  return {{"schema", "mmcheck.scenario/1"},
          {"scenario", scenario.name},
          {"file", scenario.path},
          {"summary", summary_of(scenario)},
          {"threads", threads},
          {"expectations", expectations}};
}

ExitCode list(bool json, const Session& session) {
  const std::vector<NamedScenario> scenarios = Catalog(session).load_all();
  std::size_t width = 0;
  for (const NamedScenario& named : scenarios) width = std::max(width, named.word.size());
  for (const NamedScenario& named : scenarios) {
    session.console.out << (json ? json_line(json_of(named))
                                 : report::paragraph(named.word, summary_of(named.scenario),
                                                     static_cast<unsigned>(width) + 2));
  }
  return ExitCode::Met;
}

}  // namespace

void add_list_command(CLI::App& app, Session& session) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("list", "List the scenarios of the catalog");
  command->add_flag("--json", *json, "One JSON object per line and scenario");
  command->callback(
      [json, &session] { session.command = [json, &session] { return list(*json, session); }; });
}

}  // namespace mmcheck::cli

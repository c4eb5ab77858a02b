// SPDX-License-Identifier: Apache-2.0
#include "rules/rules.h"

#include <memory>
#include <ostream>

#include "cli/commands.h"
#include "cli/json_line.h"
#include "report/style.h"

namespace mmcheck::cli {
namespace {

ExitCode list_rules(bool json, const Session& session) {
  constexpr unsigned kNameWidth = 10;
  for (const rules::Rule& rule : rules::rules()) {
    session.console.out << (json ? json_line({{"schema", "mmcheck.rule/1"},
                                              {"rule", rule.name},
                                              {"sentence", rule.sentence},
                                              {"why", rule.why},
                                              {"upheld_by", rule.upheld_by},
                                              {"mutation", rule.mutation}})
                                 : report::paragraph(rule.name, rule.sentence, kNameWidth));
  }
  if (!json) {
    session.console.out << "\n"
                        << report::paragraph("model:",
                                             "docs/model.md lists the functions of Linux whose "
                                             "model is checked, and how each is simplified",
                                             kNameWidth);
  }
  return ExitCode::Met;
}

}  // namespace

void add_rules_command(CLI::App& app, Session& session) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("rules", "List the rules that are checked");
  command->add_flag("--json", *json, "One JSON object per line and rule");
  command->callback([json, &session] {
    session.command = [json, &session] { return list_rules(*json, session); };
  });
}

}  // namespace mmcheck::cli

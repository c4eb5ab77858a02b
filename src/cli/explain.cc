// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <ostream>
#include <string>

#include "book/chapter.h"
#include "cli/commands.h"
#include "cli/search_options.h"
#include "report/style.h"
#include "rules/rules.h"

namespace mmcheck::cli {
namespace {

ExitCode explain(const std::string& word, const Session& session) {
  constexpr unsigned kLabelWidth = 11;
  const rules::Rule& rule = find_rule_or_throw(word, session.console);
  std::ostream& out = session.console.out;
  out << report::paragraph(fmt::format("{}:", rule.name), rule.sentence, kLabelWidth);
  out << report::paragraph("why:", rule.why, kLabelWidth);
  out << report::paragraph("upheld by:", rule.upheld_by, kLabelWidth);
  out << report::paragraph("page:", fmt::format("{}/{}.md", book::kBookFolder, rule.name),
                           kLabelWidth);
  if (rule.mutation.empty()) return ExitCode::Met;
  out << report::paragraph("mutation:", fmt::format("{} drops that step", rule.mutation),
                           kLabelWidth);
  out << fmt::format("{:<{}}{} check --design {}\n", "see it:", kLabelWidth,
                     session.console.program, rule.mutation);
  return ExitCode::Met;
}

}  // namespace

void add_explain_command(CLI::App& app, Session& session) {
  auto rule = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("explain", "Explain a rule: why it is one, and what upholds it");
  command->add_option("rule", *rule, "For example R-WRITE")->type_name("RULE")->required();
  command->callback(
      [rule, &session] { session.command = [rule, &session] { return explain(*rule, session); }; });
}

}  // namespace mmcheck::cli

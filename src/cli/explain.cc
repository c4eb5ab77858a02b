// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cctype>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/suggest.h"
#include "report/style.h"
#include "rules/rules.h"

namespace mmcheck::cli {
namespace {

/// "write", "r-write" and "R-WRITE" name the same rule.
const rules::Rule& find_rule_or_throw(const std::string& word) {
  std::string name;
  for (char c : word) name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (!name.starts_with("R-")) name.insert(0, "R-");
  if (const rules::Rule* rule = rules::find_rule(name)) return *rule;
  std::vector<std::string> names;
  for (const rules::Rule& rule : rules::rules()) names.emplace_back(rule.name);
  throw InputError(fmt::format("unknown rule '{}'{}; `mmcheck rules` names them", word,
                               did_you_mean(name, names)));
}

ExitCode explain(const std::string& word, const Session& session) {
  constexpr unsigned kLabelWidth = 11;
  const rules::Rule& rule = find_rule_or_throw(word);
  std::ostream& out = session.console.out;
  out << report::paragraph(fmt::format("{}:", rule.name), rule.sentence, kLabelWidth);
  out << report::paragraph("why:", rule.why, kLabelWidth);
  out << report::paragraph("upheld by:", rule.upheld_by, kLabelWidth);
  if (rule.mutation.empty()) return ExitCode::Met;
  out << report::paragraph("mutation:", fmt::format("{} drops that step", rule.mutation),
                           kLabelWidth);
  out << fmt::format("{:<{}}mmcheck check --design {}\n", "see it:", kLabelWidth, rule.mutation);
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

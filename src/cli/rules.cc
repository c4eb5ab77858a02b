// SPDX-License-Identifier: Apache-2.0
#include "rules/rules.h"

#include <memory>
#include <ostream>

#include "cli/book.h"
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
                                             kNameWidth)
                        << report::paragraph("book:",
                                             "docs/rules has a page for each: why it is one, what "
                                             "upholds it, what breaks without",
                                             kNameWidth);
  }
  return ExitCode::Met;
}

}  // namespace

void add_rules_command(CLI::App& app, Session& session) {
  struct RulesOptions {
    bool json = false;
    bool check = false;
    std::string book;
  };
  auto options = std::make_shared<RulesOptions>();
  CLI::App* command = app.add_subcommand("rules", "List the rules that are checked");
  CLI::Option* json =
      command->add_flag("--json", options->json, "One JSON object per line and rule");
  CLI::Option* book =
      command
          ->add_option("--book", options->book,
                       "Write anew what is generated in the pages of DIR, one for each rule")
          ->type_name("DIR")
          ->excludes(json);
  command
      ->add_flag("--check", options->check,
                 "Write nothing; exit with 1 if a page is not up to date")
      ->needs(book);
  command->callback([options, &session] {
    session.command = [options, &session] {
      if (options->book.empty()) return list_rules(options->json, session);
      return make_book(options->book, options->check ? Stale::Report : Stale::Write, session);
    };
  });
}

}  // namespace mmcheck::cli

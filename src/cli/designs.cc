// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <ostream>
#include <span>
#include <string>

#include "cli/commands.h"
#include "cli/json_line.h"
#include "design/design.h"
#include "report/style.h"

namespace mmcheck::cli {
namespace {

std::size_t width_of(std::span<const design::Design> designs) {
  std::size_t width = 0;
  for (const design::Design& design : designs) width = std::max(width, design.name.size());
  return width;
}

void print(std::span<const design::Design> designs, std::string_view kind, bool json,
           std::ostream& out) {
  const unsigned width =
      static_cast<unsigned>(std::max({width_of(design::designs()), width_of(design::variants()),
                                      width_of(design::mutations())}) +
                            2);
  for (const design::Design& design : designs) {
    if (json) {
      out << json_line({{"schema", "mmcheck.design/1"},
                        {"design", design.name},
                        {"kind", kind},
                        {"summary", design.summary},
                        {"source", design.source}});
      continue;
    }
    out << report::paragraph(design.name, design.summary, width);
    out << report::paragraph("", "[" + std::string(design.source) + "]", width);
  }
}

ExitCode list_designs(bool json, const Session& session) {
  std::ostream& out = session.console.out;
  print(design::designs(), "design", json, out);
  if (!json) out << "\nvariants (run under the scenarios that name them):\n";
  print(design::variants(), "variant", json, out);
  if (!json) out << "\nmutations (--mutations adds them to a check; each must break a rule):\n";
  print(design::mutations(), "mutation", json, out);
  return ExitCode::Met;
}

}  // namespace

void add_designs_command(CLI::App& app, Session& session) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command =
      app.add_subcommand("designs", "List the designs, their variants and the mutations");
  command->add_flag("--json", *json, "One JSON object per line and design");
  command->callback([json, &session] {
    session.command = [json, &session] { return list_designs(*json, session); };
  });
}

}  // namespace mmcheck::cli

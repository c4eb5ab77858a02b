// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <ostream>
#include <span>
#include <string>

#include "cli/commands.h"
#include "cli/json_line.h"
#include "design/design.h"
#include "design/mutations.h"
#include "design/policy_table.h"
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

ExitCode list_policies(bool json, const Session& session) {
  const mm::Policies linux_6_12 = design::linux_6_12(machine::x86_64());
  std::size_t width = 0;
  for (const design::Policy& policy : design::policy_table()) {
    width = std::max(width, policy.name.size());
  }
  for (const design::Policy& policy : design::policy_table()) {
    const std::optional<unsigned> value = policy.get(linux_6_12);
    const std::string_view in_linux = value ? policy.values[*value] : std::string_view("none");
    if (json) {
      session.console.out << json_line({{"schema", "mmcheck.policy/1"},
                                        {"policy", policy.name},
                                        {"meaning", policy.meaning},
                                        {"values", policy.values},
                                        {"linux-6.12", in_linux}});
      continue;
    }
    const std::string values =
        fmt::format("[{}; linux-6.12: {}]", fmt::join(policy.values, ", "), in_linux);
    session.console.out << report::paragraph(policy.name, policy.meaning,
                                             static_cast<unsigned>(width) + 2)
                        << report::paragraph("", values, static_cast<unsigned>(width) + 2);
  }
  return ExitCode::Met;
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
  struct Options {
    bool json = false;
    bool policies = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("designs", "List the designs, their variants and the mutations");
  command->add_flag("--json", options->json, "One JSON object per line and design");
  command->add_flag("--policies", options->policies,
                    "List instead the policies that designs differ in, and their values");
  command->callback([options, &session] {
    session.command = [options, &session] {
      return options->policies ? list_policies(options->json, session)
                               : list_designs(options->json, session);
    };
  });
}

}  // namespace mmcheck::cli

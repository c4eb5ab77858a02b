// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <new>
#include <ostream>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/design_file.h"
#include "cli/session.h"
#include "cli/suggest.h"
#include "lab/lab_error.h"

#ifndef MMCHECK_VERSION
#define MMCHECK_VERSION "unknown"
#endif

namespace mmcheck::cli {
namespace {

constexpr const char* kExitCodes =
    "Exit codes: 0 every expectation met; 1 one not met; 2 wrong usage or input;\n"
    "3 incomplete where --require-complete is given; 4 internal error.";

void add_commands(CLI::App& app, Session& session) {
  app.add_option("--catalog", session.catalog, "The folder of scenarios")->type_name("DIR");
  app.set_version_flag("--version", "mmcheck " MMCHECK_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(kExitCodes);
  add_matrix_command(app, session);
  add_check_command(app, session);
  add_list_command(app, session);
  add_designs_command(app, session);
  add_rules_command(app, session);
  add_replay_command(app, session);
  add_explain_command(app, session);
  add_conform_command(app, session);
  add_cost_command(app, session);
  add_hunt_command(app, session);
  add_litmus_command(app, session);
  add_kernel_command(app, session);
  add_run_command(app, session);
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

/// The words that are no options, nor what follows `--catalog`.
std::vector<std::string> plain_words(const std::vector<std::string>& words) {
  std::vector<std::string> plain;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--catalog") {
      ++i;
    } else if (!words[i].starts_with('-')) {
      plain.push_back(words[i]);
    }
  }
  return plain;
}

/// A word that stands where a command should, or a command's own one, is named if it is none.
std::string usage_message(const CLI::App& app, const CLI::ParseError& error,
                          const std::vector<std::string>& words) {
  const CLI::App* command = &app;
  for (const std::string& word : plain_words(words)) {
    const std::vector<std::string> names = command_names(*command);
    if (names.empty()) break;
    if (std::find(names.begin(), names.end(), word) == names.end()) {
      if (command == &app) {
        return fmt::format("unknown command '{}'{}", word, did_you_mean(word, names));
      }
      return fmt::format("unknown command '{} {}'; there are: {}", command->get_name(), word,
                         fmt::join(names, ", "));
    }
    command = command->get_subcommand(word);
  }
  return error.what();
}

ExitCode parse_and_run(CLI::App& app, Session& session, const std::vector<std::string>& words) {
  const Console& console = session.console;
  try {
    // CLI11 takes them from the back.
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
      app.exit(error, console.out, console.err);  // --help, --version
      return ExitCode::Met;
    }
    console.err << "mmcheck: " << usage_message(app, error, words)
                << fmt::format("\nmmcheck: `{0} --help` and `{0} COMMAND --help` tell the usage\n",
                               console.program);
    return ExitCode::Usage;
  }
  const ExitCode code = session.command();
  if (!console.out.flush()) throw InputError("cannot write to standard output");
  return code;
}

std::string place_of(const SourcePlace& place) {
  std::string out = place.file;
  if (place.line > 0) out += fmt::format(":{}", place.line);
  if (place.line > 0 && place.column > 0) out += fmt::format(":{}", place.column);
  return out.empty() ? out : out + ": ";
}

}  // namespace

ExitCode report_current_exception(std::ostream& err) {
  try {
    throw;
  } catch (const InputError& error) {
    err << "mmcheck: " << place_of(error.place()) << error.what() << '\n';
    return ExitCode::Usage;
  } catch (const lab::LabError& error) {
    err << "mmcheck: the virtual machine failed: " << error.what() << '\n';
  } catch (const std::bad_alloc&) {
    err << "mmcheck: out of memory\n";
  } catch (const std::exception& error) {
    err << "mmcheck: internal error: " << error.what() << '\n';
  } catch (...) {
    err << "mmcheck: internal error: an exception of unknown type\n";
  }
  return ExitCode::Internal;
}

ExitCode run(int argc, const char* const* argv, const Console& console) {
  try {
    Session session{console, {}, {}, std::make_shared<Designs>()};
    session.console.program =
        console.program.empty() ? "mmcheck" : report::shell_word(console.program);
    CLI::App app("Runs a memory manager under every schedule and every TLB state.",
                 session.console.program);
    add_commands(app, session);
    std::vector<std::string> words(argv + 1, argv + argc);
    const auto end = std::find(words.begin(), words.end(), "--");
    if (end != words.end() && words.front() == "run") {
      session.arguments.assign(end + 1, words.end());
      words.erase(end, words.end());
    }
    return parse_and_run(app, session, words);
  } catch (...) {
    return report_current_exception(console.err);
  }
}

}  // namespace mmcheck::cli

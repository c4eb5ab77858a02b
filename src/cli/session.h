// SPDX-License-Identifier: Apache-2.0
// What all sub-commands share.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "report/style.h"

namespace mmcheck::cli {

/// Whether a status line may be shown while a command runs.
enum class Status : std::uint8_t { None, Terminal };

/// Where a command's output goes.
struct Console {
  std::ostream& out;
  std::ostream& err;
  report::Colour colour = report::Colour::No;
  Status status = Status::None;
  /// The name by which the user called the program, as typed. Hints begin with it.
  std::string program = "mmcheck";
};

class Designs;

/// One run of the program: filled by the parser, then `command` is called.
struct Session {
  Console console;      ///< `program` is quoted for a shell, where it needs that
  std::string catalog;  ///< as given; empty: the default
  std::function<ExitCode()> command;
  std::shared_ptr<Designs> designs = {};    ///< that a command may name: see design_file.h
  std::vector<std::string> arguments = {};  ///< behind `--`: for a program that is run
};

/// Parses the command line and runs it. Prints errors; does not throw.
ExitCode run(int argc, const char* const* argv, const Console& console);

/// Prints the exception that is being handled as one line, and says how to exit.
ExitCode report_current_exception(std::ostream& err);

}  // namespace mmcheck::cli

// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "cli/session.h"

namespace {

bool wants_colour() {
  const char* no_colour = std::getenv("NO_COLOR");
  if (no_colour != nullptr && *no_colour != '\0') return false;
  const char* terminal = std::getenv("TERM");
  if (terminal != nullptr && std::string_view(terminal) == "dumb") return false;
  return isatty(STDOUT_FILENO) == 1;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace mmcheck;
  // `mmcheck ... | head` ends quietly, also where the parent process ignores the signal.
  std::signal(SIGPIPE, SIG_DFL);
  std::ios::sync_with_stdio(false);
  const cli::Console console{
      .out = std::cout,
      .err = std::cerr,
      .colour = wants_colour() ? report::Colour::Yes : report::Colour::No,
      .status = isatty(STDERR_FILENO) == 1 ? cli::Status::Terminal : cli::Status::None,
      .program = argc > 0 ? argv[0] : "",
  };
  return static_cast<int>(cli::run(argc, argv, console));
}

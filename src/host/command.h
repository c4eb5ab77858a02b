// SPDX-License-Identifier: Apache-2.0
// Programs of the machine that are run and waited for: its compiler, and what comes with it.
#pragma once

#include <string>
#include <vector>

namespace mmcheck::host {

struct CommandResult {
  int status = 0;      ///< of exit(2); 127 where it could not be started
  std::string output;  ///< standard output and standard error, as they came
};

/// Runs `words[0]` from PATH with the others as its arguments.
CommandResult run_command(const std::vector<std::string>& words);

}  // namespace mmcheck::host

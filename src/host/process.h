// SPDX-License-Identifier: Apache-2.0
// A program of the machine that runs beside this one.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace mmcheck::host {

/// Where a program is found: in PATH, and where system programs lie. Empty if it is not.
std::filesystem::path find_program(const std::string& name);

/// Ends with its owner: the destructor kills it, and so does the death of this process, also one
/// that runs no destructors.
class Process {
 public:
  /// Starts `words[0]` with the others as arguments and no input. What it prints goes to `output`.
  Process(const std::vector<std::string>& words, const std::filesystem::path& output);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  bool is_running();

  /// Whether it has ended by then.
  bool wait_for(std::chrono::milliseconds limit);

 private:
  pid_t pid_ = -1;  ///< -1: it has been reaped
};

}  // namespace mmcheck::host

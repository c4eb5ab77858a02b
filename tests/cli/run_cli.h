// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/session.h"

namespace mmcheck::cli {

struct Outcome {
  int exit_code = 0;
  std::string out;
  std::string err;
};

/// Runs the command line in this process. `--catalog` is not added.
Outcome run_cli(const std::vector<std::string>& arguments);

/// A catalog in a temporary folder; see fake_model.cc for what its files say.
class TemporaryCatalog {
 public:
  TemporaryCatalog();
  ~TemporaryCatalog();
  TemporaryCatalog(const TemporaryCatalog&) = delete;
  TemporaryCatalog& operator=(const TemporaryCatalog&) = delete;

  /// Writes NAME.litmus, which begins with its name, and returns its path.
  std::string add(const std::string& name, const std::string& lines);
  std::string directory() const { return directory_.string(); }

  /// Runs the command line with this catalog.
  Outcome run(std::vector<std::string> arguments) const;

 private:
  std::filesystem::path directory_;
};

}  // namespace mmcheck::cli

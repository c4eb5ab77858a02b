// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/catalog.h"
#include "cli/session.h"

namespace mmcheck::cli {

struct Outcome {
  int exit_code = 0;
  std::string out;
  std::string err;
};

/// A scenario of the catalog below in which linux-6.1 breaks a rule, as expected.
inline constexpr const char* kRace =
    "expect linux-6.1 violated R-WRITE\n"
    "expect * held\n"
    "behave linux-6.1 violated R-WRITE 37\n"
    "behave * held 2184\n";

/// Runs the command line in this process. `--catalog` is not added.
Outcome run_cli(const std::vector<std::string>& arguments, const std::string& program = "mmcheck");

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
  Catalog open() const;

  /// Runs the command line with this catalog.
  Outcome run(std::vector<std::string> arguments, const std::string& program = "mmcheck") const;

 private:
  std::filesystem::path directory_;
};

}  // namespace mmcheck::cli

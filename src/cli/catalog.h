// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/session.h"
#include "workload/scenario.h"

namespace mmcheck::cli {

/// A scenario, and the word by which a command line names it: its name, or the path of its file.
struct NamedScenario {
  std::string word;
  workload::Scenario scenario;
};

/// The folder of scenarios. Each is a file NAME.litmus, in any folder below.
class Catalog {
 public:
  /// The folder that the user named, or else the one that belongs to this executable.
  /// Throws InputError if there is none.
  explicit Catalog(const Session& session);

  /// All scenarios, by name.
  std::vector<NamedScenario> load_all() const;

  /// A scenario of the catalog by name, or any file by its path.
  NamedScenario load(const std::string& name_or_path) const;

 private:
  std::string directory_;
  std::string program_;
  std::vector<std::string> paths_;  ///< by name
};

}  // namespace mmcheck::cli

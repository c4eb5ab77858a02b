// SPDX-License-Identifier: Apache-2.0
// Final states of litmus tests as others have found them, for `mmcheck litmus --expect`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/json_file.h"
#include "explore/memory.h"
#include "workload/litmus.h"

namespace mmcheck::cli {

enum class Agreement : std::uint8_t { Agree, Differ, Skipped };

struct StatesComparison {
  Agreement agreement = Agreement::Agree;
  std::vector<std::string> missing;     ///< states that others have and we have not
  std::vector<std::string> unexpected;  ///< states that we have and others have not
  std::string reason;                   ///< why it is skipped, or differs otherwise
};

const char* name_of(Agreement agreement);
const char* name_of(explore::MemoryModel model);

/// A file in the form that docs/reference/cli.md describes.
class ExpectedStates {
 public:
  explicit ExpectedStates(const std::string& path) : file_(path) {}

  /// With the member for the test of that path: the states, if there are any for the model, and
  /// that what is published as never observed is not.
  StatesComparison compare(const std::string& test_path, explore::MemoryModel model,
                           const workload::LitmusResult& own) const;

 private:
  std::string find(const std::string& test_path) const;

  JsonFile file_;
};

}  // namespace mmcheck::cli

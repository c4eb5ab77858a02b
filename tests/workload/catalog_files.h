// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

namespace mmcheck::workload {

/// Tests run in the root of the repository.
inline std::string catalog_file(const std::string& name) { return "catalog/" + name + ".litmus"; }

/// All of them, in the order of their names.
inline std::vector<std::filesystem::path> catalog_files() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator("catalog")) {
    if (entry.path().extension() == ".litmus") {
      paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace mmcheck::workload

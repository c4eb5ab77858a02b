// SPDX-License-Identifier: Apache-2.0
// What a kernel writes to its console.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mmcheck::lab {

/// Whether the line says that the kernel has found something wrong with itself.
bool is_warning(std::string_view line);

class KernelLog {
 public:
  explicit KernelLog(std::filesystem::path path) : path_(std::move(path)) {}

  /// The warnings since the last call.
  std::vector<std::string> new_warnings();

 private:
  std::filesystem::path path_;
  std::size_t seen_ = 0;  ///< bytes
};

}  // namespace mmcheck::lab

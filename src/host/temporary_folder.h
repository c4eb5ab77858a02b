// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

namespace mmcheck::host {

/// A folder of its own, removed with all that is in it.
class TemporaryFolder {
 public:
  /// Its name begins so. A file of the name `kept` in it, if there is one then, stays. Throws
  /// std::system_error.
  explicit TemporaryFolder(const std::string& beginning = "mmcheck", std::string kept = {});
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::string kept_;
};

}  // namespace mmcheck::host

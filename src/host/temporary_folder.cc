// SPDX-License-Identifier: Apache-2.0
#include "host/temporary_folder.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>
#include <vector>

namespace mmcheck::host {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder(const std::string& beginning, std::string kept)
    : kept_(std::move(kept)) {
  std::string name = (fs::temp_directory_path() / (beginning + "-XXXXXX")).string();
  if (mkdtemp(name.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), "a temporary folder");
  }
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (kept_.empty() || !fs::exists(path_ / kept_, ignored)) {
    fs::remove_all(path_, ignored);
    return;
  }
  std::vector<fs::path> others;
  for (auto at = fs::directory_iterator(path_, ignored); !ignored && at != fs::directory_iterator();
       at.increment(ignored)) {
    if (at->path().filename() != kept_) others.push_back(at->path());
  }
  for (const fs::path& other : others) fs::remove_all(other, ignored);
}

}  // namespace mmcheck::host

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "base/error.h"
#include "cli/json_line.h"

namespace mmcheck::cli {

/// A file of published tests: an object with a member for each. Errors name the place.
class JsonFile {
 public:
  /// Throws InputError if the file cannot be read, is not JSON, or has a name twice.
  explicit JsonFile(const std::string& path);

  const Json& members() const { return members_; }

  /// Where the member begins, as far as a name can be found in the text.
  SourcePlace place_of(const std::string& name) const;

 private:
  Json parse() const;
  SourcePlace place_at(std::size_t byte) const;

  std::string path_;
  std::string text_;
  Json members_;
};

}  // namespace mmcheck::cli

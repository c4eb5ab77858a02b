// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace mmcheck {

/// Where in an input file something stands. Lines and columns count from 1; 0 means "not known".
struct SourcePlace {
  std::string file;
  unsigned line = 0;
  unsigned column = 0;
};

/// Bad input: a file, an option, a schedule. The command line prints it and exits with 2.
class InputError : public std::runtime_error {
 public:
  explicit InputError(const std::string& message) : std::runtime_error(message) {}
  InputError(SourcePlace place, const std::string& message)
      : std::runtime_error(message), place_(std::move(place)) {}

  const SourcePlace& place() const { return place_; }

 private:
  SourcePlace place_;
};

/// A broken promise inside mmcheck itself. The command line prints it and exits with 4.
class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

}  // namespace mmcheck

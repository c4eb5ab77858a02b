// SPDX-License-Identifier: Apache-2.0
#include "workload/scenario.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "workload/litmus.h"
#include "workload/parse_limits.h"

namespace mmcheck::workload {

namespace {

std::string read_file(const std::string& path, const char* what) {
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  // One byte more than allowed is read, so that the parser sees that the file is too long.
  std::string text(kFileBytesMax + 1, '\0');
  if (stream) {
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  }
  if (!stream.is_open() || stream.bad()) {
    const std::string reason = errno != 0 ? std::strerror(errno) : "it cannot be read";
    throw InputError(SourcePlace{path, 0, 0}, fmt::format("expected a {} file: {}", what, reason));
  }
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text;
}

}  // namespace

Scenario load_scenario(const std::string& path) {
  return parse_scenario(read_file(path, "scenario"), path);
}

Scenario load_litmus(const std::string& path) {
  return parse_litmus(read_file(path, "litmus"), path);
}

}  // namespace mmcheck::workload

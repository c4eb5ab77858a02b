// SPDX-License-Identifier: Apache-2.0
#include "workload/read_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/error.h"
#include "workload/parse_limits.h"

namespace mmcheck::workload {

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

}  // namespace mmcheck::workload

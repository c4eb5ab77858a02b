// SPDX-License-Identifier: Apache-2.0
#include "lab/files.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "base/error.h"
#include "host/command.h"

namespace mmcheck::lab {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw InputError(path.string() + ": cannot be read");
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const fs::path& path, std::string_view bytes) {
  const fs::path part = path.string() + ".part";
  std::ofstream out(part, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  std::error_code error;
  if (out) fs::rename(part, path, error);
  if (!out || error) throw InputError(path.string() + ": cannot be written");
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string sha256(const fs::path& path) {
  const std::string output = run_or_throw({"sha256sum", "--", path.string()});
  return output.substr(0, output.find(' '));
}

std::string run_or_throw(const std::vector<std::string>& words) {
  const host::CommandResult result = host::run_command(words);
  if (result.status == 127) throw InputError("'" + words.front() + "' could not be run");
  if (result.status != 0) {
    throw InputError(fmt::format("`{}` failed:\n{}", fmt::join(words, " "), result.output));
  }
  return result.output;
}

}  // namespace mmcheck::lab

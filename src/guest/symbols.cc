// SPDX-License-Identifier: Apache-2.0
#include "guest/symbols.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "host/command.h"

namespace mmcheck::guest {

namespace {

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

}  // namespace

const Symbols::Line& Symbols::line(std::uintptr_t return_address) {
  const auto known = lines_.find(return_address);
  if (known != lines_.end()) return known->second;
  Line& line = lines_[return_address];
  if (!module_.holds_code(return_address)) return line;
  const host::CommandResult result =
      host::run_command({"addr2line", "-e", module_.path().string(),
                         fmt::format("{:#x}", return_address - 1 - module_.base())});
  // "FILE:LINE", and perhaps " (discriminator N)".
  const std::size_t colon = result.output.rfind(':');
  if (result.status != 0 || colon == std::string::npos || result.output.starts_with("??")) {
    return line;
  }
  const std::string path = result.output.substr(0, colon);
  line.number = static_cast<unsigned>(std::strtoul(result.output.c_str() + colon + 1, nullptr, 10));
  line.file = std::filesystem::path(path).filename().string();
  auto source = sources_.find(path);
  if (source == sources_.end()) source = sources_.emplace(path, lines_of(path)).first;
  if (line.number >= 1 && line.number <= source->second.size()) {
    line.text = trimmed(source->second[line.number - 1]);
  }
  return line;
}

std::string Symbols::place(std::uintptr_t return_address) {
  const Line& known = line(return_address);
  return known.file.empty() ? "?" : fmt::format("{}:{}", known.file, known.number);
}

void Symbols::read_variables() {
  variables_read_ = true;
  const host::CommandResult result =
      host::run_command({"nm", "-S", "--defined-only", "-C", module_.path().string()});
  std::istringstream lines(result.output);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    char kind = 0;
    std::string name;
    words >> std::hex >> offset >> bytes >> kind >> name;
    if (!words.fail() && std::string_view("bBdDrR").find(kind) != std::string_view::npos) {
      variables_[offset] = {.name = name, .bytes = bytes};
    }
  }
}

std::string Symbols::variable(std::uintptr_t address) {
  if (!variables_read_) read_variables();
  const std::uint64_t offset = address - module_.base();
  auto next = variables_.upper_bound(offset);
  if (next == variables_.begin()) return {};
  const auto& [begin, variable] = *--next;
  if (offset - begin >= variable.bytes) return {};
  if (offset == begin) return variable.name;
  return fmt::format("{}+{}", variable.name, offset - begin);
}

}  // namespace mmcheck::guest

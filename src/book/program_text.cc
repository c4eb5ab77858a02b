// SPDX-License-Identifier: Apache-2.0
#include "book/program_text.h"

#include <sstream>
#include <string_view>
#include <vector>

namespace mmcheck::book {
namespace {

/// A comment begins a line: within one, "(*" is a call whose argument is "*x".
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  bool in_comment = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("expect")) break;
    in_comment = in_comment || line.starts_with("(*");
    const bool empty = line.find_first_not_of(" \t") == std::string::npos;
    if (!in_comment && !empty) lines.push_back(line);
    if (line.find("*)") != std::string::npos) in_comment = false;
  }
  return lines;
}

bool is_short_thread(const std::vector<std::string>& lines, std::size_t first) {
  return first + 2 < lines.size() && lines[first].starts_with("P") && lines[first].ends_with("{") &&
         lines[first + 2] == "}" && lines[first + 1].find_first_not_of(" \t") != std::string::npos;
}

}  // namespace

std::string program_text(const std::string& scenario) {
  const std::vector<std::string> lines = lines_of(scenario);
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    out += lines[i];
    if (is_short_thread(lines, i)) {
      out += " " + lines[i + 1].substr(lines[i + 1].find_first_not_of(" \t")) + " }";
      i += 2;
    }
    out += '\n';
  }
  return out;
}

std::string hunt_command(const std::string& comment) {
  const std::size_t begin = comment.find("mmcheck hunt ");
  if (begin == std::string::npos) return "";
  std::istringstream in(comment.substr(begin));
  std::string command;
  for (std::string word; in >> word;) {
    if (word != "\\") command += (command.empty() ? "" : " ") + word;
  }
  return command;
}

}  // namespace mmcheck::book

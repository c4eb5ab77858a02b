// SPDX-License-Identifier: Apache-2.0
#include "report/style.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace mmcheck::report {
namespace {

/// How many characters of `text`, which is longer than `room`, go on this line.
std::size_t break_at(std::string_view text, std::size_t room) {
  const std::size_t space = text.substr(0, room + 1).rfind(' ');
  if (space != std::string_view::npos && space > 0) return space;
  const std::size_t mark = text.substr(0, room).find_last_of(",;:(/+|>._-");
  // A break near the start of the line would cost more lines than it makes readable.
  if (mark != std::string_view::npos && mark + 1 >= room / 3) return mark + 1;
  return room;
}

}  // namespace

std::string paint(Colour colour, Emphasis emphasis, std::string_view text) {
  if (colour == Colour::No || emphasis == Emphasis::None || text.empty()) return std::string(text);
  const std::string_view code = emphasis == Emphasis::Bold ? "1" : "1;31";
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::vector<std::string> wrap(std::string_view text, unsigned width, unsigned indent) {
  std::vector<std::string> lines;
  indent = std::min(indent, width / 2);
  while (!text.empty()) {
    const unsigned margin = lines.empty() ? 0 : indent;
    const std::size_t room = std::max(1u, width - margin);
    const std::size_t taken = text.size() <= room ? text.size() : break_at(text, room);
    lines.push_back(std::string(margin, ' ') + std::string(text.substr(0, taken)));
    text.remove_prefix(taken);
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  }
  return lines;
}

std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._+-,:@%";
  const bool plain = !text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos;
  return plain ? std::string(text) : shell_quoted(text);
}

std::string paragraph(std::string_view label, std::string_view text, unsigned label_width,
                      unsigned width) {
  const unsigned room = width > label_width ? width - label_width : width;
  std::string out;
  for (const std::string& line : wrap(text, room, 0)) {
    out += fmt::format("{:<{}}{}\n", out.empty() ? label : "", label_width, line);
  }
  return out.empty() && !label.empty() ? fmt::format("{}\n", label) : out;
}

}  // namespace mmcheck::report

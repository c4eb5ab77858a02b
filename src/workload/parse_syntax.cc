// SPDX-License-Identifier: Apache-2.0
#include "workload/parse_syntax.h"

#include <fmt/format.h>

#include "workload/syntax_tree.h"

namespace mmcheck::workload {
namespace {

bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

std::string describe_place(std::string_view text, std::size_t offset) {
  constexpr std::size_t kShownMax = 24;
  if (offset >= text.size()) {
    return "the end of the file";
  }
  std::size_t end = offset;
  while (end < text.size() && is_word_char(text[end])) {
    ++end;
  }
  if (end > offset) {
    const bool is_long = end - offset > kShownMax;
    return fmt::format("'{}{}'", text.substr(offset, is_long ? kShownMax : end - offset),
                       is_long ? "..." : "");
  }
  const auto byte = static_cast<unsigned char>(text[offset]);
  if (byte == '\n' || byte == '\r') {
    return "the end of the line";
  }
  if (byte < ' ' || byte > '~') {
    return fmt::format("the byte 0x{:02x}", byte);
  }
  return fmt::format("'{}'", text[offset]);
}

SyntaxNode parse_syntax(const std::string& text, const std::string& path) {
  return syntax::parse<grammar::scenario_file>(text, path);
}

SyntaxNode parse_litmus_syntax(const std::string& text, const std::string& path) {
  return is_x86_syntax(text) ? parse_x86_syntax(text, path)
                             : syntax::parse<grammar::litmus_file>(text, path);
}

}  // namespace mmcheck::workload

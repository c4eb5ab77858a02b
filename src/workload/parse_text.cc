// SPDX-License-Identifier: Apache-2.0
// Text taken from a scenario file to be shown again: statements on one line, comments without
// marks.
#include "workload/parse_context.h"

namespace mmcheck::workload {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_blank(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

/// Position after the comment that starts at `at`, or `at` if none does.
std::size_t skip_comment(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  if (rest.starts_with("//")) {
    const std::size_t end = text.find('\n', at);
    return end == std::string_view::npos ? text.size() : end;
  }
  if (rest.starts_with("/*")) {
    const std::size_t end = text.find("*/", at + 2);
    return end == std::string_view::npos ? text.size() : end + 2;
  }
  return at;
}

/// Length of the UTF-8 sequence at the start of `text`, 0 if there is none. RFC 3629, section 4.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) {
    return 1;
  }
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) {
    return 0;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) {
      return 0;
    }
  }
  const unsigned char second = byte(1);
  const bool out_of_range = (lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
                            (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f);
  return out_of_range ? 0 : length;
}

std::string printable(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    std::size_t length = utf8_length(text);
    const auto byte = static_cast<unsigned char>(text.front());
    // C1 controls are two bytes, 0xc2 0x80 to 0xc2 0x9f: a terminal may obey them.
    const bool is_control = byte == 0x7f || (byte < 0x20 && byte != '\t') ||
                            (byte == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0);
    if (length == 0 || is_control) {
      result += '?';
      length = length == 0 ? 1 : length;
    } else {
      result += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return result;
}

}  // namespace

std::string squeeze(std::string_view text) {
  std::string result;
  bool pending_blank = false;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t after = skip_comment(text, i);
    if (after > i || is_blank(text[i])) {
      pending_blank = !result.empty();
      i = after > i ? after : i + 1;
      continue;
    }
    if (pending_blank) {
      result += ' ';
      pending_blank = false;
    }
    result += text[i++];
  }
  return result;
}

std::string comment_text(std::string_view comment) {
  if (comment.starts_with("//")) {
    comment.remove_prefix(2);
  } else if (comment.size() >= 4) {
    comment = comment.substr(2, comment.size() - 4);
  }
  std::string result;
  while (!comment.empty()) {
    const std::size_t end = comment.find('\n');
    std::string_view line = trim(comment.substr(0, end));
    comment.remove_prefix(end == std::string_view::npos ? comment.size() : end + 1);
    if (line.starts_with("* ") || line == "*") {
      line = trim(line.substr(1));
    }
    if (!line.empty() || !result.empty()) {
      result += printable(line);
      result += '\n';
    }
  }
  return std::string(trim(result));
}

}  // namespace mmcheck::workload

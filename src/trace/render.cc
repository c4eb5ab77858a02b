// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <iterator>

#include "trace/vocabulary.h"

namespace mmcheck::trace {

std::string render(const Names& names, std::string_view format, const Arg* args, unsigned nr_args) {
  constexpr std::string_view kPlaceholder = "{}";
  std::string out;
  out.reserve(format.size() + 16);
  unsigned next = 0;
  while (!format.empty()) {
    const std::size_t at = format.find(kPlaceholder);
    out.append(format.substr(0, at));
    if (at == std::string_view::npos) break;
    format.remove_prefix(at + kPlaceholder.size());
    if (next >= nr_args) {
      out.append(kPlaceholder);  // stays visible: a text with too few arguments is a mistake
      continue;
    }
    const Arg& arg = args[next++];
    (arg.format == nullptr ? format_decimal : arg.format)(names, arg.value, out);
  }
  return out;
}

std::string render(const Names& names, const StepText& text) {
  return render(names, text.format, text.args, static_cast<unsigned>(std::size(text.args)));
}

std::string render(const Names& names, const ObjectText& text) {
  return render(names, text.format, text.args, static_cast<unsigned>(std::size(text.args)));
}

void format_decimal(const Names& names, std::uint64_t value, std::string& out) {
  static_cast<void>(names);
  fmt::format_to(std::back_inserter(out), "{}", value);
}

void format_hex(const Names& names, std::uint64_t value, std::string& out) {
  static_cast<void>(names);
  fmt::format_to(std::back_inserter(out), "{:#x}", value);
}

void format_flag(const Names& names, std::uint64_t value, std::string& out) {
  static_cast<void>(names);
  out.append(value != 0 ? "yes" : "no");
}

}  // namespace mmcheck::trace

// SPDX-License-Identifier: Apache-2.0
// Words of the one-line texts of which a test consists. Blanks between words mean nothing.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "workload/vmsa_form.h"

namespace mmcheck::workload::vmsa {

class Scanner {
 public:
  /// `where` says in errors which text this is.
  Scanner(std::string where, std::string_view text) : where_(std::move(where)), rest_(text) {}

  std::string_view rest() {
    while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
    return rest_;
  }
  bool done() { return rest().empty(); }

  bool accept(std::string_view token) {
    if (!rest().starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  void expect(std::string_view token) {
    if (!accept(token)) fail(fmt::format("'{}'", token));
  }

  /// A letter, then letters, digits and '_'.
  std::string word(std::string_view what) {
    std::size_t length = 0;
    while (length < rest().size() && is_word(rest_[length])) ++length;
    if (length == 0 || std::isdigit(static_cast<unsigned char>(rest_[0])) != 0) fail(what);
    return take(length);
  }

  bool at_number() {
    return !done() && std::isdigit(static_cast<unsigned char>(rest_.front())) != 0;
  }
  std::uint64_t number() {
    if (!at_number()) fail("a number");
    const bool hex = rest_.starts_with("0x");
    const std::string_view digits = rest_.substr(hex ? 2 : 0);
    std::uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
    if (error != std::errc{} || value > kNumberMax) {
      fail(fmt::format("a number up to {}", kNumberMax));
    }
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }

  /// All before the first of `ends`, which is left; everything if there is none.
  std::string until(std::string_view ends) {
    const std::string_view text = rest();
    return take(std::min(text.find_first_of(ends), text.size()));
  }

  /// Throws InputError: this was expected, something else found.
  [[noreturn]] void fail(std::string_view expected) {
    constexpr std::size_t kShown = 40;
    const std::string_view found = rest();
    const bool cut = found.size() > kShown;
    throw InputError(fmt::format(
        "{}: expected {}, found {}", where_, expected,
        found.empty() ? "the end"
                      : fmt::format("'{}{}'", found.substr(0, kShown), cut ? "..." : "")));
  }

 private:
  static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
  static bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  }
  std::string take(std::size_t length) {
    std::string taken(rest_.substr(0, length));
    rest_.remove_prefix(length);
    return taken;
  }

  std::string where_;
  std::string_view rest_;
};

}  // namespace mmcheck::workload::vmsa

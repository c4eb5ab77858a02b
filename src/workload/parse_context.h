// SPDX-License-Identifier: Apache-2.0
// What all parts of the scenario parser share: the scenario so far, errors, names and numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "workload/parse_syntax.h"
#include "workload/scenario.h"

namespace mmcheck::workload {

inline constexpr auto kPageBytes = static_cast<std::int64_t>(kPageSizeBytes);

class ParseContext {
 public:
  explicit ParseContext(Scenario& scenario_) : scenario(scenario_) {}

  SourcePlace place(const SyntaxNode& node) const {
    return SourcePlace{scenario.path, node.line, node.column};
  }
  [[noreturn]] void fail(const SyntaxNode& node, const std::string& message) const {
    throw InputError(place(node), message);
  }

  std::optional<unsigned> find_file(std::string_view name) const;
  std::optional<unsigned> find_variable(std::string_view name) const;
  std::optional<unsigned> find_process(std::string_view name) const;
  std::optional<unsigned> find_mapping(unsigned process, std::string_view name) const;

  /// The name of what is declared; fails if it is too long or reserved. `what` is "file" ...
  std::string declared_name(const SyntaxNode& node, std::string_view what) const;

  /// Fails if a file, a process, a variable or a mapping already has the name.
  void check_unused(const SyntaxNode& node, std::string_view name) const;

  /// An integer in C's notation, with a sign if the grammar allows one there.
  std::int64_t number(const SyntaxNode& node) const;

  Scenario& scenario;
};

/// "1 page", "3 threads".
std::string counted(std::int64_t count, std::string_view noun);

/// ": did you mean 'munmap' or 'mmap'?" or an empty string. `candidates` are tried in their order.
std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& candidates);

/// C text on one line, without comments, without blanks at the ends.
std::string squeeze(std::string_view text);

/// The text of a comment without its marks and the stars down its left side. What is not UTF-8 or
/// printable becomes '?', as the text goes to terminals and to JSON.
std::string comment_text(std::string_view comment);

}  // namespace mmcheck::workload

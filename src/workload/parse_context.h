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

/// Both are the C dialect of litmus tests. Scenarios add processes and files; litmus tests add
/// addresses that are values, RCU, and assembly: X86_64 in AT&T's order, X86 in Intel's.
enum class Dialect : std::uint8_t { Scenario, Litmus, X86_64, X86 };

class ParseContext {
 public:
  explicit ParseContext(Scenario& scenario_, Dialect dialect = Dialect::Scenario)
      : scenario(scenario_), dialect_(dialect) {}

  Dialect dialect() const { return dialect_; }
  bool is_litmus() const { return dialect_ != Dialect::Scenario; }
  bool is_x86() const { return dialect_ == Dialect::X86_64 || dialect_ == Dialect::X86; }

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

  /// Adds a variable. In litmus tests its name may stand before as that of an address: `p = &x;`.
  void add_variable(const SyntaxNode& name, VariableDecl variable);

  /// The variable of that name; if there is none, a new one that starts as 0.
  unsigned find_or_add_word(const SyntaxNode& name);

  /// A Number, or in litmus tests an Address. `wanted` is for messages: "a number ...".
  std::int64_t initial_value(const SyntaxNode& node, std::string_view wanted);

  /// An integer in C's notation, with a sign if the grammar allows one there.
  std::int64_t number(const SyntaxNode& node) const;

  Scenario& scenario;

 private:
  Dialect dialect_;
  std::vector<std::string> named_only_;  ///< variables that stand as addresses only so far
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

// SPDX-License-Identifier: Apache-2.0
#include "workload/parse_context.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <system_error>

#include "workload/parse_calls.h"
#include "workload/parse_limits.h"

namespace mmcheck::workload {
namespace {

template <typename T>
std::optional<unsigned> find_named(const std::vector<T>& list, std::string_view name) {
  for (unsigned i = 0; i < list.size(); ++i) {
    if (list[i].name == name) {
      return i;
    }
  }
  return std::nullopt;
}

/// Levenshtein's distance of two short words.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

}  // namespace

std::optional<unsigned> ParseContext::find_file(std::string_view name) const {
  return find_named(scenario.files, name);
}

std::optional<unsigned> ParseContext::find_variable(std::string_view name) const {
  return find_named(scenario.variables, name);
}

std::optional<unsigned> ParseContext::find_process(std::string_view name) const {
  return find_named(scenario.processes, name);
}

std::optional<unsigned> ParseContext::find_mapping(unsigned process, std::string_view name) const {
  return find_named(scenario.processes[process].mappings, name);
}

std::string ParseContext::declared_name(const SyntaxNode& node, std::string_view what) const {
  if (node.text.size() > kNameLengthMax) {
    fail(node, fmt::format("expected the name of a {} of at most {} characters, got {}", what,
                           kNameLengthMax, node.text.size()));
  }
  if (is_reserved_name(node.text)) {
    fail(node, fmt::format("expected the name of a {}: '{}' is reserved", what, node.text));
  }
  return std::string(node.text);
}

void ParseContext::check_unused(const SyntaxNode& node, std::string_view name) const {
  const auto check = [&](const auto& list, std::string_view what) {
    if (const auto index = find_named(list, name)) {
      fail(node, fmt::format("expected a new name: '{}' is already the name of the {} in line {}",
                             name, what, list[*index].place.line));
    }
  };
  check(scenario.files, "file");
  check(scenario.variables, "variable");
  check(scenario.processes, "process");
  for (const ProcessDecl& process : scenario.processes) {
    check(process.mappings, "mapping");
  }
}

void ParseContext::add_variable(const SyntaxNode& name, VariableDecl variable) {
  const auto is_named_only = std::find(named_only_.begin(), named_only_.end(), variable.name);
  if (is_named_only != named_only_.end()) {
    named_only_.erase(is_named_only);
    scenario.variables[*find_variable(variable.name)] = std::move(variable);
    return;
  }
  check_unused(name, variable.name);
  if (scenario.variables.size() == kVariablesMax) {
    fail(name, fmt::format("expected at most {} variables", kVariablesMax));
  }
  scenario.variables.push_back(std::move(variable));
}

std::int64_t ParseContext::initial_value(const SyntaxNode& node, std::string_view wanted) {
  if (node.kind == NodeKind::Number) {
    return number(node);
  }
  if (!is_litmus()) {
    fail(node, fmt::format("expected {}, got {}", wanted, describe_place(node.text, 0)));
  }
  const SyntaxNode& name = node.children.back();
  if (!find_variable(name.text)) {
    named_only_.emplace_back(scenario.variables[find_or_add_word(name)].name);
  }
  return address_of_variable(*find_variable(name.text));
}

unsigned ParseContext::find_or_add_word(const SyntaxNode& name) {
  if (const auto known = find_variable(name.text)) {
    return *known;
  }
  VariableDecl variable;
  variable.name = declared_name(name, "variable");
  variable.place = place(name);
  add_variable(name, std::move(variable));
  return *find_variable(name.text);
}

std::int64_t ParseContext::number(const SyntaxNode& node) const {
  std::string_view digits = node.text;
  const bool negative = digits.starts_with('-');
  if (negative) {
    digits.remove_prefix(1);
  }
  int base = 10;
  if (digits.starts_with("0x") || digits.starts_with("0X")) {
    base = 16;
    digits.remove_prefix(2);
  } else if (digits.size() > 1 && digits.starts_with('0')) {
    fail(node, fmt::format("expected a decimal or hexadecimal number, got the octal '{}'",
                           node.text.substr(0, kNameLengthMax)));
  }
  std::int64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    fail(node, "expected a number below 2^63");
  }
  return negative ? -value : value;
}

std::string counted(std::int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& candidates) {
  constexpr std::size_t kSuggestionsMax = 3;
  if (name.size() > kNameLengthMax) {
    return "";
  }
  const std::size_t far = 1 + name.size() / 3;
  std::vector<std::pair<std::size_t, std::string_view>> near;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < far || (name.size() >= 4 && candidate.starts_with(name))) {
      near.emplace_back(distance, candidate);
    }
  }
  std::stable_sort(near.begin(), near.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  near.resize(std::min(near.size(), kSuggestionsMax));
  std::string result;
  for (std::size_t i = 0; i < near.size(); ++i) {
    result +=
        fmt::format("{}'{}'", i == 0 ? ": did you mean " : (i + 1 < near.size() ? ", " : " or "),
                    near[i].second);
  }
  return near.empty() ? "" : result + "?";
}

}  // namespace mmcheck::workload

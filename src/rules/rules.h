// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace mmcheck::rules {

/// Position in rules().
enum class RuleId : std::uint8_t {
  Write,
  Free,
  Count,
  Anon,
  Fs,
  Perm,
  Cohere,
  Torn,
  Live,
  Lru,
  Pin,
  Table,
  Meta,
  Cow
};
inline constexpr unsigned kNrRules = 14;

struct Rule {
  RuleId id;
  std::string_view name;       ///< "R-WRITE"
  std::string_view sentence;   ///< the rule, as a positive sentence
  std::string_view why;        ///< what goes wrong without it
  std::string_view upheld_by;  ///< which step of which function upholds it
  std::string_view mutation;   ///< the design that drops that step
};

std::span<const Rule> rules();

/// nullptr if there is none of that name.
const Rule* find_rule(std::string_view name);

/// A set of rules.
class RuleSet {
 public:
  void add(RuleId id) { bits_ |= 1u << static_cast<unsigned>(id); }
  static RuleSet all() {
    RuleSet set;
    for (unsigned id = 0; id < kNrRules; ++id) set.add(static_cast<RuleId>(id));
    return set;
  }
  void add(RuleSet other) { bits_ |= other.bits_; }
  void remove(RuleSet other) { bits_ &= ~other.bits_; }
  bool empty() const { return bits_ == 0; }
  bool contains(RuleId id) const { return (bits_ >> static_cast<unsigned>(id)) & 1u; }

  friend bool operator==(RuleSet, RuleSet) = default;

 private:
  std::uint32_t bits_ = 0;
};

}  // namespace mmcheck::rules

// SPDX-License-Identifier: Apache-2.0
#include "report/verdict.h"

#include <fmt/format.h>

namespace mmcheck::report {

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::Held:
      return "held";
    case Outcome::Violated:
      return "violated";
    case Outcome::Incomplete:
      return "incomplete";
  }
  return "";
}

std::string_view to_string(Minimality minimality) {
  switch (minimality) {
    case Minimality::First:
      return "first";
    case Minimality::Shortest:
      return "shortest";
    case Minimality::Capped:
      return "shortest-searched";
  }
  return "";
}

Met judge(Outcome outcome, std::string_view rule, const std::optional<Expectation>& expected) {
  if (!expected) return Met::Unknown;
  if (expected->outcome == Outcome::Violated) {
    // Not found is not met, even if the search was cut short: a check that stays green while a
    // known bug is in would be worth nothing.
    if (outcome != Outcome::Violated) return Met::No;
    return expected->rule.empty() || expected->rule == rule ? Met::Yes : Met::No;
  }
  if (outcome == Outcome::Incomplete) return Met::Unknown;
  return outcome == Outcome::Held ? Met::Yes : Met::No;
}

bool condition_fails(const Verdict& verdict) {
  return verdict.condition && verdict.condition->quantifier != "exists" && !verdict.condition->held;
}

bool is_failure(const Verdict& verdict) {
  if (verdict.met == Met::No || condition_fails(verdict)) return true;
  return verdict.met == Met::Unknown && verdict.outcome == Outcome::Violated;
}

std::string count_of(std::uint64_t count, std::string_view singular, std::string_view plural) {
  return fmt::format("{} {}", count, count == 1 ? singular : plural);
}

std::string counterexample_heading(const Verdict& verdict) {
  std::string out =
      fmt::format("{} on {}: {} broken", verdict.scenario, verdict.design, verdict.rule);
  if (!verdict.counterexample) return out;
  const Counterexample& example = *verdict.counterexample;
  out += fmt::format(" at step {}, after {}", example.steps,
                     count_of(example.context_switches, "context switch", "context switches"));
  switch (example.minimality) {
    case Minimality::First:
      return out + "\n(the first one found)";
    case Minimality::Shortest:
      return out + fmt::format("\n(the shortest of all {} executions)", example.searched);
    case Minimality::Capped:
      return out + fmt::format("\n(the shortest of the {} executions searched, not of all)",
                               example.searched);
  }
  return out;
}

}  // namespace mmcheck::report

// SPDX-License-Identifier: Apache-2.0
#include "report/verdict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <cstddef>
#include <utility>

#include "report/style.h"

namespace mmcheck::report {

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::Held:
      return "held";
    case Outcome::Violated:
      return "violated";
    case Outcome::Incomplete:
      return "incomplete";
    case Outcome::Bounded:
      return "bounded";
    case Outcome::Sampled:
      return "sampled";
  }
  return "";
}

std::string_view to_string(Coverage coverage) {
  switch (coverage) {
    case Coverage::Complete:
      return "complete";
    case Coverage::Bounded:
      return "bounded";
    case Coverage::Sampled:
      return "sampled";
    case Coverage::CutShort:
      return "cut-short";
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

Met judge(Outcome outcome, std::string_view rule, const std::optional<Expectation>& expected,
          std::string_view only_rule) {
  if (!expected) return Met::Unknown;
  const bool found = outcome == Outcome::Violated;
  if (expected->outcome != Outcome::Violated) {
    if (found) return Met::No;
    // It speaks of all executions and all rules.
    return outcome == Outcome::Held && only_rule.empty() ? Met::Yes : Met::Unknown;
  }
  if (found && (expected->rule.empty() || expected->rule == rule)) return Met::Yes;
  // Not found is not met, even if the search was cut short: a check that stays green while a known
  // bug is in would be worth nothing.
  return only_rule.empty() || expected->rule == only_rule ? Met::No : Met::Unknown;
}

bool condition_fails(const Verdict& verdict) {
  return verdict.condition && verdict.condition->quantifier != "exists" && !verdict.condition->held;
}

bool is_mutation(std::string_view design) { return design.find('/') != std::string_view::npos; }

bool is_failure(const Verdict& verdict) {
  if (verdict.met == Met::No || condition_fails(verdict)) return true;
  return !verdict.expected && verdict.outcome == Outcome::Violated && !is_mutation(verdict.design);
}

std::string repeated_options(const Verdict& verdict) {
  std::string options;
  if (!verdict.only_rule.empty()) options += " --rule " + verdict.only_rule;
  if (verdict.memory != "sc") options += " --memory " + verdict.memory;
  return options;
}

unsigned preemptions_needed(const Verdict& verdict) {
  return verdict.preemptions ? *verdict.preemptions + 1 : 0;
}

std::string count_of(std::uint64_t count, std::string_view singular, std::string_view plural) {
  return fmt::format("{} {}", count, count == 1 ? singular : plural);
}

namespace {
/// fmt has "2.1e+05" and "3.1e-05".
std::string with_exponent(double number) {
  std::string text = fmt::format("{:.1e}", number);
  const std::size_t digits = text.find('e') + 2;
  if (text[digits - 1] == '+') {
    text.erase(digits - 1, text[digits] == '0' ? 2 : 1);
  } else if (text[digits] == '0') {
    text.erase(digits, 1);
  }
  return text;
}
}  // namespace

std::string roughly(double number) {
  return number < 9999.5 ? fmt::format("{:.0f}", number) : with_exponent(number);
}

std::string probability_text(double probability) {
  if (probability >= 0.01) return fmt::format("{:g}", std::floor(probability * 1000) / 1000);
  if (probability <= 0) return "0";
  const double unit = std::pow(10.0, std::floor(std::log10(probability)) - 1);
  return with_exponent(std::floor(probability / unit + 1e-9) * unit);
}

namespace {

std::string minimality_text(const Verdict& verdict, const Counterexample& example) {
  const std::string first = count_of(verdict.executions, "execution", "executions");
  switch (example.minimality) {
    case Minimality::First:
      return fmt::format("(the first one found, after {})", first);
    case Minimality::Shortest:
      return fmt::format(
          "(the search stops at the first, after {}; this is the shortest of all {})", first,
          example.searched);
    case Minimality::Capped:
      return fmt::format(
          "(the search stops at the first, after {}; this is the shortest of {}, not of all)",
          first, example.searched);
  }
  return "";
}

}  // namespace

std::string counterexample_heading(const Verdict& verdict) {
  std::string what =
      fmt::format("{} on {}: {} broken", verdict.scenario, verdict.design, verdict.rule);
  if (!verdict.counterexample) return what;
  const Counterexample& example = *verdict.counterexample;
  what += fmt::format(" at step {}, after {}", example.steps,
                      count_of(example.context_switches, "context switch", "context switches"));
  std::vector<std::string> lines = wrap(what, kLineWidth, 2);
  for (std::string& line : wrap(minimality_text(verdict, example), kLineWidth, 1)) {
    lines.push_back(std::move(line));
  }
  return fmt::format("{}", fmt::join(lines, "\n"));
}

}  // namespace mmcheck::report

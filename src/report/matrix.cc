// SPDX-License-Identifier: Apache-2.0
#include "report/matrix.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

namespace mmcheck::report {
namespace {

constexpr std::size_t kColumnGap = 2;
constexpr std::size_t kHeadingWidest = 13;  // longer scenario names are broken after '+' or '-'

std::vector<std::string_view> distinct(std::span<const Verdict> verdicts,
                                       std::string Verdict::*member) {
  std::vector<std::string_view> names;
  for (const Verdict& verdict : verdicts) {
    const std::string_view name = verdict.*member;
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

/// The rows of the table: designs, and mutations that were run under every scenario.
std::vector<std::string_view> rows_of(std::span<const Verdict> verdicts) {
  const std::size_t nr_scenarios = distinct(verdicts, &Verdict::scenario).size();
  std::vector<std::string_view> designs = distinct(verdicts, &Verdict::design);
  std::erase_if(designs, [&](std::string_view design) {
    if (!is_mutation(design)) return false;
    const auto nr_run =
        std::count_if(verdicts.begin(), verdicts.end(),
                      [&](const Verdict& verdict) { return verdict.design == design; });
    return static_cast<std::size_t>(nr_run) != nr_scenarios;
  });
  return designs;
}

/// On the line of a cell, where there is room.
std::string finding_of(const Verdict& verdict) {
  switch (verdict.outcome) {
    case Outcome::Violated:
      return verdict.rule;
    case Outcome::Bounded:
      return "held, bounded";
    case Outcome::Sampled:
      return "held, sampled";
    default:
      return std::string(to_string(verdict.outcome));
  }
}

/// In the table: matrix_legend() explains.
std::string finding_text(const Verdict& verdict) {
  std::string text = finding_of(verdict);
  if (verdict.outcome == Outcome::Bounded) {
    text = fmt::format("held({})", verdict.preemptions.value_or(0));
  }
  if (verdict.outcome == Outcome::Sampled) text = "held~";
  return text + (is_failure(verdict) ? "!" : "");
}

/// "munmap+store+writeback-evict" as "munmap+store+", "writeback-", "evict".
std::vector<std::string> heading_lines(std::string_view name) {
  std::vector<std::string> lines(1);
  while (!name.empty()) {
    const std::size_t mark = name.find_first_of("+-");
    const std::size_t taken = mark == std::string_view::npos ? name.size() : mark + 1;
    if (!lines.back().empty() && lines.back().size() + taken > kHeadingWidest) lines.emplace_back();
    lines.back().append(name.substr(0, taken));
    name.remove_prefix(taken);
  }
  return lines;
}

/// A scenario's column: its heading and a cell per design. No verdict: an empty cell.
struct Column {
  std::vector<std::string> heading;
  std::vector<const Verdict*> cells;
  std::size_t finding_width = 0;
  std::size_t count_width = 0;
  std::size_t width = 0;  ///< of all that
};

Column column_of(std::span<const Verdict> verdicts, std::string_view scenario,
                 const std::vector<std::string_view>& designs) {
  Column column;
  column.heading = heading_lines(scenario);
  for (std::string_view design : designs) {
    const auto found = std::find_if(verdicts.begin(), verdicts.end(), [&](const Verdict& verdict) {
      return verdict.scenario == scenario && verdict.design == design;
    });
    column.cells.push_back(found == verdicts.end() ? nullptr : &*found);
    if (found == verdicts.end()) continue;
    column.finding_width = std::max(column.finding_width, finding_text(*found).size());
    column.count_width = std::max(column.count_width, std::to_string(found->executions).size());
  }
  column.width = column.finding_width + 1 + column.count_width;
  for (const std::string& line : column.heading) column.width = std::max(column.width, line.size());
  return column;
}

void trim_end(std::string& line) {
  line.erase(std::min(line.find_last_not_of(' ') + 1, line.size()));
}

/// The verdict at the left of the column, the number of executions aligned behind it.
std::string cell_text(const Column& column, const Verdict* verdict, Colour colour) {
  const std::string blank(kColumnGap, ' ');
  if (verdict == nullptr) return blank + std::string(column.width, ' ');
  const Emphasis emphasis = is_failure(*verdict) ? Emphasis::Bad : Emphasis::None;
  const std::string finding = fmt::format("{:<{}}", finding_text(*verdict), column.finding_width);
  const std::size_t used = column.finding_width + 1 + column.count_width;
  return blank + paint(colour, emphasis, finding) +
         fmt::format(" {:>{}}{:{}}", verdict->executions, column.count_width, "",
                     column.width - used);
}

/// The columns [first, last) below one another.
std::string block(std::span<const Column> columns, const std::vector<std::string_view>& designs,
                  std::size_t design_width, Colour colour) {
  std::size_t heading_height = 0;
  for (const Column& column : columns) {
    heading_height = std::max(heading_height, column.heading.size());
  }
  std::string out;
  for (std::size_t y = 0; y < heading_height; ++y) {
    std::string line(design_width, ' ');
    for (const Column& column : columns) {
      const std::size_t skipped = heading_height - column.heading.size();
      const std::string_view text = y < skipped ? std::string_view{} : column.heading[y - skipped];
      line += fmt::format("{:{}}{:<{}}", "", kColumnGap, text, column.width);
    }
    trim_end(line);
    out += line + '\n';
  }
  for (std::size_t row = 0; row < designs.size(); ++row) {
    // A variant is run under few scenarios.
    const bool empty = std::all_of(columns.begin(), columns.end(), [&](const Column& column) {
      return column.cells[row] == nullptr;
    });
    if (empty) continue;
    std::string line = fmt::format("{:<{}}", designs[row], design_width);
    for (const Column& column : columns) {
      line += cell_text(column, column.cells[row], colour);
    }
    trim_end(line);
    out += line + '\n';
  }
  return out;
}

std::string never_exercised(std::span<const Verdict> verdicts) {
  std::string names;
  if (verdicts.empty()) return names;
  for (const std::string& rule : verdicts.front().vacuous) {
    const bool everywhere = std::all_of(verdicts.begin(), verdicts.end(), [&](const Verdict& v) {
      return std::find(v.vacuous.begin(), v.vacuous.end(), rule) != v.vacuous.end();
    });
    if (everywhere) names += (names.empty() ? "" : ", ") + rule;
  }
  return names;
}

/// What the verdicts come to, against the expectations.
struct Tally {
  std::size_t nr[5] = {};  ///< by Outcome
  std::size_t nr_met = 0;
  std::size_t nr_unmet = 0;
  std::size_t nr_undecided = 0;
  std::size_t nr_unexpected = 0;  ///< violated, without an expectation
  std::size_t nr_without = 0;     ///< without an expectation
  std::size_t nr_conditions_failed = 0;
  std::uint64_t executions = 0;
};

Tally tally_of(std::span<const Verdict> verdicts) {
  Tally tally;
  for (const Verdict& verdict : verdicts) {
    ++tally.nr[static_cast<std::size_t>(verdict.outcome)];
    tally.executions += verdict.executions;
    if (condition_fails(verdict)) ++tally.nr_conditions_failed;
    if (!verdict.expected) {
      ++tally.nr_without;
      if (verdict.outcome == Outcome::Violated) ++tally.nr_unexpected;
    } else if (verdict.met == Met::Unknown) {
      ++tally.nr_undecided;
    } else {
      ++(verdict.met == Met::Yes ? tally.nr_met : tally.nr_unmet);
    }
  }
  return tally;
}

std::size_t nr_of(const Tally& tally, Outcome outcome) {
  return tally.nr[static_cast<std::size_t>(outcome)];
}

std::string_view why_undecided(const Tally& tally, std::string_view only_rule) {
  if (!only_rule.empty()) return "other rules would have to be watched";
  if (nr_of(tally, Outcome::Incomplete) > 0) return "the search was cut short";
  return nr_of(tally, Outcome::Bounded) > 0 ? "the search was bounded" : "the search was a sample";
}

/// `only_rule`: the one that was watched; empty: all were.
std::string expectations_text(const Tally& tally, std::string_view only_rule) {
  std::vector<std::string> parts;
  if (tally.nr_unmet > 0) {
    parts.push_back(count_of(tally.nr_unmet, "expectation is NOT met", "expectations are NOT met"));
  } else if (tally.nr_met > 0) {
    parts.push_back(tally.nr_undecided == 0
                        ? "every expectation is met"
                        : count_of(tally.nr_met, "expectation is met", "expectations are met"));
  }
  if (tally.nr_undecided > 0) {
    parts.push_back(
        count_of(tally.nr_undecided, "expectation is undecided: ", "expectations are undecided: ") +
        std::string(why_undecided(tally, only_rule)));
  }
  if (tally.nr_conditions_failed > 0) {
    parts.push_back(count_of(tally.nr_conditions_failed, "condition FAILS", "conditions FAIL"));
  }
  if (tally.nr_without > 0) {
    parts.push_back(
        count_of(tally.nr_without, "cell has no expectation", "cells have no expectation"));
  }
  if (tally.nr_unexpected > 0) {
    parts.push_back(fmt::format("{} of them violated", tally.nr_unexpected));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::string within_text(unsigned preemptions) {
  if (preemptions == 0) return "all schedules without preemptions";
  return "all schedules with at most " + count_of(preemptions, "preemption", "preemptions");
}

std::string sample_text(const Sample& sample) {
  std::string text = sample.guarantee ? "PCT: " : "random walks: ";
  text += fmt::format("{} seen of about {} or more", count_of(sample.classes, "class", "classes"),
                      roughly(sample.classes_at_least));
  if (sample.schedules) {
    text += fmt::format("; about {} schedules in all", roughly(sample.schedules->value));
    if (sample.schedules->error >= 0.5) {
      text += fmt::format(" (+- {})", roughly(sample.schedules->error));
    }
  }
  if (const auto& guarantee = sample.guarantee) {
    text += fmt::format("; finds a bug of depth {} with probability {} or more, {} in all",
                        guarantee->depth, probability_text(guarantee->per_execution),
                        probability_text(guarantee->in_all));
  }
  return text;
}

/// How much was searched.
std::string coverage_text(const Verdict& verdict) {
  switch (verdict.outcome) {
    case Outcome::Held:
      return "complete";
    case Outcome::Bounded:
      return within_text(verdict.preemptions.value_or(0));
    case Outcome::Sampled:
      return verdict.sample ? sample_text(*verdict.sample) : "";
    case Outcome::Incomplete:
      return verdict.preemptions ? within_text(*verdict.preemptions) + "; cut short after these"
                                 : "";
    case Outcome::Violated:
      break;
  }
  if (verdict.coverage != Coverage::Bounded) return "";
  return count_of(preemptions_needed(verdict), "preemption", "preemptions") +
         (verdict.preemptions ? ", none with fewer" : "");
}

/// What a line says behind the number of executions.
std::string remarks_on(const Verdict& verdict) {
  std::string text = coverage_text(verdict);
  if (verdict.outcome == Outcome::Held && verdict.memory != "sc") {
    text += fmt::format(" ({})", verdict.memory);
  }
  if (verdict.outcome != Outcome::Violated && verdict.outcome != Outcome::Incomplete) {
    for (std::size_t i = 0; i < verdict.vacuous.size(); ++i) {
      text += (i == 0 ? "; not exercised: " : " ") + verdict.vacuous[i];
    }
  }
  if (verdict.condition) {
    text += fmt::format("; {}: {}", verdict.condition->quantifier,
                        verdict.condition->held ? "yes" : "no");
  }
  if (!is_failure(verdict)) return text;
  if (!text.empty()) text += "  ";
  if (verdict.met == Met::No) {
    const Expectation& expected = *verdict.expected;
    const std::string_view wanted =
        expected.rule.empty() ? to_string(expected.outcome) : std::string_view(expected.rule);
    return text + fmt::format("<-- expected: {}", wanted);
  }
  return text +
         (condition_fails(verdict) ? "<-- the condition fails" : "<-- no expectation in the file");
}

}  // namespace

std::string matrix_table(std::span<const Verdict> verdicts, Colour colour, unsigned width) {
  const std::vector<std::string_view> designs = rows_of(verdicts);
  std::size_t design_width = 0;
  for (std::string_view design : designs) design_width = std::max(design_width, design.size());
  std::vector<Column> columns;
  if (!designs.empty()) {
    for (std::string_view scenario : distinct(verdicts, &Verdict::scenario)) {
      columns.push_back(column_of(verdicts, scenario, designs));
    }
  }
  std::string out;
  for (std::size_t first = 0; first < columns.size();) {
    std::size_t last = first;
    std::size_t used = design_width;
    while (last < columns.size() &&
           (last == first || used + kColumnGap + columns[last].width <= width)) {
      used += kColumnGap + columns[last++].width;
    }
    if (!out.empty()) out += '\n';
    out += block(std::span(columns).subspan(first, last - first), designs, design_width, colour);
    first = last;
  }
  return out;
}

std::string mutation_table(std::span<const Verdict> verdicts, Colour colour) {
  const std::vector<std::string_view> shown = rows_of(verdicts);
  std::vector<const Verdict*> rest;
  std::size_t design_width = 0;
  std::size_t finding_width = 0;
  for (const Verdict& verdict : verdicts) {
    if (std::find(shown.begin(), shown.end(), verdict.design) != shown.end()) continue;
    rest.push_back(&verdict);
    design_width = std::max(design_width, verdict.design.size());
    finding_width = std::max(finding_width, finding_text(verdict).size());
  }
  if (rest.empty()) return {};
  std::stable_sort(rest.begin(), rest.end(),
                   [](const Verdict* a, const Verdict* b) { return a->design < b->design; });
  std::string out =
      "\nmutations, one step dropped or moved, under the scenarios that name them\n\n";
  for (const Verdict* verdict : rest) {
    const std::string finding = fmt::format("{:<{}}", finding_text(*verdict), finding_width);
    const Emphasis emphasis = is_failure(*verdict) ? Emphasis::Bad : Emphasis::None;
    out += fmt::format("{:<{}}  {} {:>7}  {}\n", verdict->design, design_width,
                       paint(colour, emphasis, finding), verdict->executions, verdict->scenario);
  }
  return out;
}

std::string matrix_legend(std::span<const Verdict> verdicts) {
  std::string out = "each cell: the verdict and the number of executions";
  if (std::any_of(verdicts.begin(), verdicts.end(), is_failure)) out += "; ! not as expected";
  out += '\n';
  const auto first_with = [&](Outcome outcome) {
    return std::find_if(verdicts.begin(), verdicts.end(),
                        [&](const Verdict& verdict) { return verdict.outcome == outcome; });
  };
  if (const auto bounded = first_with(Outcome::Bounded); bounded != verdicts.end()) {
    out += fmt::format("{}: in {}; more were not searched\n",
                       fmt::format("held({})", bounded->preemptions.value_or(0)),
                       within_text(bounded->preemptions.value_or(0)));
  }
  if (first_with(Outcome::Sampled) != verdicts.end()) {
    out += "held~: in a random sample; what it did not find may still be there\n";
  }
  return out + '\n';
}

std::string summary(std::span<const Verdict> verdicts) {
  const Tally tally = tally_of(verdicts);
  std::string out =
      fmt::format("{}: {} held, {} violated", count_of(verdicts.size(), "cell", "cells"),
                  nr_of(tally, Outcome::Held), nr_of(tally, Outcome::Violated));
  for (Outcome outcome : {Outcome::Bounded, Outcome::Sampled, Outcome::Incomplete}) {
    if (nr_of(tally, outcome) > 0) {
      out += fmt::format(", {} {}", nr_of(tally, outcome), to_string(outcome));
    }
  }
  out += fmt::format("; {}\n", count_of(tally.executions, "execution", "executions"));
  if (!verdicts.empty() && verdicts.front().memory != "sc") {
    out += fmt::format("memory: {}\n", verdicts.front().memory);
  }
  const std::string only_rule = verdicts.empty() ? "" : verdicts.front().only_rule;
  if (!only_rule.empty()) out += fmt::format("only {} was watched\n", only_rule);
  const std::string expectations = expectations_text(tally, only_rule);
  if (!expectations.empty()) out += expectations + '\n';
  if (nr_of(tally, Outcome::Bounded) > 0) {
    out += fmt::format(
        "bounded: what takes more than {} was not searched\n",
        count_of(verdicts.front().bounds.preemptions_max.value_or(0), "preemption", "preemptions"));
  }
  if (!verdicts.empty() && verdicts.front().seed) {
    out += fmt::format("a random sample (seed {}): what it did not find may still be there\n",
                       *verdicts.front().seed);
  }
  const std::string vacuous = never_exercised(verdicts);
  if (!vacuous.empty()) {
    out += paragraph("", "never exercised, so nothing is said about them: " + vacuous, 0);
  }
  return out;
}

std::string verdict_line(const Verdict& verdict, unsigned design_width, Colour colour) {
  const bool failure = is_failure(verdict);
  const std::string design = fmt::format("  {:<{}}  ", verdict.design, design_width);
  // All cells of a run have one strategy, so their lines have one width.
  const bool may_be_partial = verdict.bounds.preemptions_max || verdict.seed;
  const std::string finding = fmt::format("{:<{}}", finding_of(verdict), may_be_partial ? 13 : 10);
  const std::string count = fmt::format("  {:>7} {:<10}  ", verdict.executions,
                                        verdict.executions == 1 ? "execution" : "executions");
  const std::size_t head_width = design.size() + finding.size() + count.size();
  std::string lines = paragraph(std::string(head_width, ' '), remarks_on(verdict),
                                static_cast<unsigned>(head_width));
  lines.replace(0, head_width,
                design + paint(colour, failure ? Emphasis::Bad : Emphasis::None, finding) + count);
  if (remarks_on(verdict).empty()) {
    trim_end(lines.erase(lines.size() - 1));
    lines += '\n';
  }
  return lines;
}

}  // namespace mmcheck::report

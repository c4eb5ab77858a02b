// SPDX-License-Identifier: Apache-2.0
#include "report/columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "report/focus.h"
#include "report/layout.h"

namespace mmcheck::report {
namespace {

constexpr unsigned kLabelWidth = 11;  // "not shown: "

/// Which steps go into the table, and how many of which kind do not.
struct Selection {
  std::vector<const trace::StepRecord*> shown;
  unsigned nr_minor = 0;
  unsigned nr_after = 0;
  std::size_t nr_elsewhere = 0;
};

/// Of an execution of which not all essential steps are shown.
constexpr std::size_t kFocusMax = 60;

bool is_among(const std::vector<EventId>& events, EventId event) {
  return std::find(events.begin(), events.end(), event) != events.end();
}

bool is_essential(const trace::StepRecord& step, const trace::Record& record) {
  if (step.detail == trace::Detail::Major) return true;
  if (record.violation && (step.event == record.violation->broken_at ||
                           is_among(record.violation->events, step.event))) {
    return true;
  }
  return std::any_of(step.changes.begin(), step.changes.end(), [](const trace::Change& change) {
    return change.detail == trace::Detail::Major;
  });
}

Selection select(const trace::Record& record, Steps steps) {
  Selection selection;
  bool broken = false;
  for (const trace::StepRecord& step : record.steps) {
    if (steps == Steps::All) {
      selection.shown.push_back(&step);
    } else if (broken) {
      ++selection.nr_after;
    } else if (is_essential(step, record)) {
      selection.shown.push_back(&step);
    } else {
      ++selection.nr_minor;
    }
    if (record.violation && step.event == record.violation->broken_at) broken = true;
  }
  if (steps != Steps::Focus || selection.shown.size() <= kFocusMax) return selection;
  const std::size_t nr_essential = selection.shown.size();
  selection.shown = focus(record, selection.shown, kFocusMax);
  selection.nr_elsewhere = nr_essential - selection.shown.size();
  return selection;
}

/// The CPUs that get a column, in order: those of threads, and those with a shown step.
std::vector<CpuId> columns_of(const trace::Record& record, const Selection& selection) {
  std::vector<CpuId> cpus;
  for (const trace::ThreadRecord& thread : record.threads) {
    if (!thread.interrupt) cpus.push_back(thread.cpu);
  }
  for (const trace::StepRecord* step : selection.shown) cpus.push_back(step->cpu);
  std::sort(cpus.begin(), cpus.end());
  cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
  return cpus;
}

std::vector<const trace::ThreadRecord*> threads_on(const trace::Record& record, CpuId cpu) {
  std::vector<const trace::ThreadRecord*> threads;
  for (const trace::ThreadRecord& thread : record.threads) {
    const bool named = !thread.interrupt && !thread.part_of_cpu;
    if (thread.cpu == cpu && named) threads.push_back(&thread);
  }
  return threads;
}

std::string heading_of(const trace::Record& record, CpuId cpu) {
  std::string heading = fmt::format("CPU{}", to_index(cpu));
  std::string_view separator = " ";
  for (const trace::ThreadRecord* thread : threads_on(record, cpu)) {
    heading.append(separator).append(thread->name);
    separator = ", ";
  }
  return heading;
}

std::string text_of(const trace::Record& record, const trace::StepRecord& step) {
  if (step.interrupt) return "irq: " + step.text;
  // Where several threads share a CPU the column's heading does not tell whose step it is.
  const std::size_t thread = to_index(step.thread);
  if (threads_on(record, step.cpu).size() > 1 && thread < record.threads.size()) {
    return record.threads[thread].name + ": " + step.text;
  }
  return step.text;
}

std::vector<Item> changes_of(const trace::Record& record, const trace::StepRecord& step,
                             Steps steps) {
  std::vector<Item> items;
  for (const trace::Change& change : step.changes) {
    if (steps != Steps::All && change.detail == trace::Detail::Minor) continue;
    items.push_back(
        {fmt::format("{}: {} -> {}", change.object, change.before, change.after), Emphasis::None});
  }
  for (const std::string& note : step.notes) items.push_back({"(" + note + ")", Emphasis::None});
  if (record.violation && step.event == record.violation->broken_at) {
    items.push_back(
        {fmt::format("<-- {} broken: {}", record.violation->rule, record.violation->what),
         Emphasis::Bad});
  }
  return items;
}

Table table_of(const trace::Record& record, const Selection& selection, Steps steps) {
  const std::vector<CpuId> cpus = columns_of(record, selection);
  Table table;
  table.headings.emplace_back();
  for (CpuId cpu : cpus) table.headings.push_back(heading_of(record, cpu));
  table.headings.emplace_back("what changed");
  const bool marked = record.violation && record.violation->events.size() > 1;
  for (const trace::StepRecord* step : selection.shown) {
    Row row(table.headings.size());
    const bool mark = marked && is_among(record.violation->events, step->event);
    row[0].push_back(
        {fmt::format("{}{}", to_index(step->event) + 1, !marked ? "" : (mark ? "*" : " ")),
         Emphasis::None});
    const auto cpu = std::lower_bound(cpus.begin(), cpus.end(), step->cpu);
    row[static_cast<std::size_t>(cpu - cpus.begin()) + 1].push_back(
        {text_of(record, *step), Emphasis::None});
    row.back() = changes_of(record, *step, steps);
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string not_shown(const Selection& selection) {
  std::string text;
  const auto add = [&text](std::size_t count, std::string_view one, std::string_view many) {
    if (count == 0) return;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, count == 1 ? one : many);
  };
  add(selection.nr_elsewhere, "step that is earlier, or about something else",
      "steps that are earlier, or about something else");
  add(selection.nr_minor, "minor step", "minor steps");
  add(selection.nr_after, "step after the rule is broken", "steps after the rule is broken");
  return text.empty() ? text : text + " (--all-steps shows them)";
}

std::string footer(const trace::Record& record, const Selection& selection,
                   const ColumnsOptions& options) {
  std::string out;
  const auto add = [&out, &options](std::string_view label, std::string_view text) {
    if (!text.empty()) out += paragraph(label, text, kLabelWidth, options.width);
  };
  if (record.violation) {
    if (record.violation->events.size() > 1) {
      add("*", "the steps that together break the rule");
    }
    add("why:", record.violation->why);
  } else {
    const std::string rule =
        options.only_rule.empty() ? "no rule is" : options.only_rule + " is not";
    add("verdict:", rule + " broken in this execution");
  }
  if (!options.replay.empty()) {
    out += fmt::format("{:<{}}{}\n", "replay:", kLabelWidth, replay_command(options, kLabelWidth));
  }
  add("not shown:", not_shown(selection));
  return out;
}

}  // namespace

std::string columns(const trace::Record& record, const ColumnsOptions& options) {
  const Selection selection = select(record, options.steps);
  const Table table = table_of(record, selection, options.steps);
  return draw(table, options.width, options.colour) + footer(record, selection, options);
}

std::string replay_command(const ColumnsOptions& options, unsigned label_width) {
  const std::string new_line = "\n" + std::string(label_width, ' ');
  const std::size_t room =
      options.width > label_width ? options.width - label_width : options.width;
  std::string out = options.program + " replay";
  if (!options.only_rule.empty()) out += " --rule " + options.only_rule;
  if (options.memory != "sc") out += " --memory " + options.memory;
  // The schedule may be broken after a dot. Scenario and design may not: a path may have spaces.
  std::string target = shell_quoted(options.replay);
  const std::size_t colon = target.find(':', std::min(target.rfind('@'), target.size()));
  std::size_t head = colon == std::string::npos ? target.size() : colon + 1;
  const bool fits = out.size() + 1 + head <= room;
  out += fits ? " " : " \\" + new_line;
  std::size_t used = fits ? out.size() : 0;
  while (used + target.size() > room) {
    const std::size_t dot = target.substr(0, room - used).rfind('.');
    const std::size_t cut = dot == std::string::npos || dot < head ? head : dot + 1;
    if (cut == 0 || cut >= target.size()) break;
    out += target.substr(0, cut) + new_line;
    target.erase(0, cut);
    head = used = 0;
  }
  return out + target;
}

}  // namespace mmcheck::report

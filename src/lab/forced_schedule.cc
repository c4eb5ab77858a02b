// SPDX-License-Identifier: Apache-2.0
#include "lab/forced_schedule.h"

#include <fmt/format.h>

#include <charconv>
#include <cstddef>
#include <optional>
#include <sstream>

#include "base/error.h"
#include "lab/steps.h"

namespace mmcheck::lab {
namespace {

using trace::Record;
using trace::StepRecord;

/// Steps of one thread, without another's in between.
struct Run {
  unsigned thread = 0;
  std::size_t first = 0;
  std::size_t last = 0;
};

/// Whether the thread itself makes the step, and not an interrupt on its CPU.
bool is_own(const StepRecord& step) { return !step.interrupt; }

/// Each thread of a scenario has a CPU, of the same number.
unsigned thread_of(const StepRecord& step) { return static_cast<unsigned>(step.cpu); }

std::size_t end_of_order(const Record& record) {
  if (!record.violation) return record.steps.size();
  for (std::size_t i = 0; i < record.steps.size(); ++i) {
    if (record.steps[i].event == record.violation->broken_at) return i + 1;
  }
  return record.steps.size();
}

std::vector<Run> runs_of(const Record& record, std::size_t end) {
  std::vector<Run> runs;
  for (std::size_t i = 0; i < end; ++i) {
    if (!is_own(record.steps[i])) continue;
    const unsigned thread = thread_of(record.steps[i]);
    if (runs.empty() || runs.back().thread != thread) {
      runs.push_back({.thread = thread, .first = i, .last = i});
    }
    runs.back().last = i;
  }
  return runs;
}

bool moves_after(const Record& record, const Run& run) {
  for (std::size_t i = run.last + 1; i < record.steps.size(); ++i) {
    if (is_own(record.steps[i]) && thread_of(record.steps[i]) == run.thread) return true;
  }
  return false;
}

bool is_stale(const Record& record, const Run& run) {
  for (std::size_t at = run.first; at <= run.last; ++at) {
    for (const std::string& note : record.steps[at].notes) {
      if (note.find("stale TLB entry") != std::string::npos) return true;
    }
  }
  return false;
}

std::optional<std::size_t> last_known_step(const Record& record, const Run& run) {
  for (std::size_t at = run.last + 1; at-- > run.first;) {
    if (is_own(record.steps[at]) && StepTable::has(record.steps[at].text)) return at;
  }
  return std::nullopt;
}

/// How many steps, from the first to the last of these, are of the kind of the last.
unsigned count_alike(const Record& record, unsigned thread, std::size_t first, std::size_t last) {
  unsigned count = 0;
  for (std::size_t at = first; at <= last; ++at) {
    const StepRecord& step = record.steps[at];
    if (is_own(step) && thread_of(step) == thread &&
        StepTable::is_alike(step.text, record.steps[last].text)) {
      ++count;
    }
  }
  return count;
}

[[noreturn]] void refuse(const std::string& word) {
  throw InputError(
      fmt::format("'{}': expected THREAD, ~THREAD, THREAD#STATEMENTS, THREAD@FUNCTION, "
                  "THREAD@FUNCTION+, or one "
                  "of these two with *CALL behind it; numbers are from 1",
                  word));
}

unsigned parse_number(std::string_view digits, const std::string& word) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || number == 0) refuse(word);
  return number;
}

Segment parse_segment(const std::string& word, const workload::Scenario& scenario) {
  const std::size_t end = std::min(word.find_first_of("@#"), word.size());
  Segment segment;
  segment.stale = word.starts_with('~');
  const std::size_t begin = segment.stale ? 1 : 0;
  const std::string name = word.substr(begin, end - begin);
  while (segment.thread < scenario.threads.size() &&
         scenario.threads[segment.thread].name != name) {
    ++segment.thread;
  }
  if (segment.thread == scenario.threads.size()) {
    throw InputError(fmt::format("'{}': the scenario has no thread {}", word, name));
  }
  if (end == word.size()) return segment;
  std::string rest = word.substr(end + 1);
  if (word[end] == '#') {
    segment.stop = {.kind = Stop::Kind::Statement, .statements = parse_number(rest, word)};
    return segment;
  }
  if (const std::size_t star = rest.find('*'); star != std::string::npos) {
    segment.stop.time = parse_number(std::string_view(rest).substr(star + 1), word);
    rest.resize(star);
  }
  segment.stop.kind = rest.ends_with('+') ? Stop::Kind::Return : Stop::Kind::Entry;
  if (rest.ends_with('+')) rest.pop_back();
  if (rest.empty()) refuse(word);
  segment.stop.function = rest;
  return segment;
}

}  // namespace

std::string to_string(const Stop& stop) {
  switch (stop.kind) {
    case Stop::Kind::End:
      return {};
    case Stop::Kind::Statement:
      return fmt::format("#{}", stop.statements);
    case Stop::Kind::Entry:
    case Stop::Kind::Return:
      break;
  }
  return fmt::format("@{}{}{}", stop.function, stop.kind == Stop::Kind::Return ? "+" : "",
                     stop.time == 1 ? std::string() : fmt::format("*{}", stop.time));
}

std::string to_string(const ForcedSchedule& schedule) {
  std::string text;
  for (const Segment& segment : schedule.segments) {
    text += fmt::format("{}{}P{}{}", text.empty() ? "" : " ", segment.stale ? "~" : "",
                        segment.thread, to_string(segment.stop));
  }
  return text;
}

ForcedSchedule parse_forced_schedule(const std::string& text, const workload::Scenario& scenario) {
  ForcedSchedule schedule;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    schedule.segments.push_back(parse_segment(word, scenario));
  }
  if (schedule.segments.empty()) throw InputError("an order names at least one thread");
  return schedule;
}

ForcedSchedule derive(const Record& record, const workload::Scenario& scenario,
                      const StepTable& table) {
  ForcedSchedule schedule;
  std::vector<std::size_t> from(scenario.threads.size(), 0);  // where the thread was held last
  for (const Run& run : runs_of(record, end_of_order(record))) {
    if (run.thread >= scenario.threads.size()) continue;
    Segment segment{.thread = run.thread, .stop = {}, .stale = is_stale(record, run)};
    if (moves_after(record, run)) {
      const auto at = last_known_step(record, run);
      // A thread that has not come to any place that is known might as well not have moved.
      if (!at) continue;
      const StepPlace place = table.place_after(record.steps[*at].text);
      segment.stop = place.stop;
      segment.remark = place.remark;
      if (place.per_step)
        segment.stop.time = count_alike(record, run.thread, from[run.thread], *at);
      from[run.thread] = *at + 1;
    }
    schedule.segments.push_back(std::move(segment));
  }
  return schedule;
}

}  // namespace mmcheck::lab

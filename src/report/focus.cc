// SPDX-License-Identifier: Apache-2.0
#include "report/focus.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

namespace mmcheck::report {

namespace {

/// "page 0.dirty" is about "page 0".
std::string subject_of(const std::string& object) { return object.substr(0, object.find('.')); }

/// Not within a longer word or number.
bool speaks_of(std::string_view text, std::string_view subject) {
  for (std::size_t at = text.find(subject); at != std::string_view::npos;
       at = text.find(subject, at + 1)) {
    const auto is_word = [&](std::size_t i) {
      return i < text.size() && std::isalnum(static_cast<unsigned char>(text[i])) != 0;
    };
    if (!is_word(at + subject.size()) && (at == 0 || !is_word(at - 1))) return true;
  }
  return false;
}

bool speaks_of(const trace::StepRecord& step, const std::vector<std::string>& subjects) {
  return std::ranges::any_of(subjects, [&](const std::string& subject) {
    return speaks_of(step.text, subject) ||
           std::ranges::any_of(step.changes, [&](const trace::Change& change) {
             return speaks_of(change.object, subject);
           });
  });
}

bool is_marked(const trace::Record& record, const trace::StepRecord& step) {
  const trace::ViolationRecord& violation = *record.violation;
  return step.event == violation.broken_at || std::ranges::count(violation.events, step.event) != 0;
}

}  // namespace

std::vector<const trace::StepRecord*> focus(const trace::Record& record,
                                            const std::vector<const trace::StepRecord*>& steps,
                                            std::size_t steps_max) {
  std::vector<std::string> subjects;
  if (record.violation) {
    for (const trace::StepRecord& step : record.steps) {
      if (!is_marked(record, step)) continue;
      for (const trace::Change& change : step.changes)
        subjects.push_back(subject_of(change.object));
    }
  }
  std::vector<const trace::StepRecord*> kept;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    const bool marked = record.violation && is_marked(record, **step);
    const bool fits = kept.size() < steps_max && (subjects.empty() || speaks_of(**step, subjects));
    if (marked || fits) kept.push_back(*step);
  }
  std::ranges::reverse(kept);
  return kept;
}

}  // namespace mmcheck::report

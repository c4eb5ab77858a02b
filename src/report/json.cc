// SPDX-License-Identifier: Apache-2.0
#include "report/json.h"

#include <nlohmann/json.hpp>
#include <optional>

namespace mmcheck::report {
namespace {

using Json = nlohmann::ordered_json;

/// Names come from the user's files: bytes that are not UTF-8 must not end the program.
std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json number_or_null(const std::optional<std::uint64_t>& number) {
  return number ? Json(*number) : Json();
}

Json met_of(Met met) { return met == Met::Unknown ? Json() : Json(met == Met::Yes); }

Json expected_of(const std::optional<Expectation>& expected) {
  if (!expected) return {};
  return {{"verdict", to_string(expected->outcome)}, {"rule", text_or_null(expected->rule)}};
}

Json counterexample_of(const std::optional<Counterexample>& example) {
  if (!example) return {};
  return {{"steps", example->steps},
          {"context_switches", example->context_switches},
          {"minimality", to_string(example->minimality)},
          {"searched", example->searched}};
}

Json guarantee_of(const std::optional<Guarantee>& guarantee) {
  if (!guarantee) return {};
  return {{"threads", guarantee->threads},
          {"steps", guarantee->steps},
          {"depth", guarantee->depth},
          {"per_execution", guarantee->per_execution},
          {"in_all", guarantee->in_all}};
}

Json sample_of(const std::optional<Sample>& sample) {
  if (!sample) return {};
  const std::optional<Estimate>& schedules = sample->schedules;
  return {{"classes", sample->classes},
          {"classes_at_least", sample->classes_at_least},
          {"next_is_new", sample->next_is_new},
          {"schedules", schedules ? Json(schedules->value) : Json()},
          {"schedules_error", schedules ? Json(schedules->error) : Json()},
          {"guarantee", guarantee_of(sample->guarantee)}};
}

Json bounds_of(const Bounds& bounds) {
  return {{"executions_max", number_or_null(bounds.executions_max)},
          {"steps_max", bounds.steps_max},
          {"preemptions_max", number_or_null(bounds.preemptions_max)},
          {"depth", number_or_null(bounds.depth)}};
}

Json condition_of(const std::optional<Condition>& condition) {
  if (!condition) return {};
  return {
      {"quantifier", condition->quantifier}, {"text", condition->text}, {"held", condition->held}};
}

std::string_view to_string(trace::Detail detail) {
  return detail == trace::Detail::Major ? "major" : "minor";
}

std::uint32_t number_of(EventId event) { return to_index(event) + 1; }

Json step_of(const trace::StepRecord& step) {
  Json changes = Json::array();
  for (const trace::Change& change : step.changes) {
    changes.push_back({{"object", change.object},
                       {"before", change.before},
                       {"after", change.after},
                       {"detail", to_string(change.detail)}});
  }
  return {{"step", number_of(step.event)},    {"thread", to_index(step.thread)},
          {"cpu", to_index(step.cpu)},        {"text", step.text},
          {"detail", to_string(step.detail)}, {"interrupt", step.interrupt},
          {"changes", std::move(changes)},    {"notes", step.notes}};
}

Json violation_of(const std::optional<trace::ViolationRecord>& violation) {
  if (!violation) return {};
  Json steps = Json::array();
  for (EventId event : violation->events) steps.push_back(number_of(event));
  return {{"rule", violation->rule},
          {"what", violation->what},
          {"why", violation->why},
          {"broken_at", number_of(violation->broken_at)},
          {"steps", std::move(steps)}};
}

}  // namespace

std::string to_json(const Verdict& verdict) {
  const Json schedule =
      verdict.counterexample ? Json(trace::encode(verdict.counterexample->schedule)) : Json();
  return line_of({{"schema", kResultSchema},
                  {"scenario", verdict.scenario},
                  {"file", verdict.file},
                  {"design", verdict.design},
                  {"verdict", to_string(verdict.outcome)},
                  {"rule", text_or_null(verdict.rule)},
                  {"executions", verdict.executions},
                  {"blocked", verdict.blocked},
                  {"complete", verdict.complete},
                  {"steps", verdict.steps},
                  {"seconds", verdict.seconds},
                  {"schedule", schedule},
                  {"replay", text_or_null(verdict.replay)},
                  {"counterexample", counterexample_of(verdict.counterexample)},
                  {"expected", expected_of(verdict.expected)},
                  {"met", met_of(verdict.met)},
                  {"vacuous", verdict.vacuous},
                  {"condition", condition_of(verdict.condition)},
                  {"only_rule", text_or_null(verdict.only_rule)},
                  {"memory", verdict.memory},
                  {"strategy", verdict.strategy},
                  {"seed", number_or_null(verdict.seed)},
                  {"bounds", bounds_of(verdict.bounds)},
                  {"coverage", to_string(verdict.coverage)},
                  {"preemptions", number_or_null(verdict.preemptions)},
                  {"sample", sample_of(verdict.sample)}});
}

std::string to_json(const trace::Record& record, const RecordOrigin& origin) {
  Json threads = Json::array();
  for (const trace::ThreadRecord& thread : record.threads) {
    threads.push_back(
        {{"name", thread.name}, {"cpu", to_index(thread.cpu)}, {"interrupt", thread.interrupt}});
  }
  Json steps = Json::array();
  for (const trace::StepRecord& step : record.steps) steps.push_back(step_of(step));
  return line_of({{"schema", kTraceSchema},
                  {"scenario", origin.scenario},
                  {"file", origin.file},
                  {"design", origin.design},
                  {"only_rule", text_or_null(origin.only_rule)},
                  {"memory", origin.memory},
                  {"schedule", trace::encode(record.schedule)},
                  {"threads", std::move(threads)},
                  {"steps", std::move(steps)},
                  {"violation", violation_of(record.violation)}});
}

}  // namespace mmcheck::report

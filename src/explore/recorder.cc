// SPDX-License-Identifier: Apache-2.0
#include "explore/recorder.h"

#include <algorithm>

namespace mmcheck::explore {

void Recorder::add_thread(std::string_view name, CpuId cpu, bool interrupt) {
  record_.threads.push_back({.name = std::string(name), .cpu = cpu, .interrupt = interrupt});
}

void Recorder::begin_step(ThreadId thread, std::uint64_t label, const trace::StepText& text) {
  const trace::ThreadRecord& of = record_.threads[to_index(thread)];
  record_.schedule.push_back({.thread = thread, .alternative = label});
  trace::StepRecord step;
  step.event = EventId{static_cast<std::uint32_t>(record_.steps.size())};
  step.thread = thread;
  step.cpu = of.cpu;
  step.detail = text.detail;
  step.interrupt = of.interrupt;
  record_.steps.push_back(std::move(step));
  // Copied, because the announcing function's argument is gone once the step is under way; and not
  // rendered yet, because the step may give names.
  text_ = text;
}

void Recorder::end_step(std::span<const LoggedAccess> accesses, const std::uint64_t* words) {
  trace::StepRecord& step = record_.steps.back();
  step.text = trace::render(names_, text_);
  for (const LoggedAccess& logged : accesses) {
    const StepAccess& access = logged.use;
    const trace::ObjectText& object = objects_[to_index(access.object)];
    if (access.delta == 0 || object.value == nullptr) continue;
    std::uint64_t after = words[to_index(access.object)];
    trace::Change change;
    change.object = trace::render(names_, object);
    object.value(names_, after - access.delta, change.before);
    object.value(names_, after, change.after);
    change.detail = object.detail;
    step.changes.push_back(std::move(change));
  }
}

void Recorder::note(const trace::StepText& text) {
  if (!record_.steps.empty()) record_.steps.back().notes.push_back(trace::render(names_, text));
}

void Recorder::attribute_to(CpuId cpu) {
  if (record_.steps.empty()) return;
  record_.steps.back().cpu = cpu;
  record_.steps.back().interrupt = false;
}

void Recorder::violate(const trace::Violation& violation, EventId reporter) {
  trace::ViolationRecord record;
  record.rule = violation.rule;
  record.what = trace::render(names_, violation.what);
  record.why = violation.why;
  record.broken_at = broken_at(violation, reporter);
  for (EventId event : violation.events) {
    if (event != kNoEvent) record.events.push_back(event);
  }
  if (record.events.empty() && record.broken_at != kNoEvent) {
    record.events.push_back(record.broken_at);
  }
  std::sort(record.events.begin(), record.events.end());
  record_.violation = std::move(record);
}

std::string Recorder::object_name(ObjectId object) const {
  return trace::render(names_, objects_[to_index(object)]);
}

EventId broken_at(const trace::Violation& violation, EventId reporter) {
  EventId last = kNoEvent;
  for (EventId event : violation.events) {
    if (event != kNoEvent && (last == kNoEvent || event > last)) last = event;
  }
  return last == kNoEvent ? reporter : last;
}

}  // namespace mmcheck::explore

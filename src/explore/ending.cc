// SPDX-License-Identifier: Apache-2.0
// How executions end: complete, broken, or stuck.
#include <algorithm>
#include <bit>

#include "explore/engine.h"

namespace mmcheck::explore {

Ending Engine::conclude() {
  if (violated()) {
    // Reported by a thread or handler.
  } else if (enabled() != 0 && !program_.endless()) {
    report_no_progress();
  } else if (std::uint32_t blocked = unfinished() & ~daemons_; enabled() == 0 && blocked != 0) {
    report_deadlock(blocked);
  } else {
    phase_ = Phase::Finish;
    reset_accesses();
    reached_finish_ = true;
    program_.finished(execution_);
  }
  if (violated() && recorder_) recorder_->violate(reported_->violation, reported_->reporter);
  phase_ = Phase::Idle;
  return violated() ? Ending::Violated : Ending::Complete;
}

void Engine::report(const trace::Violation& violation) {
  if (violated()) return;  // the first one counts
  bool by_step = phase_ == Phase::Running;
  EventId last = nr_steps_ == 0 ? kNoEvent : EventId{nr_steps_ - 1};
  reported_ = Reported{.violation = violation,
                       .reporter = by_step ? EventId{nr_steps_} : last,
                       .ended_by_step = by_step};
  if (options_.nameless) std::ranges::fill(reported_->violation.events, kNoEvent);
}

void Engine::report_deadlock(std::uint32_t blocked) {
  stuck_text_ = recorder_ ? deadlock_text(blocked) : "deadlock";
  trace::Violation violation{.rule = "R-LIVE",
                             .what = {.format = stuck_text_},
                             .why = "each waits for what only another one of them could do"};
  // No steps are named: all that happened led here.
  EventId last = nr_steps_ == 0 ? kNoEvent : EventId{nr_steps_ - 1};
  reported_ = Reported{.violation = violation, .reporter = last};
}

std::string Engine::deadlock_text(std::uint32_t blocked) const {
  std::string text = "deadlock: ";
  const char* separator = "";
  for (std::uint32_t rest = blocked; rest != 0; rest &= rest - 1) {
    const Thread& thread = threads_[std::countr_zero(rest)];
    text += separator;
    text += thread.name;
    text += " waits for ";
    text += recorder_->object_name(thread.guard[0].object);
    text += " at ";
    text += trace::render(recorder_->names(), *thread.text);
    separator = ", ";
  }
  return text;
}

void Engine::report_no_progress() {
  stuck_text_ = "no progress: the limit of steps is reached";
  if (recorder_ && !recorder_->record().steps.empty()) {
    stuck_text_ += "; the last step is " + recorder_->record().steps.back().text + " of ";
    stuck_text_ += threads_[current_].name;
  }
  trace::Violation violation{.rule = "R-LIVE",
                             .what = {.format = stuck_text_},
                             .why = "a loop must wait for what it needs with a guard"};
  EventId last = nr_steps_ == 0 ? kNoEvent : EventId{nr_steps_ - 1};
  reported_ = Reported{.violation = violation, .reporter = last};
}

}  // namespace mmcheck::explore

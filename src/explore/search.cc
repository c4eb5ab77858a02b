// SPDX-License-Identifier: Apache-2.0
#include "explore/search.h"

#include <algorithm>
#include <utility>

#include "explore/recorder.h"
#include "explore/straighten.h"

namespace mmcheck::explore {

namespace {
/// Identities are kept only to save work, so there is no need to keep all.
constexpr std::size_t kIdentitiesMax = 1u << 20;
/// Often enough for a status line, and too seldom to cost anything.
constexpr std::uint64_t kExecutionsPerReport = 1024;

bool before(const trace::Schedule& a, const trace::Schedule& b) {
  return std::lexicographical_compare(
      a.begin(), a.end(), b.begin(), b.end(), [](const trace::Choice& x, const trace::Choice& y) {
        return std::pair(x.thread, x.alternative) < std::pair(y.thread, y.alternative);
      });
}

}  // namespace

Tally::Tally(Program& program, const Options& options, const OutcomeFunction& on_outcome,
             const EndFunction& on_end)
    : program_(program), options_(options), on_outcome_(on_outcome), on_end_(on_end) {}

bool Tally::ended(Engine& engine, const trace::Schedule& schedule) {
  Ending ending = engine.conclude();
  ++result_.executions;
  if (on_outcome_ && engine.reached_finish()) on_outcome_(engine.outcome_hash());
  if (on_end_) on_end_(engine, ending);
  if (fraction_ && result_.executions % kExecutionsPerReport == 0) tell_progress();
  if (ending == Ending::Complete) return true;
  if (schedule.empty() && engine.log().size() != 0) {
    consider_log(engine);
  } else {
    consider(engine, schedule);
  }
  return options_.on_violation == OnViolation::Continue;
}

void Tally::tell_progress() const {
  if (!options_.on_progress) return;
  options_.on_progress(
      {.executions = result_.executions, .blocked = result_.blocked, .fraction = fraction_()});
}

bool Tally::better(unsigned context_switches, unsigned steps,
                   const trace::Schedule* schedule) const {
  if (!result_.counterexample) return true;
  const Counterexample& best = *result_.counterexample;
  if (context_switches != best.context_switches) return context_switches < best.context_switches;
  if (steps != best.steps) return steps < best.steps;
  // Any order will do, as long as what is best does not depend on what was found first.
  return schedule != nullptr && before(*schedule, best.schedule);
}

/// Whether nothing with at least as many switches, and as many steps if those are equal, is better.
bool Tally::worse(unsigned context_switches, unsigned steps) const {
  if (!result_.counterexample) return false;
  const Counterexample& best = *result_.counterexample;
  if (context_switches != best.context_switches) return context_switches > best.context_switches;
  return steps > best.steps;
}

void Tally::consider_log(const Engine& engine) {
  const Reported& reported = *engine.reported();
  StraightBound bound = straight_bound(engine.log(), reported);
  if (worse(bound.context_switches, bound.steps)) return;
  if (seen_.size() < kIdentitiesMax && !seen_.insert(bound.identity).second) return;
  Straightened straight = straighten_log(engine.log(), reported);
  if (!better(straight.context_switches, straight.steps, &straight.schedule)) return;
  result_.counterexample = Counterexample{.rule = std::string(reported.violation.rule),
                                          .schedule = std::move(straight.schedule),
                                          .context_switches = straight.context_switches,
                                          .steps = straight.steps};
}

void Tally::consider(const Engine& engine, const trace::Schedule& schedule) {
  const Reported& reported = *engine.reported();
  EventId broken = broken_at(reported.violation, reported.reporter);
  unsigned steps = broken == kNoEvent ? 0 : to_index(broken) + 1;
  unsigned context_switches = count_context_switches(schedule, steps);
  if (!better(context_switches, steps, &schedule)) return;
  straightened_ = false;
  result_.counterexample = Counterexample{.rule = std::string(reported.violation.rule),
                                          .schedule = schedule,
                                          .context_switches = context_switches,
                                          .steps = steps};
}

void Tally::absorb(Result other) {
  result_.executions += other.executions;
  result_.blocked += other.blocked;
  result_.steps += other.steps;
  if (!other.counterexample) return;
  if (!better(other.counterexample->context_switches, other.counterexample->steps,
              &other.counterexample->schedule)) {
    return;
  }
  result_.counterexample = std::move(other.counterexample);
}

void Tally::straighten_best() {
  if (!found() || straightened_ || program_.endless()) return;
  Counterexample& best = *result_.counterexample;
  if (auto straight = straighten_schedule(program_, best.schedule, best.rule)) {
    best.schedule = std::move(straight->schedule);
    best.context_switches = straight->context_switches;
    best.steps = straight->steps;
  }
}

Result Tally::finish(bool visited_all) {
  bool stopped_at_violation = found() && options_.on_violation == OnViolation::Stop;
  return finish(visited_all || stopped_at_violation ? Coverage::Complete : Coverage::CutShort);
}

Result Tally::finish(Coverage coverage) {
  straighten_best();
  result_.coverage = coverage;
  result_.complete = coverage == Coverage::Complete;
  return std::move(result_);
}

}  // namespace mmcheck::explore

// SPDX-License-Identifier: Apache-2.0
// Runs one schedule: for the record, or for its order.
#include <algorithm>
#include <bit>
#include <string>

#include "base/error.h"
#include "explore/engine.h"
#include "explore/explorer.h"
#include "explore/recorder.h"
#include "explore/straighten.h"

namespace mmcheck::explore {

namespace {

[[noreturn]] void refuse(std::size_t position, const std::string& why) {
  throw InputError("schedule: choice " + std::to_string(position + 1) + ": " + why);
}

void check(Engine& engine, std::size_t position, const trace::Choice& choice) {
  unsigned thread = to_index(choice.thread);
  std::string name = "thread " + std::to_string(thread);
  if (thread >= engine.nr_threads()) refuse(position, "there is no " + name);
  if (((engine.enabled() >> thread) & 1u) == 0) refuse(position, name + " cannot move");
  std::uint64_t labels[Alternatives::kMax];
  unsigned nr_labels = engine.list(thread, labels);
  if (std::find(labels, labels + nr_labels, choice.alternative) == labels + nr_labels) {
    refuse(position, name + " has no alternative " + std::to_string(choice.alternative));
  }
}

Ending run_schedule(Engine& engine, const trace::Schedule& schedule) {
  engine.begin();
  for (std::size_t i = 0; !engine.violated() && !engine.at_step_limit(); ++i) {
    std::uint32_t enabled = engine.enabled();
    if (enabled == 0) break;
    trace::Choice choice;
    if (i < schedule.size()) {
      choice = schedule[i];
      check(engine, i, choice);
    } else {
      auto thread = static_cast<unsigned>(std::countr_zero(enabled));
      std::uint64_t labels[Alternatives::kMax];
      engine.list(thread, labels);
      choice = {.thread = ThreadId{static_cast<std::uint8_t>(thread)}, .alternative = labels[0]};
    }
    engine.run(to_index(choice.thread), choice.alternative);
    engine.append_step();
  }
  if (engine.nr_steps() < schedule.size()) refuse(engine.nr_steps(), "the execution has ended");
  return engine.conclude();
}

/// A schedule may be longer than executions of the default options are.
std::uint64_t steps_max_for(const trace::Schedule& schedule) {
  return std::max<std::uint64_t>(schedule.size(), Options{}.steps_max);
}

bool breaks(Program& program, const trace::Schedule& schedule, std::string_view rule) {
  Engine engine(program, {.steps_max = steps_max_for(schedule)});
  try {
    run_schedule(engine, schedule);
  } catch (const InputError&) {
    return false;
  }
  return engine.violated() && engine.reported()->violation.rule == rule;
}

}  // namespace

trace::Record replay(Program& program, const trace::Schedule& schedule) {
  Engine engine(program, {.recording = true, .steps_max = steps_max_for(schedule)});
  run_schedule(engine, schedule);
  return engine.recorder().take_record();
}

std::optional<Straightened> straighten_schedule(Program& program, const trace::Schedule& schedule,
                                                std::string_view rule) {
  Engine engine(program, {.steps_max = steps_max_for(schedule)});
  try {
    run_schedule(engine, schedule);
  } catch (const InputError&) {
    return std::nullopt;
  }
  if (!engine.violated() || engine.reported()->violation.rule != rule) return std::nullopt;
  Straightened straight = straighten_log(engine.log(), *engine.reported());
  // A program may promise less than it should about what its steps depend on; then the original
  // schedule is worth more than a straight one that shows nothing.
  if (!breaks(program, straight.schedule, rule)) return std::nullopt;
  return straight;
}

trace::Schedule straighten(Program& program, const trace::Schedule& schedule) {
  std::string rule;
  {
    Engine engine(program, {.steps_max = steps_max_for(schedule)});
    if (run_schedule(engine, schedule) != Ending::Violated) return schedule;
    rule = engine.reported()->violation.rule;
  }
  std::optional<Straightened> straight = straighten_schedule(program, schedule, rule);
  if (straight) return std::move(straight->schedule);
  return schedule;
}

}  // namespace mmcheck::explore

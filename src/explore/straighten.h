// SPDX-License-Identifier: Apache-2.0
// Among the schedules of one equivalence class, the one that is easiest to read.
#pragma once

#include <optional>
#include <string_view>

#include "explore/engine.h"
#include "trace/schedule.h"

namespace mmcheck::explore {

struct Straightened {
  trace::Schedule schedule;
  unsigned context_switches = 0;  ///< up to the step that breaks the rule
  unsigned steps = 0;             ///< up to the step that breaks the rule
  bool exact = true;              ///< no schedule of the class has fewer context switches
};

/// Two consecutive steps of different threads make one context switch.
unsigned count_context_switches(const trace::Schedule& schedule, std::size_t nr_steps);

/// The execution in the log broke a rule. `states_max` bounds the exact search, beyond which a
/// greedy one does.
Straightened straighten_log(const TraceLog& log, const Reported& reported,
                            std::size_t states_max = 200'000);

/// No schedule of the class has fewer context switches than this, nor other than `steps` steps.
struct StraightBound {
  unsigned context_switches = 0;
  unsigned steps = 0;
  std::uint64_t identity = 0;  ///< equal when all that happens before the violation is equal
};
StraightBound straight_bound(const TraceLog& log, const Reported& reported);

/// Replays the schedule and straightens it; nothing if either way the rule is not broken.
std::optional<Straightened> straighten_schedule(Program& program, const trace::Schedule& schedule,
                                                std::string_view rule);

}  // namespace mmcheck::explore

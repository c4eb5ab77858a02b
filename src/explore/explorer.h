// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "explore/execution.h"
#include "trace/record.h"
#include "trace/schedule.h"

namespace mmcheck::explore {

enum class Strategy : std::uint8_t {
  Naive,    ///< every schedule
  Dpor,     ///< one of each class of equivalent ones
  Bounded,  ///< every schedule with few preemptions: one of each class of equivalent ones
  Random,   ///< a sample: each thread and alternative as likely as every other
  Pct,      ///< a sample: random priorities that change at random steps
};

enum class OnViolation : std::uint8_t {
  Stop,      ///< end the search at the first violation
  Continue,  ///< search on for one with fewer context switches, then fewer steps
};

/// How far a search is.
struct Progress {
  std::uint64_t executions = 0;
  std::uint64_t blocked = 0;
  double fraction = 0;  ///< of the space, estimated; 0: not known
};

struct Options {
  Strategy strategy = Strategy::Dpor;
  OnViolation on_violation = OnViolation::Stop;
  std::uint64_t executions_max = ~std::uint64_t{0};
  std::uint64_t steps_max = 10'000;  ///< of one execution; more is reported as lack of progress
  unsigned preemptions_max = 2;      ///< Bounded
  unsigned depth = 3;                ///< Pct: of the bugs that it is to find; at least 1
  std::uint64_t seed = 1;            ///< Random, Pct
  /// Called now and then, on the thread that searches.
  std::function<void(const Progress&)> on_progress{};
};

struct Counterexample {
  std::string rule;
  trace::Schedule schedule;
  unsigned context_switches = 0;  ///< up to the step that breaks the rule
  unsigned steps = 0;             ///< up to the step that breaks the rule
};

/// What a search that ran as it was asked to has seen of the space.
enum class Coverage : std::uint8_t {
  Complete,  ///< every class was visited, or a complete search ended at a violation
  Bounded,   ///< every schedule within a number of preemptions; or a violation ended that search
  Sampled,   ///< a number of executions drawn at random
  CutShort,  ///< less than was asked for
};

/// An estimate and its standard error.
struct Estimate {
  double value = 0;
  double error = 0;
};

/// A chance that a sample is known to have had.
struct Guarantee {
  unsigned threads = 0;     ///< n
  std::uint64_t steps = 0;  ///< k: of the longest execution that was seen
  unsigned depth = 0;       ///< d
  double per_execution = 0;
  double in_all = 0;
};

/// What a sample says about the whole.
struct Sample {
  std::uint64_t classes = 0;           ///< that were seen
  double classes_at_least = 0;         ///< an estimate, from below, of how many there are
  double next_is_new = 0;              ///< estimated: that one more execution is of a new class
  std::optional<Estimate> schedules;   ///< Random: how many there are
  std::optional<Guarantee> guarantee;  ///< Pct
};

struct Result {
  std::uint64_t executions = 0;  ///< complete ones, and the one that violates
  std::uint64_t blocked = 0;     ///< cut short because an equivalent one was searched already
  std::uint64_t steps = 0;       ///< over all executions
  bool complete = false;         ///< coverage == Coverage::Complete
  Coverage coverage = Coverage::CutShort;
  /// Bounded: all schedules with at most so many preemptions are searched. None: not even those
  /// without any.
  std::optional<unsigned> preemptions{};
  std::optional<Sample> sample{};  ///< Random, Pct
  std::optional<Counterexample> counterexample{};
};

/// Called after each complete execution, with the hash of its outcome() values.
using OutcomeFunction = std::function<void(std::uint64_t outcome_hash)>;

/// Searches the program's executions. Deterministic in (program, options).
Result explore(Program& program, const Options& options, const OutcomeFunction& on_outcome = {});

/// Runs one schedule and records it. A schedule that ends early is continued with the
/// first thread that can move. Throws InputError, naming the position, if a choice is not possible.
trace::Record replay(Program& program, const trace::Schedule& schedule);

/// A schedule of the same equivalence class (same order of dependent steps, hence the same
/// violation) with the fewest context switches before the rule is broken; steps that do not happen
/// before any of the steps that break the rule come after them.
trace::Schedule straighten(Program& program, const trace::Schedule& schedule);

}  // namespace mmcheck::explore

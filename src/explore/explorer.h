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

class StepCoverage;

enum class Strategy : std::uint8_t {
  Naive,     ///< every schedule
  Dpor,      ///< one of each class of equivalent ones
  Bounded,   ///< every schedule with few preemptions: one of each class of equivalent ones
  Random,    ///< a sample: each thread and alternative as likely as every other
  Pct,       ///< a sample: random priorities that change at random steps
  Stateful,  ///< every state once. Of programs that are rewindable() only
};

enum class OnViolation : std::uint8_t {
  Stop,      ///< end the search at the first violation
  Continue,  ///< search on for one with fewer context switches, then fewer steps
};

/// How far a search is.
struct Progress {
  std::uint64_t executions = 0;
  std::uint64_t blocked = 0;
  double fraction = 0;  ///< of the space, estimated; 0 if unknown
};

/// Saving a search now and then, and taking it up again. Of the strategy dpor only.
struct Checkpoints {
  std::function<bool()> due;  ///< asked now and then: whether a state should be saved
  std::function<void(const std::string& state)> save;
  std::string resume;  ///< a state to go on from, or empty. Throws InputError if it is not one
};

struct Options {
  Strategy strategy = Strategy::Dpor;
  OnViolation on_violation = OnViolation::Stop;
  std::uint64_t executions_max = ~std::uint64_t{0};
  std::uint64_t steps_max = 10'000;  ///< of one execution; more is reported as lack of progress
  std::uint64_t states_max = 100'000'000;  ///< Stateful; 3 GB, and half more while the table grows
  unsigned preemptions_max = 2;            ///< Bounded: at most 250
  unsigned depth = 3;                      ///< Pct: of the bugs that it is to find; at least 1
  std::uint64_t seed = 1;                  ///< Random, Pct
  /// How many threads search at a time. More than one need more programs: see ProgramFactory. What
  /// is found does not depend on it; how many executions are cut short may.
  unsigned jobs = 1;
  std::function<void(const Progress&)> on_progress = {};  ///< called now and then
  Checkpoints checkpoints = {};
  /// Gathers the steps that are made; costs little. With one job only, and not of the strategy
  /// naive.
  StepCoverage* coverage = nullptr;
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

/// Of a search that remembers states.
struct States {
  std::uint64_t states = 0;
  std::uint64_t transitions = 0;  ///< steps, those that led to a known state among them
  /// At most so likely are two of the states to be taken for one, and what follows missed: states
  /// are known by hashes of 128 bits.
  double missed = 0;
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
  std::optional<States> states{};  ///< Stateful. Its `executions` are final states and violations
  std::optional<Counterexample> counterexample{};
};

/// Called after each complete execution, with the hash of its outcome() values. Called by several
/// threads, one at a time, if there is more than one job.
using OutcomeFunction = std::function<void(std::uint64_t outcome_hash)>;

/// Makes another program like the first one, for another thread.
using ProgramFactory = std::function<std::unique_ptr<Program>()>;

/// Searches the program's executions. Deterministic in (program, options).
Result explore(Program& program, const Options& options, const OutcomeFunction& on_outcome = {});

/// The same on several threads. At the end, `program` knows the findings of all.
Result explore(Program& program, const ProgramFactory& more_programs, const Options& options,
               const OutcomeFunction& on_outcome = {});

/// Runs one schedule and records it. A schedule that ends early is continued with the
/// first thread that can move. Throws InputError, naming the position, if a choice is not possible.
trace::Record replay(Program& program, const trace::Schedule& schedule);

/// Called after each step, with the thread that made it.
using StepFunction = std::function<void(ThreadId)>;

/// Runs one execution, the first thread that can move first, without search and record: so it may
/// have far more words and steps than what is explored. Throws InternalError if it breaks a rule.
void run_once(Program& program, const StepFunction& on_step);

/// A schedule of the same equivalence class (same order of dependent steps, hence the same
/// violation) with the fewest context switches before the rule is broken; steps that do not happen
/// before any of the steps that break the rule come after them.
trace::Schedule straighten(Program& program, const trace::Schedule& schedule);

}  // namespace mmcheck::explore

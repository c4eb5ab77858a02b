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

enum class Strategy : std::uint8_t { Naive, Dpor, Random };

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
  std::uint64_t seed = 1;            ///< of the random strategy
  /// How many threads search at a time. More than one need more programs: see ProgramFactory. What
  /// is found does not depend on it; how many executions are cut short may.
  unsigned jobs = 1;
  std::function<void(const Progress&)> on_progress = {};  ///< called now and then
  Checkpoints checkpoints = {};
};

struct Counterexample {
  std::string rule;
  trace::Schedule schedule;
  unsigned context_switches = 0;  ///< up to the step that breaks the rule
  unsigned steps = 0;             ///< up to the step that breaks the rule
};

struct Result {
  std::uint64_t executions = 0;  ///< complete ones, and the one that violates
  std::uint64_t blocked = 0;     ///< cut short because an equivalent one was searched already
  std::uint64_t steps = 0;       ///< over all executions
  bool complete = false;         ///< every class was visited, or the search ended at a violation
  std::optional<Counterexample> counterexample;
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

/// A schedule of the same equivalence class (same order of dependent steps, hence the same
/// violation) with the fewest context switches before the rule is broken; steps that do not happen
/// before any of the steps that break the rule come after them.
trace::Schedule straighten(Program& program, const trace::Schedule& schedule);

}  // namespace mmcheck::explore

// SPDX-License-Identifier: Apache-2.0
// The result of checking one scenario under one design, as every report takes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trace/schedule.h"

namespace mmcheck::report {

enum class Outcome : std::uint8_t {
  Held,        ///< in all executions
  Violated,    ///< in at least one
  Incomplete,  ///< not in those that were searched before the search was cut short
  Bounded,     ///< not in any with at most so many preemptions; more were not asked for
  Sampled,     ///< not in a random sample
};

std::string_view to_string(Outcome outcome);

/// What was searched, whatever was found there.
enum class Coverage : std::uint8_t { Complete, Bounded, Sampled, CutShort };

std::string_view to_string(Coverage coverage);

/// Whether the verdict is what the scenario file says of this design.
enum class Met : std::uint8_t {
  Yes,
  No,
  Unknown,  ///< the file says nothing, or the search looked at too little to tell
};

/// How far the counterexample was minimised.
enum class Minimality : std::uint8_t {
  First,     ///< the first one found, with its context switches reduced
  Shortest,  ///< the shortest among all executions
  Capped,    ///< the shortest among those searched; not all were
};

std::string_view to_string(Minimality minimality);

struct Expectation {
  Outcome outcome = Outcome::Held;
  std::string rule;  ///< where violated; empty: any rule
};

struct Counterexample {
  trace::Schedule schedule;
  unsigned context_switches = 0;  ///< up to the step that breaks the rule
  unsigned steps = 0;             ///< up to the step that breaks the rule
  Minimality minimality = Minimality::First;
  std::uint64_t searched = 0;  ///< executions among which it is the shortest
};

/// What the verdict is relative to, besides the scenario itself.
struct Bounds {
  std::optional<std::uint64_t> executions_max;
  std::uint64_t steps_max = 0;                ///< of one execution
  std::optional<unsigned> preemptions_max{};  ///< bounded
  std::optional<unsigned> depth{};            ///< pct: of the bugs looked for
};

/// An estimate and its standard error.
struct Estimate {
  double value = 0;
  double error = 0;
};

/// The chance that a sample had to find a bug, if there is one.
struct Guarantee {
  unsigned threads = 0;
  std::uint64_t steps = 0;  ///< of an execution
  unsigned depth = 0;       ///< of the bug
  double per_execution = 0;
  double in_all = 0;
};

/// What a sample says about the whole.
struct Sample {
  std::uint64_t classes = 0;          ///< that were seen
  double classes_at_least = 0;        ///< estimated
  double next_is_new = 0;             ///< estimated: that one more execution is of a new class
  std::optional<Estimate> schedules;  ///< that there are
  std::optional<Guarantee> guarantee;
};

/// The scenario's condition on final states.
struct Condition {
  std::string quantifier;  ///< "exists", "~exists", "forall"
  std::string text;
  bool held = false;  ///< the quantified condition, over all executions
};

struct Verdict {
  std::string scenario;
  std::string file;
  std::string design;
  std::string memory = "sc";  ///< the memory model: "sc" or "tso"
  std::string strategy;
  std::optional<std::uint64_t> seed;  ///< where the strategy has one
  Outcome outcome = Outcome::Held;
  std::string rule;  ///< the broken one; empty if none
  std::uint64_t executions = 0;
  std::uint64_t blocked = 0;
  std::uint64_t steps = 0;
  double seconds = 0;
  bool complete = false;  ///< coverage == Coverage::Complete
  Coverage coverage = Coverage::CutShort;
  std::optional<unsigned> preemptions;  ///< bounded: all schedules with at most so many
  std::optional<Sample> sample;
  std::optional<Counterexample> counterexample;
  std::string replay;  ///< what `mmcheck replay` takes; empty if there is no counterexample
  std::optional<Expectation> expected;
  Met met = Met::Unknown;
  std::vector<std::string> vacuous;  ///< watched rules that had nothing to decide in this search
  std::string only_rule;             ///< the one that was watched; empty: all were
  std::optional<Condition> condition;
  Bounds bounds;
};

/// Compares a verdict with what the file expects. Where only one rule was watched, expectations
/// that speak of others are undecided.
Met judge(Outcome outcome, std::string_view rule, const std::optional<Expectation>& expected,
          std::string_view only_rule = {});

/// True if the scenario asserts its condition (`~exists`, `forall`), and it does not hold. `exists`
/// is a question.
bool condition_fails(const Verdict& verdict);

/// True if the design is a mutation, "linux-6.12/no-flush": wrong on purpose.
bool is_mutation(std::string_view design);

/// True if this verdict makes a check fail: an expectation is not met, the condition fails, or a
/// design breaks a rule of which nobody said that it would be broken.
bool is_failure(const Verdict& verdict);

/// The options with which another command looks at the same: " --rule R-WRITE --memory tso".
std::string repeated_options(const Verdict& verdict);

/// How many preemptions the violation needs that a bounded search ended at: with fewer there is
/// none.
unsigned preemptions_needed(const Verdict& verdict);

/// "37 executions", "1 execution".
std::string count_of(std::uint64_t count, std::string_view singular, std::string_view plural);

/// A number that is known roughly: "731", "2.1e5".
std::string roughly(double number);

/// Rounded down, since it is a promise: "0.42", "3.1e-5".
std::string probability_text(double probability);

/// The heading of a counterexample: what is broken, where, and how minimal it is.
std::string counterexample_heading(const Verdict& verdict);

}  // namespace mmcheck::report

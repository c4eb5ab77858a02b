// SPDX-License-Identifier: Apache-2.0
// Explores every program of a space under a design, the small ones first.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "design/design.h"
#include "explore/explorer.h"
#include "explore/memory.h"
#include "explore/step_coverage.h"
#include "hunt/program.h"
#include "rules/rules.h"
#include "trace/schedule.h"
#include "workload/program.h"

namespace mmcheck::hunt {

struct Options {
  rules::RuleSet rules = rules::RuleSet::all();  ///< the ones to look for
  explore::MemoryModel memory = explore::MemoryModel::Sc;
  /// Of a program that has more, the states are searched instead, each once: a few have a hundred
  /// million executions and a hundred thousand states.
  std::uint64_t executions_max = 2'000;
  std::uint64_t states_max = 20'000'000;  ///< with more the program is cut short
  bool first = false;                     ///< stop at the first finding
  /// What this design breaks with the same program is no finding.
  const design::Design* against = nullptr;
  /// A sample: so many programs of each number of operations, drawn with `seed`. Nothing: all.
  std::optional<std::uint64_t> programs{};
  std::uint64_t seed = 1;
  unsigned jobs = 1;
  bool coverage = false;            ///< gather which steps run
  std::function<bool()> stop = {};  ///< asked between programs; the campaign can be taken up again
};

/// A program that breaks a rule, none of whose parts does.
struct Finding {
  Program program;
  std::uint64_t ordinal = 0;  ///< of the program, among those of its number of operations
  std::string rule;           ///< "R-WRITE"
  /// The functions whose steps together break the rule: the same for what is the same mistake.
  std::string cause;
  std::uint64_t executions = 0;  ///< until it was found
  trace::Schedule schedule;
};

/// A program at which mmcheck broke a promise of its own. Whatever it would have broken is unknown.
struct Failure {
  Program program;
  std::string what;
};

/// What was done with the programs of one number of operations.
struct Level {
  unsigned operations = 0;
  std::uint64_t programs = 0;    ///< explored, whatever came out
  std::uint64_t refused = 0;     ///< the model has not what they need
  std::uint64_t cut_short = 0;   ///< too many states, or the search could not go on
  std::uint64_t failed = 0;      ///< mmcheck broke a promise of its own there
  std::uint64_t executions = 0;  ///< over all programs
  /// Of those with many executions. States that differ in what lies dead on a stack count as
  /// different, so that this may differ from run to run.
  std::uint64_t states = 0;
  std::uint64_t steps = 0;     ///< likewise
  rules::RuleSet exercised{};  ///< that had something to decide in some program
  bool done = false;           ///< all programs, or all of the sample

  std::uint64_t nr_seen() const { return programs + refused; }
};

/// Where results go, in the order of the programs whatever the number of jobs. An earlier run's are
/// given back when the campaign begins.
class Journal {
 public:
  Journal() = default;
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  virtual ~Journal() = default;

  virtual std::vector<Level> levels() { return {}; }
  virtual std::vector<Finding> findings() { return {}; }
  /// Called after each program: the level's figures with it, and what it has broken. May keep them
  /// for a while; but what it has kept must be a state that was passed to it.
  virtual void add(const Level& level, std::span<const Finding> findings) = 0;
};

class Campaign {
 public:
  /// Keeps references.
  Campaign(const Space& space, const design::Design& design, const Options& options,
           Journal& journal);

  /// Until all is done, or options.first or options.stop end it. What is done already stays so.
  void run();

  /// By their number of operations.
  const std::vector<Level>& levels() const { return levels_; }
  const std::vector<Finding>& findings() const { return findings_; }
  /// The first few, of this run.
  const std::vector<Failure>& failures() const { return failures_; }
  /// Some of the programs that this run has cut short.
  const std::vector<Program>& cut_short() const { return cut_short_; }
  /// If that was asked for: of the programs that this run explored.
  const explore::StepCoverage& coverage() const { return coverage_; }
  std::uint64_t nr_covered() const { return nr_covered_; }
  const rules::RuleSet& exercised_here() const { return exercised_here_; }
  /// Every program was explored, and completely.
  bool complete() const;

 private:
  struct Outcome {
    Program program;
    bool refused = false;
    bool cut_short = false;
    std::string failed;  ///< what went wrong, or empty
    std::uint64_t executions = 0;
    std::uint64_t states = 0;
    std::uint64_t steps = 0;
    rules::RuleSet exercised;
    std::vector<Finding> findings;
    explore::StepCoverage coverage;
  };

  bool run_level(Level& level);
  Outcome run_program(Program&& program) const;
  void search_for(const workload::Scenario& scenario, rules::RuleSet rules, Outcome& outcome) const;
  enum class Whose : std::uint8_t { Own, Against };
  explore::Result search(workload::ScenarioProgram& program, Whose whose, Outcome& outcome) const;
  enum class Known : std::uint8_t { No, Yes, Unknown };
  Known is_known(const workload::Scenario& scenario, const std::string& rule,
                 Outcome& outcome) const;
  void add(Level& level, Outcome&& outcome);
  /// The rules that a part of the program breaks.
  rules::RuleSet broken_by_parts(const Program& program) const;
  void collect_parts(const Program& program, rules::RuleSet& broken) const;
  void remember(const Finding& finding);

  const Space& space_;
  const design::Design& design_;
  const Options& options_;
  Journal& journal_;
  std::vector<Level> levels_;
  std::vector<Finding> findings_;
  std::vector<Failure> failures_;
  std::vector<Program> cut_short_;
  explore::StepCoverage coverage_;
  std::uint64_t nr_covered_ = 0;
  rules::RuleSet exercised_here_;  ///< by the programs that this run explored
  std::unordered_map<std::string, rules::RuleSet> broken_;  ///< by Program::key(): of findings_
};

}  // namespace mmcheck::hunt

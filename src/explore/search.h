// SPDX-License-Identifier: Apache-2.0
// What the strategies share: counting, outcomes, and the choice among counterexamples.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "explore/engine.h"
#include "explore/explorer.h"

namespace mmcheck::explore {

/// Called at the end of every execution that is not cut short. For comparing strategies.
using EndFunction = std::function<void(const Engine& engine, Ending ending)>;

class Tally {
 public:
  Tally(Program& program, const Options& options, const OutcomeFunction& on_outcome,
        const EndFunction& on_end);

  /// Counts the execution that has just ended. `schedule` is asked for only if a log is not kept.
  /// False: the search ends here.
  bool ended(Engine& engine, const trace::Schedule& schedule);
  bool may_begin() const { return result_.executions < options_.executions_max; }
  void blocked() { ++result_.blocked; }
  void add_steps(std::uint64_t nr_steps) { result_.steps += nr_steps; }
  /// Calls Options::on_progress from now on. `fraction` gives Progress::fraction, and is asked only
  /// now and then.
  void report_progress(std::function<double()> fraction) { fraction_ = std::move(fraction); }
  /// For samples: of the executions that were asked for.
  double fraction_of_executions() const {
    return static_cast<double>(result_.executions) / static_cast<double>(options_.executions_max);
  }
  std::uint64_t nr_executions() const { return result_.executions; }
  std::uint64_t nr_blocked() const { return result_.blocked; }
  const Result& result() const { return result_; }
  Result& result() { return result_; }
  /// Adds the counts of another, and its counterexample if that is better.
  void absorb(Result other);
  bool found() const { return result_.counterexample.has_value(); }

  /// `visited_all`: every class was visited.
  Result finish(bool visited_all);
  /// For what is not complete even where it ends at a violation.
  Result finish(Coverage coverage);

  const Options& options() const { return options_; }
  bool has_observer() const { return static_cast<bool>(on_end_); }

 private:
  void tell_progress() const;
  void straighten_best();
  void consider(const Engine& engine, const trace::Schedule& schedule);
  void consider_log(const Engine& engine);
  bool better(unsigned context_switches, unsigned steps, const trace::Schedule* schedule) const;
  bool worse(unsigned context_switches, unsigned steps) const;

  Program& program_;
  const Options& options_;
  const OutcomeFunction& on_outcome_;
  const EndFunction& on_end_;
  Result result_;
  std::function<double()> fraction_;
  bool straightened_ = true;
  boost::unordered_flat_set<std::uint64_t> seen_;  ///< identities of violations considered
};

/// The strategies. Each runs until the space or the options' bounds are exhausted.
Result search_naive(Program& program, Tally& tally);
Result search_bounded(Program& program, Tally& tally,
                      std::uint64_t steps_per_bound = ~std::uint64_t{0});
Result search_random(Program& program, Tally& tally);
Result search_pct(Program& program, Tally& tally);
Result search_stateful(Program& program, Tally& tally);

/// Sizes that change how fast a search is, and not what it finds.
struct Tuning {
  std::uint64_t looked_at = 16;      ///< executions in order before there is a scout
  std::uint64_t scouted = 1u << 15;  ///< steps of each bound of the scout
  std::uint64_t one_lane = 4096;     ///< executions before there are more lanes than one
  std::uint64_t round = 1024;        ///< executions of a lane between two times when lanes trade
  std::uint64_t patience = 128;      ///< executions of a lane before another's need ends its round
  bool foreseeable = true;           ///< believe Program::foreseeable()
  /// Asked for the executions of each lane's next round. Lanes then take turns instead of running
  /// at once, so that a search in lanes is the same each time.
  std::function<std::uint64_t()> share = {};
};

Result search_dpor(Program& program, const ProgramFactory& more_programs, const Options& options,
                   const OutcomeFunction& on_outcome, const EndFunction& on_end,
                   const Tuning& tuning = {});

/// explore() with a view on the executions.
Result explore_observed(Program& program, const ProgramFactory& more_programs,
                        const Options& options, const OutcomeFunction& on_outcome,
                        const EndFunction& on_end);

}  // namespace mmcheck::explore

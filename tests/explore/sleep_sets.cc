// SPDX-License-Identifier: Apache-2.0
#include "sleep_sets.h"

#include <bit>
#include <vector>

#include "explore/search_path.h"

namespace mmcheck::explore {

namespace {

struct Choice {
  unsigned thread = 0;
  std::uint64_t label = 0;
};

struct State {
  Sleepers sleepers;
  std::vector<Choice> left;  ///< to be tried, the last first
};

class SleepSets {
 public:
  SleepSets(Program& program, Tally& tally, std::uint64_t cuts_max)
      : tally_(tally),
        cuts_max_(cuts_max),
        engine_(program, {.real_time = true, .steps_max = tally.options().steps_max}) {}

  Result search() {
    engine_.begin();
    engine_.log().truncate(0);
    while (tally_.may_begin() && tally_.nr_blocked() < cuts_max_) {
      extend();
      if (!back_up()) return tally_.finish(true);
    }
    return tally_.finish(false);
  }

 private:
  /// Goes on with the first that is left at each state, to the end of an execution.
  void extend() {
    while (!engine_.violated() && !engine_.at_step_limit() && engine_.enabled() != 0) {
      if (states_.size() == engine_.log().size()) push();
      State& state = states_.back();
      if (state.left.empty()) {
        tally_.blocked();
        return;
      }
      const Choice choice = state.left.back();
      state.left.pop_back();
      engine_.run(choice.thread, choice.label);
      engine_.append_step();
    }
    tally_.ended(engine_, schedule_);
  }

  void push() {
    State state;
    if (!states_.empty()) {
      const LoggedEvent& step = engine_.log().event(engine_.log().size() - 1);
      for (const ForeseenStep& sleeper : states_.back().sleepers) {
        if (sleeper.thread == step.thread || in_conflict(sleeper.footprint, step.footprint))
          continue;
        state.sleepers.add(sleeper);
      }
    }
    std::uint64_t labels[Alternatives::kMax];
    for (std::uint32_t rest = engine_.enabled(); rest != 0; rest &= rest - 1) {
      const auto thread = static_cast<unsigned>(std::countr_zero(rest));
      const unsigned nr_labels = engine_.list(thread, labels);
      for (unsigned i = 0; i < nr_labels; ++i) {
        if (state.sleepers.find(thread, labels[i]) != nullptr) continue;
        state.left.push_back({.thread = thread, .label = labels[i]});
      }
    }
    states_.push_back(std::move(state));
  }

  bool back_up() {
    const bool violated = engine_.violated();
    const std::uint32_t nr_steps = engine_.log().size();
    for (; !states_.empty(); states_.pop_back()) {
      const auto depth = static_cast<std::uint32_t>(states_.size() - 1);
      State& state = states_.back();
      if (state.left.empty()) continue;
      // A step that broke a rule has kept all others from following: it stands for nothing else.
      const bool ended_all = violated && depth + 1 == nr_steps;
      if (!ended_all) state.sleepers.add(engine_.log().event(depth));
      engine_.back_to(depth);
      return true;
    }
    return false;
  }

  Tally& tally_;
  std::uint64_t cuts_max_;
  Engine engine_;
  std::vector<State> states_;
  const trace::Schedule schedule_;  // the log has it
};

}  // namespace

Result search_sleep_sets(Program& program, Tally& tally, std::uint64_t cuts_max) {
  return SleepSets(program, tally, cuts_max).search();
}

}  // namespace mmcheck::explore

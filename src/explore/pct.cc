// SPDX-License-Identifier: Apache-2.0
// Random priorities: each thread has one, and of those that can move the one with the highest does.
// At d - 1 random steps the priority of the thread that makes the step falls below all others.
//
// Burckhardt, Kothari, Musuvathi and Nagarakatte, A randomized scheduler with probabilistic
// guarantees of finding bugs, ASPLOS 2010. A bug of depth d needs d orders between steps to show
// itself: one for an order violation, two for most atomicity violations and deadlocks of two locks.
// Each execution finds it with a probability of at least 1/(n k^(d-1)), for n threads and at most k
// steps.
//
// The guarantee is about the order of threads. Alternatives are drawn, each as likely as every
// other: a bug that needs certain ones is found with the share that these have of the above.
#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include "base/error.h"
#include "explore/sample.h"
#include "explore/search.h"

namespace mmcheck::explore {

namespace {

class Pct {
 public:
  Pct(Program& program, Tally& tally)
      : tally_(tally),
        engine_(program, {.logging = true,
                          .steps_max = tally.options().steps_max,
                          .coverage = tally.options().coverage}),
        random_(tally.options().seed) {}

  Result run();

 private:
  bool keeps_log() const { return engine_.keeps_log(); }
  std::uint64_t draw(std::uint64_t below) { return random_() % below; }
  void draw_priorities();
  void draw_changes();
  void execute();
  void learn_steps();
  Guarantee guarantee() const;

  Tally& tally_;
  Engine engine_;
  std::mt19937_64 random_;
  std::uint64_t steps_max_ = 1;         ///< k: the most that an execution had so far
  std::uint64_t nr_with_steps_ = 0;     ///< executions that knew of so many
  trace::Schedule schedule_;            ///< where no log is kept
  std::vector<unsigned> priorities_;    ///< by thread; more is higher
  std::vector<std::uint64_t> changes_;  ///< the numbers of steps, from 1, in no order
};

/// d, d + 1, ..., in random order.
void Pct::draw_priorities() {
  priorities_.resize(engine_.nr_threads());
  std::iota(priorities_.begin(), priorities_.end(), tally_.options().depth);
  // Not std::shuffle, whose results differ among standard libraries.
  for (std::size_t i = priorities_.size(); i > 1; --i) {
    std::swap(priorities_[i - 1], priorities_[draw(i)]);
  }
}

void Pct::draw_changes() {
  changes_.resize(tally_.options().depth - 1);
  for (std::uint64_t& change : changes_) change = 1 + draw(steps_max_);
}

void Pct::execute() {
  engine_.begin();
  engine_.log().truncate(0);
  schedule_.clear();
  draw_priorities();
  draw_changes();
  std::uint64_t labels[Alternatives::kMax];
  while (!engine_.violated() && !engine_.at_step_limit()) {
    std::uint32_t rest = engine_.enabled();
    if (rest == 0) break;
    auto thread = static_cast<unsigned>(std::countr_zero(rest));
    for (; rest != 0; rest &= rest - 1) {
      const auto other = static_cast<unsigned>(std::countr_zero(rest));
      if (priorities_[other] > priorities_[thread]) thread = other;
    }
    const unsigned nr_labels = engine_.list(thread, labels);
    const std::uint64_t label = labels[nr_labels == 1 ? 0 : draw(nr_labels)];
    engine_.run(thread, label);
    engine_.append_step();
    if (!keeps_log()) {
      schedule_.push_back(
          {.thread = ThreadId{static_cast<std::uint8_t>(thread)}, .alternative = label});
    }
    // The i-th change gives the priority i, so that the changes' own order is random as well.
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      if (changes_[i] == engine_.nr_steps()) priorities_[thread] = static_cast<unsigned>(i);
    }
  }
}

/// Executions that changed priorities among too few steps guarantee nothing.
void Pct::learn_steps() {
  ++nr_with_steps_;
  if (engine_.nr_steps() <= steps_max_) return;
  steps_max_ = engine_.nr_steps();
  nr_with_steps_ = 0;
}

Guarantee Pct::guarantee() const {
  Guarantee result{
      .threads = engine_.nr_threads(), .steps = steps_max_, .depth = tally_.options().depth};
  result.per_execution = 1 / (std::max(1.0, static_cast<double>(result.threads)) *
                              std::pow(static_cast<double>(steps_max_), result.depth - 1.0));
  if (nr_with_steps_ == 0) return result;
  // 1 - (1 - p)^m, exact also where p is too small to be seen beside 1.
  result.in_all =
      -std::expm1(static_cast<double>(nr_with_steps_) * std::log1p(-result.per_execution));
  return result;
}

Result Pct::run() {
  if (tally_.options().depth == 0) throw InputError("pct: the depth of a bug is at least 1");
  tally_.report_progress([this] { return tally_.fraction_of_executions(); });
  ClassCounts classes;
  execute();  // only for the number of steps: it does not count
  learn_steps();
  nr_with_steps_ = 0;
  bool going = true;
  while (going && tally_.may_begin()) {
    execute();
    learn_steps();
    if (keeps_log()) classes.add(hash_of_log(engine_.log()));
    going = tally_.ended(engine_, schedule_);
  }
  tally_.add_steps(engine_.nr_steps_made());
  Result result = tally_.finish(Coverage::Sampled);
  if (!keeps_log()) return result;
  result.sample.emplace();
  classes.tell(*result.sample);
  result.sample->guarantee = guarantee();
  return result;
}

}  // namespace

Result search_pct(Program& program, Tally& tally) { return Pct(program, tally).run(); }

}  // namespace mmcheck::explore

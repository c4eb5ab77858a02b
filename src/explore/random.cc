// SPDX-License-Identifier: Apache-2.0
// Random walks: at each step every thread that can move, with each of its alternatives, is as
// likely as every other. Long threads are favoured late and short ones early, so some schedules are
// far more likely than others; the estimate of their number allows for that.
//
// Of endless programs, whose executions are long, the threads are not equally fast: at each moment
// some are much slower than others, as on a machine where one is interrupted and another is not,
// and which are changes now and then. Races that need one thread to be late many times over are
// found by that, and nothing is lost: every schedule is possible still.
#include <bit>
#include <cmath>
#include <random>
#include <vector>

#include "explore/sample.h"
#include "explore/search.h"

namespace mmcheck::explore {

namespace {

void list_choices(Engine& engine, std::uint32_t enabled, std::vector<trace::Choice>& out) {
  std::uint64_t labels[Alternatives::kMax];
  out.clear();
  for (std::uint32_t rest = enabled; rest != 0; rest &= rest - 1) {
    auto thread = static_cast<unsigned>(std::countr_zero(rest));
    unsigned nr_labels = engine.list(thread, labels);
    for (unsigned i = 0; i < nr_labels; ++i) {
      out.push_back(
          {.thread = ThreadId{static_cast<std::uint8_t>(thread)}, .alternative = labels[i]});
    }
  }
}

/// How fast each thread is.
class Speeds {
 public:
  explicit Speeds(std::mt19937_64& random) : random_(random) {}

  void draw() {
    for (std::uint32_t& speed : speeds_) speed = one();
  }
  /// One of the threads, which are not none.
  unsigned choose(std::uint32_t enabled) {
    const std::uint64_t chance = random_();
    if (chance % kStepsPerChange == 0) speeds_[(chance >> 32) % kThreadsMax] = one();
    std::uint64_t sum = 0;
    for (std::uint32_t rest = enabled; rest != 0; rest &= rest - 1) {
      sum += speeds_[std::countr_zero(rest)];
    }
    std::uint64_t at = random_() % sum;
    std::uint32_t rest = enabled;
    for (; at >= speeds_[std::countr_zero(rest)]; rest &= rest - 1) {
      at -= speeds_[std::countr_zero(rest)];
    }
    return static_cast<unsigned>(std::countr_zero(rest));
  }

 private:
  static constexpr std::uint64_t kStepsPerChange = 128;
  std::uint32_t one() { return 1u << (3 * (random_() % 4)); }

  std::mt19937_64& random_;
  std::uint32_t speeds_[kThreadsMax] = {};
};

/// One execution of an endless program.
void walk(Engine& engine, std::mt19937_64& random, trace::Schedule& schedule) {
  Speeds speeds(random);
  speeds.draw();
  std::uint64_t labels[Alternatives::kMax];
  while (!engine.violated() && !engine.at_step_limit()) {
    const std::uint32_t enabled = engine.enabled();
    if (enabled == 0) break;
    const unsigned thread = speeds.choose(enabled);
    const unsigned nr_labels = engine.list(thread, labels);
    const std::uint64_t label = labels[nr_labels == 1 ? 0 : random() % nr_labels];
    engine.run(thread, label);
    schedule.push_back(
        {.thread = ThreadId{static_cast<std::uint8_t>(thread)}, .alternative = label});
  }
}

/// Each execution has a seed of its own, since it may be too long for its schedule to be written
/// down.
Result search_endless(Program& program, Tally& tally) {
  Engine engine(program,
                {.steps_max = tally.options().steps_max, .coverage = tally.options().coverage});
  tally.report_progress([&tally] { return tally.fraction_of_executions(); });
  trace::Schedule schedule;
  bool going = true;
  while (going && tally.may_begin()) {
    std::mt19937_64 random(tally.options().seed + tally.nr_executions());
    schedule.clear();
    engine.begin();
    walk(engine, random, schedule);
    tally.add_steps(engine.nr_steps());
    going = tally.ended(engine, schedule);
  }
  return tally.finish(Coverage::Sampled);
}

}  // namespace

Result search_random(Program& program, Tally& tally) {
  if (program.endless()) return search_endless(program, tally);
  Engine engine(program, {.logging = true,
                          .steps_max = tally.options().steps_max,
                          .coverage = tally.options().coverage});
  std::mt19937_64 random(tally.options().seed);
  std::vector<trace::Choice> choices;
  tally.report_progress([&tally] { return tally.fraction_of_executions(); });
  TreeEstimate schedules;
  ClassCounts classes;
  bool going = true;
  while (going && tally.may_begin()) {
    engine.begin();
    engine.log().truncate(0);
    double log_product = 0;
    while (!engine.violated() && !engine.at_step_limit()) {
      std::uint32_t enabled = engine.enabled();
      if (enabled == 0) break;
      list_choices(engine, enabled, choices);
      log_product += std::log(static_cast<double>(choices.size()));
      // Not std::uniform_int_distribution, whose results differ among standard libraries. The bias
      // of the remainder is less than 1 in 2^50.
      const trace::Choice& choice = choices[random() % choices.size()];
      engine.run(to_index(choice.thread), choice.alternative);
      engine.append_step();
    }
    tally.add_steps(engine.nr_steps());
    schedules.add(log_product);
    classes.add(hash_of_log(engine.log()));
    going = tally.ended(engine, {});
  }
  Result result = tally.finish(Coverage::Sampled);
  result.sample.emplace();
  classes.tell(*result.sample);
  result.sample->schedules = schedules.result();
  return result;
}

}  // namespace mmcheck::explore

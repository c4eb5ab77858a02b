// SPDX-License-Identifier: Apache-2.0
// Random walks: at each step every thread that can move, with each of its alternatives, is as
// likely as every other. Long threads are favoured late and short ones early, so some schedules are
// far more likely than others; the estimate of their number allows for that.
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

}  // namespace

Result search_random(Program& program, Tally& tally) {
  Engine engine(program, {.logging = true,
                          .steps_max = tally.options().steps_max,
                          .coverage = tally.options().coverage});
  std::mt19937_64 random(tally.options().seed);
  std::vector<trace::Choice> choices;
  tally.report_progress([&tally] { return tally.fraction_of_executions(); });
  TreeEstimate schedules;
  ClassCounts classes;
  trace::Schedule schedule;  // where no log is kept
  bool going = true;
  while (going && tally.may_begin()) {
    // An execution that is too long for a schedule to be written down has a seed of its own.
    if (program.endless()) random.seed(tally.options().seed + tally.nr_executions());
    engine.begin();
    engine.log().truncate(0);
    schedule.clear();
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
      if (!engine.keeps_log()) schedule.push_back(choice);
    }
    tally.add_steps(engine.nr_steps());
    schedules.add(log_product);
    if (engine.keeps_log()) classes.add(hash_of_log(engine.log()));
    going = tally.ended(engine, schedule);
  }
  Result result = tally.finish(Coverage::Sampled);
  if (program.endless()) return result;
  result.sample.emplace();
  classes.tell(*result.sample);
  result.sample->schedules = schedules.result();
  return result;
}

}  // namespace mmcheck::explore

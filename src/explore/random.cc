// SPDX-License-Identifier: Apache-2.0
// Random schedules: every enabled thread and alternative is as likely as every other.
#include <bit>
#include <random>
#include <vector>

#include "explore/search.h"

namespace mmcheck::explore {

namespace {

/// `choices` is scratch space.
trace::Choice draw(Engine& engine, std::uint32_t enabled, std::mt19937_64& random,
                   std::vector<trace::Choice>& choices) {
  std::uint64_t labels[Alternatives::kMax];
  choices.clear();
  for (std::uint32_t rest = enabled; rest != 0; rest &= rest - 1) {
    auto thread = static_cast<unsigned>(std::countr_zero(rest));
    unsigned nr_labels = engine.list(thread, labels);
    for (unsigned i = 0; i < nr_labels; ++i) {
      choices.push_back(
          {.thread = ThreadId{static_cast<std::uint8_t>(thread)}, .alternative = labels[i]});
    }
  }
  // Not std::uniform_int_distribution, whose results differ among standard libraries. The bias of
  // the remainder is less than 1 in 2^50.
  return choices[random() % choices.size()];
}

}  // namespace

Result search_random(Program& program, Tally& tally) {
  Engine engine(program,
                {.logging = false, .real_time = true, .steps_max = tally.options().steps_max});
  std::mt19937_64 random(tally.options().seed);
  trace::Schedule schedule;
  std::vector<trace::Choice> choices;
  bool going = true;
  while (going && tally.may_begin()) {
    engine.begin();
    schedule.clear();
    while (!engine.violated() && !engine.at_step_limit()) {
      std::uint32_t enabled = engine.enabled();
      if (enabled == 0) break;
      trace::Choice choice = draw(engine, enabled, random, choices);
      schedule.push_back(choice);
      engine.run(to_index(choice.thread), choice.alternative);
    }
    tally.add_steps(engine.nr_steps());
    going = tally.ended(engine, schedule);
  }
  Result result = tally.finish(false);
  result.complete = false;
  return result;
}

}  // namespace mmcheck::explore

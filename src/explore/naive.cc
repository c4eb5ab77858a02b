// SPDX-License-Identifier: Apache-2.0
// Every schedule, one by one: the yardstick for the reduction.
#include <bit>
#include <span>
#include <vector>

#include "explore/search.h"

namespace mmcheck::explore {

namespace {

/// The choices at one position, of which those before `next` are done or being tried.
struct OpenBranch {
  std::vector<trace::Choice> choices;
  std::size_t next = 0;
};

void list_choices(Engine& engine, std::vector<trace::Choice>& out) {
  out.clear();
  std::uint64_t labels[Alternatives::kMax];
  for (std::uint32_t rest = engine.enabled(); rest != 0; rest &= rest - 1) {
    auto thread = static_cast<unsigned>(std::countr_zero(rest));
    unsigned nr_labels = engine.list(thread, labels);
    for (unsigned i = 0; i < nr_labels; ++i) {
      out.push_back(
          {.thread = ThreadId{static_cast<std::uint8_t>(thread)}, .alternative = labels[i]});
    }
  }
}

/// As if each choice led to as much as the others of its position.
double fraction_of(std::span<const OpenBranch> branches) {
  double done = 0;
  double share = 1;
  for (const OpenBranch& branch : branches) {
    share /= static_cast<double>(branch.choices.size());
    done += share * static_cast<double>(branch.next - 1);
  }
  return done + share;
}

}  // namespace

Result search_naive(Program& program, Tally& tally) {
  bool logging = tally.has_observer();
  Engine engine(program,
                {.logging = logging, .real_time = true, .steps_max = tally.options().steps_max});
  std::vector<OpenBranch> branches;
  std::size_t depth = 0;  // branches[0..depth) are in use
  trace::Schedule schedule;
  tally.report_progress([&] { return fraction_of({branches.data(), depth}); });
  while (tally.may_begin()) {
    engine.begin();
    engine.log().truncate(0);
    schedule.clear();
    for (std::size_t i = 0; !engine.violated() && !engine.at_step_limit(); ++i) {
      if (i == depth) {
        if (engine.enabled() == 0) break;
        if (depth == branches.size()) branches.emplace_back();
        list_choices(engine, branches[depth].choices);
        branches[depth++].next = 0;
      }
      OpenBranch& branch = branches[i];
      // A replayed position repeats the choice that it made last; only the last one moves on.
      if (i + 1 == depth) ++branch.next;
      const trace::Choice& choice = branch.choices[branch.next - 1];
      schedule.push_back(choice);
      engine.run(to_index(choice.thread), choice.alternative);
      if (logging) engine.append_step();
    }
    tally.add_steps(engine.nr_steps());
    if (!tally.ended(engine, schedule)) return tally.finish(false);
    while (depth > 0 && branches[depth - 1].next == branches[depth - 1].choices.size()) --depth;
    if (depth == 0) return tally.finish(true);
  }
  return tally.finish(false);
}

}  // namespace mmcheck::explore

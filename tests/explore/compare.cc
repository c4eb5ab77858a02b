// SPDX-License-Identifier: Apache-2.0
#include "compare.h"

#include <algorithm>
#include <random>
#include <vector>

#include "explore/recorder.h"
#include "explore/straighten.h"
#include "sleep_sets.h"

namespace mmcheck::explore {

namespace {

bool in_conflict(std::span<const LoggedAccess> a, std::span<const LoggedAccess> b) {
  for (const LoggedAccess& x : a) {
    for (const LoggedAccess& y : b) {
      if (x.use.object == y.use.object && conflict(x.use.mode, y.use.mode)) return true;
    }
  }
  return false;
}

}  // namespace

std::uint64_t class_of(const TraceLog& log) {
  std::vector<std::uint64_t> hashes;
  std::uint64_t total = 0;
  for (std::uint32_t e = 0; e < log.size(); ++e) {
    std::uint64_t hash = mix(mix(log.event(e).thread, log.event(e).index), log.event(e).label);
    std::uint64_t past = 0;
    for (std::uint32_t f = 0; f < e; ++f) {
      if (log.event(f).thread == log.event(e).thread ||
          in_conflict(log.accesses_of(e), log.accesses_of(f))) {
        past += mix(hashes[f], 7);
      }
    }
    hashes.push_back(mix(hash, past));
    total += mix(hashes.back(), 11);
  }
  return total;
}

namespace {

void note(const RandomProgram& program, const Engine& engine, Seen& seen) {
  const auto& reported = engine.reported();
  if (reported && reported->ended_by_step) {
    seen.violations.insert(straight_bound(engine.log(), *reported).identity);
    trace::Schedule schedule;
    for (std::uint32_t e = 0; e < engine.log().size(); ++e) {
      schedule.push_back({.thread = ThreadId{engine.log().event(e).thread}});
    }
    seen.fewest_switches =
        std::min(seen.fewest_switches, count_context_switches(schedule, schedule.size()));
    return;
  }
  ++seen.nr_whole;
  seen.outcomes.insert(mix(program.state_hash(), engine.unfinished()));
  seen.classes.insert(class_of(engine.log()));
}

}  // namespace

Seen look(RandomProgram& program, Strategy strategy, std::uint64_t executions_max) {
  return look(program, {.strategy = strategy, .executions_max = executions_max});
}

Seen look(RandomProgram& program, Options options) {
  Seen seen;
  options.on_violation = OnViolation::Continue;
  unsigned forgotten = program.nr_forgotten();
  auto on_end = [&](const Engine& engine, Ending) {
    if (program.nr_forgotten() != forgotten) seen = {};
    forgotten = program.nr_forgotten();
    note(program, engine, seen);
  };
  seen.result = explore_observed(program, {}, options, {}, on_end);
  return seen;
}

Seen look_by_sleep_sets(RandomProgram& program, std::uint64_t executions_max) {
  Seen seen;
  const Options options{.on_violation = OnViolation::Continue, .executions_max = executions_max};
  const OutcomeFunction nobody_asks;
  const EndFunction on_end = [&](const Engine& engine, Ending) { note(program, engine, seen); };
  Tally tally(program, options, nobody_asks, on_end);
  seen.result = search_sleep_sets(program, tally, executions_max);
  return seen;
}

Lanes lanes_of_speeds(std::uint64_t seed) {
  auto random = std::make_shared<std::mt19937_64>(seed);
  const std::uint64_t most = 1 + (*random)() % 8;
  return {.nr = 2 + static_cast<unsigned>((*random)() % 3),
          .share = [random, most] { return 1 + (*random)() % most * ((*random)() % 2); }};
}

Seen look_in_lanes(std::uint64_t seed, const RandomOptions& options, const Lanes& lanes) {
  Seen seen;
  RandomProgram program(seed, options);
  const auto more = [&] { return std::make_unique<RandomProgram>(seed, options); };
  // A lane's program says which engine it is in.
  const auto on_end = [&](const Engine& engine, Ending) {
    note(static_cast<const RandomProgram&>(engine.program()), engine, seen);
  };
  seen.result = search_dpor(
      program, more, {.on_violation = OnViolation::Continue, .jobs = lanes.nr}, {}, on_end,
      {.one_lane = 0, .round = lanes.round, .patience = 1, .share = lanes.share});
  return seen;
}

RandomOptions options_of(std::uint64_t seed) {
  return {.violations = seed % 3 == 0, .steps_max = 2 + static_cast<unsigned>(seed % 4)};
}

RandomOptions foreseeable_options_of(std::uint64_t seed) {
  return {.steps_max = 2 + static_cast<unsigned>(seed % 4), .foreseeable = true};
}

RandomOptions make_smaller(std::uint64_t seed, RandomOptions options,
                           const std::function<bool(const RandomOptions&)>& wrong) {
  const std::size_t size =
      std::min<std::size_t>(RandomProgram(seed, options).nr_instructions(), 64);
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t i = 0; i < size; ++i) {
      RandomOptions less = options;
      less.left_out |= std::uint64_t{1} << i;
      if (less.left_out == options.left_out || !wrong(less)) continue;
      options = less;
      changed = true;
    }
  }
  return options;
}

std::string difference(const Seen& naive, const Seen& dpor) {
  auto compare = [](const char* what, const std::set<std::uint64_t>& a,
                    const std::set<std::uint64_t>& b) -> std::string {
    if (a == b) return {};
    return std::string(what) + ": naive " + std::to_string(a.size()) + ", dpor " +
           std::to_string(b.size()) + "\n";
  };
  std::string result = compare("outcomes", naive.outcomes, dpor.outcomes);
  result += compare("classes", naive.classes, dpor.classes);
  result += compare("violations", naive.violations, dpor.violations);
  if (dpor.nr_whole != dpor.classes.size()) {
    result += "doubles: " + std::to_string(dpor.nr_whole) + " executions of " +
              std::to_string(dpor.classes.size()) + " classes\n";
  }
  return result;
}

}  // namespace mmcheck::explore

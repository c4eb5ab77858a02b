// SPDX-License-Identifier: Apache-2.0
#include "compare.h"

#include <algorithm>
#include <vector>

#include "explore/recorder.h"
#include "explore/straighten.h"

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
  auto on_end = [&](const Engine& engine, Ending) { note(program, engine, seen); };
  seen.result = explore_observed(program, {}, options, {}, on_end);
  return seen;
}

Seen look_in_lanes(RandomProgram& program,
                   const std::function<std::unique_ptr<RandomProgram>()>& more, unsigned nr_lanes,
                   std::uint64_t round) {
  Seen seen;
  // A lane's program says which engine it is in.
  auto on_end = [&](const Engine& engine, Ending) {
    note(static_cast<const RandomProgram&>(engine.program()), engine, seen);
  };
  seen.result =
      search_dpor(program, more, {.on_violation = OnViolation::Continue, .jobs = nr_lanes}, {},
                  on_end, {.one_lane = 0, .round = round, .patience = 1});
  return seen;
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

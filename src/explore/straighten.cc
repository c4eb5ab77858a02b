// SPDX-License-Identifier: Apache-2.0
// The steps that happen before a violation form a partial order: one chain per thread, and the
// happens-before edges between them. A schedule is a linear extension. The one with the fewest
// context switches is found by breadth-first search over "how far is each thread", where one move
// runs one thread as far as it can go: to stop earlier never helps, since steps already made
// only ever enable others, and what was run early is missing later, never in the way.
#include "explore/straighten.h"

#include <algorithm>
#include <array>
#include <bit>
#include <boost/unordered/unordered_flat_set.hpp>
#include <vector>

#include "explore/explorer.h"

namespace mmcheck::explore {

namespace {

/// For each thread, how many of its first steps.
using Positions = std::array<std::uint16_t, kThreadsMax>;

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15;
  return hash ^ (hash >> 29);
}

std::uint64_t hash_of(const Positions& positions) {
  std::uint64_t hash = 0;
  for (unsigned i = 0; i < kThreadsMax; i += 4) {
    std::uint64_t four = 0;
    for (unsigned k = 0; k < 4; ++k) four = four << 16 | positions[i + k];
    hash = mix(hash, four);
  }
  return hash;
}

Positions everything(const TraceLog& log) {
  Positions result{};
  for (unsigned t = 0; t < kThreadsMax; ++t) {
    result[t] = static_cast<std::uint16_t>(log.events_of(t).size());
  }
  return result;
}

void add_past(const TraceLog& log, EventId event, Positions& past) {
  if (event == kNoEvent || to_index(event) >= log.size()) return;
  const Clock& clock = log.clock(to_index(event));
  for (unsigned t = 0; t < kThreadsMax; ++t) past[t] = std::max(past[t], clock.lane[t]);
}

/// The steps that break the rule and all that happens before them.
Positions past_of_violation(const TraceLog& log, const Reported& reported) {
  Positions past{};
  bool named = false;
  for (EventId event : reported.violation.events) {
    named = named || event != kNoEvent;
    add_past(log, event, past);
  }
  if (named) return past;
  if (!reported.ended_by_step) return everything(log);
  add_past(log, reported.reporter, past);
  return past;
}

/// Linear extensions of the part of the log between two sets of positions.
class Order {
 public:
  Order(const TraceLog& log, const Positions& goal) : log_(log), goal_(goal) {
    for (unsigned t = 0; t < kThreadsMax; ++t) {
      if (goal[t] != 0) threads_ |= 1u << t;
    }
  }

  /// Runs the thread as far as it can go; returns how many steps.
  unsigned advance(Positions& at, unsigned thread) const {
    unsigned begin = at[thread];
    while (at[thread] < goal_[thread] && ready(at, thread)) ++at[thread];
    return at[thread] - begin;
  }

  /// Threads to run one after another from `from`, with the fewest runs. Empty if that takes more
  /// than states_max states to find out. `last` is the thread that runs already, or none.
  std::vector<unsigned> search(const Positions& from, std::size_t states_max) const;
  /// The same, but taking the longest run each time.
  std::vector<unsigned> greedy(Positions at) const;

 private:
  struct State {
    Positions at;
    std::uint32_t parent;
    unsigned thread;
  };

  bool ready(const Positions& at, unsigned thread) const {
    const Clock& clock = log_.clock(log_.events_of(thread)[at[thread]]);
    std::uint16_t nr_missing = 0;
    for (unsigned t = 0; t < kThreadsMax; ++t) {
      nr_missing = static_cast<std::uint16_t>(nr_missing + (clock.lane[t] > at[t] ? 1 : 0));
    }
    return nr_missing == 1;  // the step itself
  }

  const TraceLog& log_;
  Positions goal_;
  std::uint32_t threads_ = 0;
};

std::vector<unsigned> Order::search(const Positions& from, std::size_t states_max) const {
  std::vector<State> states{{.at = from, .parent = 0, .thread = 0}};
  auto hash = [&](std::uint32_t i) { return hash_of(states[i].at); };
  auto equal = [&](std::uint32_t a, std::uint32_t b) { return states[a].at == states[b].at; };
  boost::unordered_flat_set<std::uint32_t, decltype(hash), decltype(equal)> seen(64, hash, equal);
  seen.insert(0);
  for (std::uint32_t i = 0; i < states.size(); ++i) {
    if (states[i].at == goal_) {
      std::vector<unsigned> runs;
      for (std::uint32_t s = i; s != 0; s = states[s].parent) runs.push_back(states[s].thread);
      std::reverse(runs.begin(), runs.end());
      return runs;
    }
    if (states.size() > states_max) break;
    for (std::uint32_t rest = threads_; rest != 0; rest &= rest - 1) {
      auto thread = static_cast<unsigned>(std::countr_zero(rest));
      State next{.at = states[i].at, .parent = i, .thread = thread};
      if (advance(next.at, thread) == 0) continue;
      states.push_back(next);
      if (!seen.insert(static_cast<std::uint32_t>(states.size() - 1)).second) states.pop_back();
    }
  }
  return {};
}

std::vector<unsigned> Order::greedy(Positions at) const {
  std::vector<unsigned> runs;
  while (at != goal_) {
    unsigned longest = 0;
    unsigned best = 0;
    Positions best_at = at;
    for (std::uint32_t rest = threads_; rest != 0; rest &= rest - 1) {
      auto thread = static_cast<unsigned>(std::countr_zero(rest));
      Positions next = at;
      unsigned nr_steps = advance(next, thread);
      if (nr_steps <= longest) continue;
      longest = nr_steps;
      best = thread;
      best_at = next;
    }
    runs.push_back(best);
    at = best_at;
  }
  return runs;
}

void append_run(const TraceLog& log, unsigned thread, unsigned from, unsigned to,
                trace::Schedule& schedule) {
  for (unsigned k = from; k < to; ++k) {
    schedule.push_back({.thread = ThreadId{static_cast<std::uint8_t>(thread)},
                        .alternative = log.event(log.events_of(thread)[k]).label});
  }
}

/// Extends the schedule from `at` to `goal`; returns whether it is known to be the best way.
bool extend(const TraceLog& log, Positions& at, const Positions& goal, std::size_t states_max,
            trace::Schedule& schedule) {
  if (at == goal) return true;
  Order order(log, goal);
  std::vector<unsigned> runs = order.search(at, states_max);
  bool exact = !runs.empty();
  if (!exact) runs = order.greedy(at);
  for (unsigned thread : runs) {
    unsigned from = at[thread];
    order.advance(at, thread);
    append_run(log, thread, from, at[thread], schedule);
  }
  return exact;
}

}  // namespace

unsigned count_context_switches(const trace::Schedule& schedule, std::size_t nr_steps) {
  unsigned result = 0;
  for (std::size_t i = 1; i < std::min(nr_steps, schedule.size()); ++i) {
    if (schedule[i].thread != schedule[i - 1].thread) ++result;
  }
  return result;
}

Straightened straighten_log(const TraceLog& log, const Reported& reported, std::size_t states_max) {
  Straightened result;
  Positions goal = past_of_violation(log, reported);
  Positions at{};
  result.exact = extend(log, at, goal, states_max, result.schedule);
  result.steps = static_cast<unsigned>(result.schedule.size());
  result.context_switches = count_context_switches(result.schedule, result.steps);
  // What is left before the rule's check notices: a bad end is not worth a long search.
  Positions rest = goal;
  if (reported.ended_by_step) {
    add_past(log, reported.reporter, rest);
  } else {
    rest = everything(log);
  }
  extend(log, at, rest, 1000, result.schedule);
  return result;
}

StraightBound straight_bound(const TraceLog& log, const Reported& reported) {
  StraightBound result;
  unsigned nr_threads = 0;
  Positions past = past_of_violation(log, reported);
  for (unsigned t = 0; t < kThreadsMax; ++t) {
    result.steps += past[t];
    if (past[t] == 0) continue;
    ++nr_threads;
    result.identity = mix(result.identity, t);
    for (unsigned k = 0; k < past[t]; ++k) {
      std::uint32_t event = log.events_of(t)[k];
      result.identity = mix(result.identity, log.event(event).label);
      Positions clock;
      std::copy_n(log.clock(event).lane, kThreadsMax, clock.begin());
      result.identity = mix(result.identity, hash_of(clock));
    }
  }
  result.context_switches = nr_threads == 0 ? 0 : nr_threads - 1;
  return result;
}

}  // namespace mmcheck::explore

// SPDX-License-Identifier: Apache-2.0
// Executions in which threads move in a given order, one after the other, each up to where it is
// told to stop: what a controller outside of a program can enforce.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "explore/execution.h"
#include "trace/schedule.h"

namespace mmcheck::explore {

/// One thread moves, until it stops. The threads of the program that are not among the ordered ones
/// (handlers, store buffers) may move at any time.
struct Leg {
  enum class Until : std::uint8_t {
    End,     ///< of the thread
    Before,  ///< it would make the first step of a call
    After,   ///< it has made the last step of a call
  };
  unsigned thread = 0;
  Until until = Until::End;
  /// Of what: the steps of a call of f are announced as "f(...", and, where there are several, the
  /// others as "f():". The call may be of any of these functions.
  std::vector<std::string_view> functions = {};
  bool in_a_row = false;  ///< steps of these functions that follow each other are of one call
  /// After: where a call makes steps that are called otherwise, the steps that follow it.
  std::vector<std::string_view> followed_by = {};
  unsigned time = 1;  ///< at which call, from where the thread is
  /// Executions are left out in which the thread comes to a step on this leg that is announced so.
  std::vector<std::string_view> without = {};
};

/// How a leg has ended.
enum class LegEnd : std::uint8_t {
  Open,     ///< not at all: a rule was broken before
  Reached,  ///< where the thread was to stop
  Blocked,  ///< nobody who may move can. The thread is free to move from here on
  Missed,   ///< the thread has come to its end without such a call
};

/// How an execution has ended. After the last leg all threads move.
struct OrderedEnd {
  std::string rule;  ///< that is broken; empty if none is
  std::vector<LegEnd> legs;

  friend bool operator==(const OrderedEnd&, const OrderedEnd&) = default;
  friend bool operator<(const OrderedEnd& a, const OrderedEnd& b) {
    return std::tie(a.rule, a.legs) < std::tie(b.rule, b.legs);
  }
};

struct OrderedResult {
  std::map<OrderedEnd, trace::Schedule> ends;  ///< with an execution for each
  std::uint64_t states = 0;
  /// How the legs of executions have ended that are left out (Leg::without), those that came to it.
  std::set<std::vector<LegEnd>> left_out;
  bool complete = false;  ///< all such executions were searched
};

/// Visits every state that the program comes to in this order. `nr_ordered`: the first threads are
/// those that move in the order only. Needs Program::rewindable(), throws InputError otherwise.
OrderedResult explore_ordered(Program& program, const std::vector<Leg>& legs, unsigned nr_ordered,
                              std::uint64_t states_max = 10'000'000);

}  // namespace mmcheck::explore

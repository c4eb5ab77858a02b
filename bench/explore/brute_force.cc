// SPDX-License-Identifier: Apache-2.0
// Compares the reduction with brute force on many random programs:
//   explore_brute_force [--programs N] [--seed FIRST] [--executions MAX] [--foreseeable]
//                       [--naive | --lanes SPEEDS]
// Brute force is sleep sets alone, or with --naive every schedule. With --lanes what is compared is
// a search in lanes, as if they ran at so many different speeds, with one in order. A program that
// has more than MAX executions is left out and does not count. What is wrong is made smaller and
// printed.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <chrono>

#include "compare.h"

namespace mmcheck::explore {
namespace {

struct Arguments {
  std::uint64_t nr_programs = 20'000;
  std::uint64_t first_seed = 1;
  std::uint64_t executions_max = 20'000;
  bool foreseeable = false;
  bool naive = false;
  std::uint64_t nr_speeds = 0;
};

struct Totals {
  std::uint64_t compared = 0, left_out = 0, wrong = 0;
  std::uint64_t expected = 0, dpor = 0, blocked = 0, violating = 0, stuck = 0;
};

Seen look_by_brute_force(RandomProgram& program, const Arguments& arguments) {
  if (arguments.naive) return look(program, Strategy::Naive, arguments.executions_max);
  return look_by_sleep_sets(program, arguments.executions_max);
}

/// Sleep sets and lanes do not come by the schedule with the fewest switches.
std::string compare_switches(const Seen& naive, const Seen& dpor) {
  const auto& counterexample = dpor.result.counterexample;
  if (!counterexample || counterexample->rule != "R-TEST") return {};
  if (counterexample->context_switches <= naive.fewest_switches) return {};
  return fmt::format("context switches: naive {}, dpor {}\n", naive.fewest_switches,
                     counterexample->context_switches);
}

/// Empty if all agree. Nothing: the program is too large.
std::optional<std::string> compare(std::uint64_t seed, const RandomOptions& options,
                                   const Arguments& arguments, Totals& totals) {
  RandomProgram program(seed, options);
  const bool in_lanes = arguments.nr_speeds > 0;
  const Seen expected = in_lanes ? look(program, Strategy::Dpor, arguments.executions_max)
                                 : look_by_brute_force(program, arguments);
  if (!expected.result.complete) return std::nullopt;
  totals.expected += expected.result.executions;
  if (!expected.violations.empty()) ++totals.violating;
  const auto& best = expected.result.counterexample;
  if (best && best->rule == "R-LIVE") ++totals.stuck;
  std::string wrong;
  for (std::uint64_t i = 0; i < std::max<std::uint64_t>(1, arguments.nr_speeds); ++i) {
    const Seen seen = in_lanes ? look_in_lanes(seed, options, lanes_of_speeds(seed * 1000 + i))
                               : look(program, Strategy::Dpor, ~std::uint64_t{0});
    totals.dpor += seen.result.executions;
    totals.blocked += seen.result.blocked;
    wrong = difference(expected, seen);
    if (arguments.naive) wrong += compare_switches(expected, seen);
    if (!wrong.empty()) break;
  }
  return wrong;
}

void compare_one(std::uint64_t seed, const Arguments& arguments, Totals& totals) {
  const RandomOptions options =
      arguments.foreseeable ? foreseeable_options_of(seed) : options_of(seed);
  const auto wrong = compare(seed, options, arguments, totals);
  if (!wrong) {
    ++totals.left_out;
    return;
  }
  ++totals.compared;
  if (wrong->empty() || ++totals.wrong > 20) return;
  Totals ignored;
  const RandomOptions smaller = make_smaller(seed, options, [&](const RandomOptions& less) {
    const auto still = compare(seed, less, arguments, ignored);
    return still && !still->empty();
  });
  fmt::print("seed {}:\n{}the smallest that is wrong leaves out {:#x}:\n{}\n", seed, *wrong,
             smaller.left_out, RandomProgram(seed, smaller).text());
}

}  // namespace
}  // namespace mmcheck::explore

int main(int argc, char** argv) {
  using namespace mmcheck::explore;
  Arguments arguments;
  CLI::App app("Compares the reduction with brute force on random programs.");
  app.add_option("--programs", arguments.nr_programs, "how many are compared");
  app.add_option("--seed", arguments.first_seed, "of the first");
  app.add_option("--executions", arguments.executions_max, "a program with more is left out");
  app.add_flag("--foreseeable", arguments.foreseeable, "programs that are foreseeable()");
  auto* naive = app.add_flag("--naive", arguments.naive, "every schedule");
  app.add_option("--lanes", arguments.nr_speeds, "in lanes, at so many speeds")->excludes(naive);
  CLI11_PARSE(app, argc, argv);

  Totals totals;
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t seed = arguments.first_seed; totals.compared < arguments.nr_programs; ++seed) {
    compare_one(seed, arguments, totals);
  }
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  fmt::print(
      "{} programs compared, {} left out, {} WRONG\n"
      "executions: {} expected, dpor {} and {} cut short; programs with a violation {}, with a "
      "deadlock as the best counterexample {}; {:.1f} s\n",
      totals.compared, totals.left_out, totals.wrong, totals.expected, totals.dpor, totals.blocked,
      totals.violating, totals.stuck, time.count());
  return totals.wrong == 0 ? 0 : 1;
}

// SPDX-License-Identifier: Apache-2.0
// Compares the reduction with brute force on many random programs:
//   explore_brute_force [PROGRAMS=20000] [FIRST_SEED=1] [EXECUTIONS_MAX=20000]
// A program that has more schedules than EXECUTIONS_MAX is left out and does not count.
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "compare.h"

namespace mmcheck::explore {
namespace {

struct Totals {
  std::uint64_t compared = 0, left_out = 0, wrong = 0;
  std::uint64_t naive = 0, dpor = 0, blocked = 0, violating = 0, stuck = 0;
};

void compare_one(std::uint64_t seed, std::uint64_t executions_max, Totals& totals) {
  RandomProgram program(
      seed, {.violations = seed % 3 == 0, .steps_max = 2 + static_cast<unsigned>(seed % 4)});
  Seen naive = look(program, Strategy::Naive, executions_max);
  if (!naive.result.complete) {
    ++totals.left_out;
    return;
  }
  Seen dpor = look(program, Strategy::Dpor, ~std::uint64_t{0});
  ++totals.compared;
  totals.naive += naive.result.executions;
  totals.dpor += dpor.result.executions;
  totals.blocked += dpor.result.blocked;
  if (!naive.violations.empty()) ++totals.violating;
  if (naive.result.counterexample && naive.result.counterexample->rule == "R-LIVE") ++totals.stuck;
  std::string wrong = difference(naive, dpor);
  if (dpor.fewest_switches != ~0u || naive.fewest_switches != ~0u) {
    unsigned found = dpor.result.counterexample ? dpor.result.counterexample->context_switches : 99;
    bool by_step = dpor.result.counterexample && dpor.result.counterexample->rule == "R-TEST";
    if (by_step && found > naive.fewest_switches) {
      wrong += "context switches: naive " + std::to_string(naive.fewest_switches) + ", dpor " +
               std::to_string(found) + "\n";
    }
  }
  if (wrong.empty()) return;
  if (++totals.wrong <= 20) {
    std::printf("seed %llu (%zu instructions):\n%s%s", static_cast<unsigned long long>(seed),
                program.nr_instructions(), wrong.c_str(), program.text().c_str());
  }
}

}  // namespace
}  // namespace mmcheck::explore

int main(int argc, char** argv) {
  using namespace mmcheck::explore;
  auto number = [&](int i, std::uint64_t otherwise) {
    return i < argc ? std::strtoull(argv[i], nullptr, 10) : otherwise;
  };
  std::uint64_t nr_programs = number(1, 20'000);
  std::uint64_t first = number(2, 1);
  std::uint64_t executions_max = number(3, 20'000);
  Totals totals;
  auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t seed = first; totals.compared < nr_programs; ++seed) {
    compare_one(seed, executions_max, totals);
  }
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf(
      "%llu programs compared, %llu left out, %llu WRONG\n"
      "executions: naive %llu, dpor %llu and %llu cut short; programs with a violation %llu, with "
      "a deadlock as the best counterexample %llu; %.1f s\n",
      static_cast<unsigned long long>(totals.compared),
      static_cast<unsigned long long>(totals.left_out),
      static_cast<unsigned long long>(totals.wrong), static_cast<unsigned long long>(totals.naive),
      static_cast<unsigned long long>(totals.dpor), static_cast<unsigned long long>(totals.blocked),
      static_cast<unsigned long long>(totals.violating),
      static_cast<unsigned long long>(totals.stuck), seconds);
  return totals.wrong == 0 ? 0 : 1;
}

// SPDX-License-Identifier: Apache-2.0
// As bench/explore/brute_force.cc, for programs on page-table entries and TLBs: the reduced search,
// which offers stale translations only where no reordering covers them and orders invalidations by
// happens-before, against brute force in real time.
//   tlb_brute_force [PROGRAMS=20000] [FIRST_SEED=1] [EXECUTIONS_MAX=20000]
#include <cstdio>
#include <cstdlib>
#include <set>

#include "tlb_program.h"

namespace mmcheck::machine::testing {
namespace {

struct Seen {
  std::set<std::uint64_t> outcomes;
  explore::Result result;
};

Seen look(TlbProgram& program, explore::Strategy strategy, std::uint64_t executions_max) {
  Seen seen;
  seen.result = explore::explore(program, {.strategy = strategy, .executions_max = executions_max},
                                 [&](std::uint64_t hash) { seen.outcomes.insert(hash); });
  return seen;
}

struct Totals {
  unsigned long long compared = 0, left_out = 0, wrong = 0, naive = 0, dpor = 0;
};

void compare_one(std::uint64_t seed, std::uint64_t executions_max, Totals& totals) {
  std::mt19937_64 random(seed);
  const unsigned nr_threads = 2 + static_cast<unsigned>(seed % 2);
  const Arch& arch = seed % 5 == 0 ? s390() : x86_64();
  TlbProgram program = random_program(random, arch, nr_threads, nr_threads == 2 ? 3 : 2);
  const Seen naive = look(program, explore::Strategy::Naive, executions_max);
  if (!naive.result.complete) {
    ++totals.left_out;
    return;
  }
  const Seen dpor = look(program, explore::Strategy::Dpor, ~std::uint64_t{0});
  ++totals.compared;
  totals.naive += naive.result.executions;
  totals.dpor += dpor.result.executions;
  if (dpor.outcomes == naive.outcomes) return;
  ++totals.wrong;
  std::printf("seed %llu: naive %zu outcomes, dpor %zu\n%s", static_cast<unsigned long long>(seed),
              naive.outcomes.size(), dpor.outcomes.size(), program.describe().c_str());
}

}  // namespace
}  // namespace mmcheck::machine::testing

int main(int argc, char** argv) {
  using namespace mmcheck::machine::testing;
  const auto number = [&](int i, std::uint64_t otherwise) {
    return i < argc ? std::strtoull(argv[i], nullptr, 10) : otherwise;
  };
  const std::uint64_t wanted = number(1, 20'000);
  const std::uint64_t executions_max = number(3, 20'000);
  Totals totals;
  for (std::uint64_t seed = number(2, 1); totals.compared < wanted; ++seed) {
    compare_one(seed, executions_max, totals);
  }
  std::printf(
      "%llu programs compared, %llu left out, %llu WRONG; executions: naive %llu, dpor %llu\n",
      totals.compared, totals.left_out, totals.wrong, totals.naive, totals.dpor);
  return totals.wrong == 0 ? 0 : 1;
}

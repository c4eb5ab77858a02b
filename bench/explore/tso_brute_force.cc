// SPDX-License-Identifier: Apache-2.0
// As brute_force.cc, for memory under x86-TSO: the search on explore::Memory against store buffers
// written out, every interleaving of instructions and drains. Also counts doubles: executions with
// the same reads-from relation and coherence order.
//   tso_brute_force [PROGRAMS=20000] [FIRST_SEED=1] [EXECUTIONS_MAX=20000]
#include <cstdio>
#include <cstdlib>

#include "tso_program.h"

namespace mmcheck::explore {
namespace {

struct Totals {
  unsigned long long compared = 0, left_out = 0, wrong = 0, doubles = 0;
  unsigned long long interleavings = 0, executions = 0, blocked = 0;
};

void compare_one(std::uint64_t seed, std::uint64_t executions_max, Totals& totals) {
  const TsoCode code = random_tso_code(seed);
  const TsoSeen all = run_on_buffers(code, executions_max);
  if (!all.result.complete) {
    ++totals.left_out;
    return;
  }
  const TsoSeen seen = run_on_memory(code, MemoryModel::Tso, Strategy::Dpor, ~std::uint64_t{0});
  ++totals.compared;
  totals.interleavings += all.result.executions;
  totals.executions += seen.result.executions;
  totals.blocked += seen.result.blocked;
  const std::set<TsoOutcome> expected(all.outcomes.begin(), all.outcomes.end());
  const std::set<TsoOutcome> found(seen.outcomes.begin(), seen.outcomes.end());
  totals.doubles += seen.outcomes.size() - found.size();
  if (expected == found) return;
  ++totals.wrong;
  std::printf("seed %llu: buffers %zu outcomes, memory %zu\n%s",
              static_cast<unsigned long long>(seed), expected.size(), found.size(),
              code.text().c_str());
}

}  // namespace
}  // namespace mmcheck::explore

int main(int argc, char** argv) {
  using namespace mmcheck::explore;
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
      "%llu programs compared, %llu left out, %llu WRONG, %llu doubles\n"
      "interleavings %llu, executions %llu and %llu cut short\n",
      totals.compared, totals.left_out, totals.wrong, totals.doubles, totals.interleavings,
      totals.executions, totals.blocked);
  return totals.wrong == 0 && totals.doubles == 0 ? 0 : 1;
}

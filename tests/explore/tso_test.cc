// SPDX-License-Identifier: Apache-2.0
// TSO against store buffers written out, each drain a step, every interleaving.
#include <gtest/gtest.h>

#include "sanitized.h"
#include "tso_program.h"

namespace mmcheck::explore {
namespace {

std::set<TsoOutcome> distinct(const TsoSeen& seen) {
  return {seen.outcomes.begin(), seen.outcomes.end()};
}

void compare(std::uint64_t seed, MemoryModel model, unsigned& nr_compared) {
  const TsoCode code = random_tso_code(seed);
  const TsoSeen all = model == MemoryModel::Tso
                          ? run_on_buffers(code, 20'000)
                          : run_on_memory(code, model, Strategy::Naive, 20'000);
  if (!all.result.complete) return;
  ++nr_compared;
  const TsoSeen seen = run_on_memory(code, model, Strategy::Dpor, ~std::uint64_t{0});
  ASSERT_TRUE(seen.result.complete);
  EXPECT_EQ(distinct(seen), distinct(all)) << "seed " << seed << "\n" << code.text();
  // One execution for each: no doubles.
  EXPECT_EQ(seen.outcomes.size(), distinct(seen).size()) << "seed " << seed << "\n" << code.text();
}

TEST(Tso, SeesWhatStoreBuffersDo) {
  unsigned nr_compared = 0;
  for (std::uint64_t seed = 1; nr_compared < fewer_if_sanitized(1500) && !HasFailure(); ++seed) {
    compare(seed, MemoryModel::Tso, nr_compared);
  }
}

TEST(Tso, WithoutBuffersTheMemoryIsSequentiallyConsistent) {
  unsigned nr_compared = 0;
  for (std::uint64_t seed = 1; nr_compared < fewer_if_sanitized(500) && !HasFailure(); ++seed) {
    compare(seed, MemoryModel::Sc, nr_compared);
  }
}

}  // namespace
}  // namespace mmcheck::explore

// SPDX-License-Identifier: Apache-2.0
// The two engines agree on every cell of the matrix that is small: whether a rule is broken is
// asked of one execution per class, and of every state.
#include <gtest/gtest.h>

#include "explore/fiber.h"
#include "model.h"

namespace mmcheck::testing {
namespace {

constexpr std::uint64_t kExecutionsMax = 500;

// Which rule it is may differ: each stops at the first violation that it comes to.
TEST(States, SayWhatExecutionsSay) {
  if (!explore::Fibers::can_restore()) GTEST_SKIP() << "states cannot be told in this build";
  unsigned nr_held = 0;
  unsigned nr_violated = 0;
  for (const std::string& name : catalog_names()) {
    const workload::Scenario scenario = catalog(name);
    for (const design::Design* design : designs_of(scenario)) {
      const Cell executions = search(scenario, *design, {.executions_max = kExecutionsMax});
      if (executions.verdict == "incomplete") continue;
      const Cell states = search(scenario, *design, {.strategy = explore::Strategy::Stateful});
      EXPECT_TRUE(states.result.complete) << name << " under " << design->name;
      const bool violated = executions.result.counterexample.has_value();
      EXPECT_EQ(states.result.counterexample.has_value(), violated)
          << name << " under " << design->name << ": " << executions.verdict << ", and "
          << states.verdict;
      ++(violated ? nr_violated : nr_held);
    }
  }
  EXPECT_GT(nr_held, 800u);
  EXPECT_GT(nr_violated, 300u);
}

}  // namespace
}  // namespace mmcheck::testing

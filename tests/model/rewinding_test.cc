// SPDX-License-Identifier: Apache-2.0
// Taking steps back must not be told from running each execution from its beginning. A piece of
// the model's state that is neither in a word nor kept, or a local variable that owns memory, would
// show here.
#include <gtest/gtest.h>

#include <set>

#include "model.h"

namespace mmcheck::testing {
namespace {

constexpr std::uint64_t kExecutionsMax = 3'000;

struct Seen {
  explore::Result result;
  std::multiset<std::uint64_t> outcomes;
  std::string findings;
};

Seen search(const workload::Scenario& scenario, const design::Design& design,
            workload::Rewinding rewinding, explore::OnViolation on_violation,
            explore::MemoryModel memory = explore::MemoryModel::Sc) {
  workload::ScenarioProgram program(scenario, design, memory, rewinding);
  Seen seen;
  const explore::Options options{.on_violation = on_violation, .executions_max = kExecutionsMax};
  seen.result =
      explore::explore(program, options, [&](std::uint64_t hash) { seen.outcomes.insert(hash); });
  seen.findings = program.findings();
  return seen;
}

void expect_same(const Seen& rewound, const Seen& run_again) {
  const explore::Result& a = rewound.result;
  const explore::Result& b = run_again.result;
  EXPECT_EQ(a.executions, b.executions);
  EXPECT_EQ(a.blocked, b.blocked);
  EXPECT_EQ(a.complete, b.complete);
  EXPECT_EQ(rewound.outcomes, run_again.outcomes);
  EXPECT_EQ(rewound.findings, run_again.findings);
  ASSERT_EQ(a.counterexample.has_value(), b.counterexample.has_value());
  if (!a.counterexample) return;
  EXPECT_EQ(a.counterexample->rule, b.counterexample->rule);
  EXPECT_EQ(a.counterexample->steps, b.counterexample->steps);
  EXPECT_EQ(trace::encode(a.counterexample->schedule), trace::encode(b.counterexample->schedule));
}

TEST(Rewinding, CannotBeToldFromRunningAgain) {
  for (const std::string& name : catalog_names()) {
    const workload::Scenario scenario = catalog(name);
    // Early rmap, delayed rmap, and TLBs that follow at once: between them they use all paths.
    for (const char* design_name :
         {"linux-6.1", "linux-6.12", "linux-6.1-s390", "linux-6.12-arm64"}) {
      SCOPED_TRACE(name + " on " + design_name);
      const design::Design& design = *design::find_design(design_name);
      for (const auto on_violation : {explore::OnViolation::Stop, explore::OnViolation::Continue}) {
        expect_same(search(scenario, design, workload::Rewinding::Yes, on_violation),
                    search(scenario, design, workload::Rewinding::No, on_violation));
      }
    }
  }
}

// Store buffers are state too.
TEST(Rewinding, CannotBeToldFromRunningAgainUnderTso) {
  const auto search_tso = [](const workload::Scenario& scenario, const design::Design& design,
                             workload::Rewinding rewinding) {
    return search(scenario, design, rewinding, explore::OnViolation::Continue,
                  explore::MemoryModel::Tso);
  };
  for (const std::string& name : catalog_names()) {
    const workload::Scenario scenario = catalog(name);
    for (const char* design_name : {"linux-6.12", "linux-6.1-s390"}) {
      SCOPED_TRACE(name + " on " + design_name);
      const design::Design& design = *design::find_design(design_name);
      expect_same(search_tso(scenario, design, workload::Rewinding::Yes),
                  search_tso(scenario, design, workload::Rewinding::No));
    }
  }
}

// What makes searches fast is that steps are taken back: the steps made must be few.
TEST(Rewinding, SavesSteps) {
  const workload::Scenario scenario = catalog("munmap+store+msync");
  const design::Design& design = *design::find_design("linux-6.12");
  const Seen rewound =
      search(scenario, design, workload::Rewinding::Yes, explore::OnViolation::Stop);
  const Seen run_again =
      search(scenario, design, workload::Rewinding::No, explore::OnViolation::Stop);
#if !defined(__SANITIZE_ADDRESS__)
  EXPECT_LT(rewound.result.steps * 2, run_again.result.steps);
#endif
}

}  // namespace
}  // namespace mmcheck::testing

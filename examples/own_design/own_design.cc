// SPDX-License-Identifier: Apache-2.0
// A design of one's own: what if only the rmap waited for the flush, and the D bit travelled with
// the page as in the proposal of 29 Oct 2022? The answer for any scenario: own_design FILE.litmus
#include <cstdio>

#include "base/error.h"
#include "design/policies.h"
#include "explore/explorer.h"
#include "workload/program.h"

using namespace mmcheck;

namespace {

class DelayedRmapLateDirty final : public mm::ZapPolicy {
 public:
  Treatment treat(const mm::zap_entry& entry) const override {
    Treatment treatment = design::kDelayedRmap.treat(entry);
    treatment.dirty = mm::DirtyTransfer::WithBatch;
    return treatment;
  }
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) throw InputError("usage: own_design FILE.litmus");
  const DelayedRmapLateDirty zap;
  const mm::Policies policies{
      .zap = &zap, .gather = &design::kLocalAndActive, .arch = &machine::x86_64()};
  const design::Design mine{"mine", "delayed rmap, late dirty", "an idea", &policies};
  const workload::Scenario scenario = workload::load_scenario(argv[1]);
  workload::ScenarioProgram program(scenario, mine);
  const explore::Result result = explore::explore(program, {});
  std::printf("%s: %s after %llu executions\n", scenario.name.c_str(),
              result.counterexample ? result.counterexample->rule.c_str() : "held",
              static_cast<unsigned long long>(result.executions));
  return result.counterexample ? 1 : 0;
} catch (const InputError& error) {
  std::fprintf(stderr, "%s:%u: %s\n", error.place().file.c_str(), error.place().line, error.what());
  return 2;
}

// SPDX-License-Identifier: Apache-2.0
// A complete check: can one of two increments be lost?
#include <cstdio>

#include "explore/explorer.h"
#include "explore/scenario.h"

using namespace mmcheck::explore;

int main() {
  Scenario s;
  Word x = s.word("x");
  for (int i = 0; i < 2; ++i) s.thread("inc", [=] { x.store(x.load() + 1); });
  s.finally([=](Checker& c) { c.require(x.value() == 2, "no increment is lost"); });

  Result result = explore(s, {});
  if (!result.counterexample) return 0;
  mmcheck::trace::Record record = replay(s, result.counterexample->schedule);
  for (const auto& step : record.steps) {
    std::printf("thread %u: %s", to_index(step.thread), step.text.c_str());
    for (const auto& note : step.notes) std::printf(", %s", note.c_str());
    for (const auto& change : step.changes) {
      std::printf(", %s -> %s", change.before.c_str(), change.after.c_str());
    }
    std::printf("\n");
  }
  std::printf("broken: %s\n", record.violation->what.c_str());
  return 1;
}

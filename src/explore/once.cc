// SPDX-License-Identifier: Apache-2.0
// One execution, for what it does and not for what others might do.
#include <bit>
#include <limits>
#include <string>

#include "base/error.h"
#include "explore/engine.h"
#include "explore/explorer.h"

namespace mmcheck::explore {

void run_once(Program& program, const StepFunction& on_step) {
  Engine engine(program, {.logging = false,
                          .real_time = true,
                          .steps_max = std::numeric_limits<std::uint64_t>::max(),
                          .objects_max = kObjectsMaxOfAll});
  engine.begin();
  while (!engine.violated()) {
    const std::uint32_t enabled = engine.enabled();
    if (enabled == 0) break;
    const auto thread = static_cast<unsigned>(std::countr_zero(enabled));
    std::uint64_t labels[Alternatives::kMax];
    engine.list(thread, labels);
    engine.run(thread, labels[0]);
    on_step(ThreadId{static_cast<std::uint8_t>(thread)});
  }
  if (engine.conclude() == Ending::Complete) return;
  throw InternalError("a run that is not searched breaks " +
                      std::string(engine.reported()->violation.rule));
}

}  // namespace mmcheck::explore

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"

namespace mmcheck::trace {

/// One decision of the explorer: which thread makes the next step, and which of the step's
/// alternatives it takes. `alternative` is the alternative's label (0 where the step has none).
struct Choice {
  ThreadId thread{};
  std::uint64_t alternative = 0;

  friend bool operator==(const Choice&, const Choice&) = default;
};

/// A schedule identifies an execution: it replays to the same bytes anywhere.
using Schedule = std::vector<Choice>;

/// The schedule as a word of [0-9a-z.*:]: runs of one thread as "THREAD*LENGTH", a label as
/// "THREAD:LABEL", joined by dots: "0*4.2.1:7.0*2" (thread 0 four times, 2 once, 1 with label 7
/// ...).
std::string encode(const Schedule& schedule);

/// Inverse of encode. Throws InputError that says at which character what was expected.
Schedule decode(std::string_view text);

}  // namespace mmcheck::trace

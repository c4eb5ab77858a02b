// SPDX-License-Identifier: Apache-2.0
// Every class by sleep sets alone: what every step may do is tried at every state, unless it
// sleeps. It knows nothing of races or of what to try first, so that it misses nothing by a mistake
// there, and it takes far less time than every schedule.
//
//   P. Godefroid: "Partial-Order Methods for the Verification of Concurrent Systems", LNCS 1032,
//   1996, chapter 5.
#pragma once

#include "explore/search.h"

namespace mmcheck::explore {

/// Result::complete says whether it came to its end. Executions that are cut short because all that
/// could follow sleeps count as blocked, and against `cuts_max`.
Result search_sleep_sets(Program& program, Tally& tally, std::uint64_t cuts_max);

}  // namespace mmcheck::explore

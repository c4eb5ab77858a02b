// SPDX-License-Identifier: Apache-2.0
#include "explore/explorer.h"

#include "base/error.h"
#include "explore/search.h"

namespace mmcheck::explore {

Result explore_observed(Program& program, const ProgramFactory& more_programs,
                        const Options& options, const OutcomeFunction& on_outcome,
                        const EndFunction& on_end) {
  if (options.strategy == Strategy::Dpor) {
    Result result = search_dpor(program, more_programs, options, on_outcome, on_end);
    result.coverage = result.complete ? Coverage::Complete : Coverage::CutShort;
    return result;
  }
  Tally tally(program, options, on_outcome, on_end);
  switch (options.strategy) {
    case Strategy::Naive:
      return search_naive(program, tally);
    case Strategy::Bounded:
      return search_bounded(program, tally);
    case Strategy::Random:
      return search_random(program, tally);
    case Strategy::Pct:
      return search_pct(program, tally);
    case Strategy::Stateful:
      return search_stateful(program, tally);
    case Strategy::Dpor:
      break;
  }
  throw InternalError("no such strategy");
}

Result explore(Program& program, const Options& options, const OutcomeFunction& on_outcome) {
  return explore_observed(program, {}, options, on_outcome, {});
}

Result explore(Program& program, const ProgramFactory& more_programs, const Options& options,
               const OutcomeFunction& on_outcome) {
  return explore_observed(program, more_programs, options, on_outcome, {});
}

}  // namespace mmcheck::explore

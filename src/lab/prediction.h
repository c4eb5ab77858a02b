// SPDX-License-Identifier: Apache-2.0
// What the model says of an order: all that can come of it, under one design.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "design/design.h"
#include "explore/ordered.h"
#include "lab/forced_schedule.h"
#include "workload/scenario.h"

namespace mmcheck::lab {

struct RoundResult;

/// One way in which the order can end.
struct PredictedEnd {
  /// R-WRITE is broken. That is so as soon as nobody can write the store back any more, whatever is
  /// stored there later.
  bool lost = false;
  /// How each segment ended; where a write was lost before it, Open: that says nothing.
  std::vector<explore::LegEnd> segments;
};

struct Prediction {
  /// None, where an access is to go through an entry that no TLB has at that time, in no execution.
  std::vector<PredictedEnd> ends;
  std::uint64_t states = 0;

  bool is_impossible() const { return ends.empty(); }
  /// Whether a write is lost; nothing where both can be, or the order is impossible.
  std::optional<bool> is_lost() const;
  /// The segments whose thread is blocked, of those ends that are `lost` or not: by all of these
  /// ends, or by none; nothing where they differ.
  std::optional<std::vector<unsigned>> blocked(bool lost) const;
  /// Whether what was seen is one of the ends; where the order is impossible, that the access has
  /// faulted.
  bool allows(const RoundResult& round) const;
};

/// Makes the threads of the model move in the order, in all ways in which they can. Throws
/// InputError where the model has no such place, and says which: the order counts statements, or
/// stops at a function for which the model has no step.
Prediction predict(const workload::Scenario& scenario, const design::Design& design,
                   const ForcedSchedule& schedule);

}  // namespace mmcheck::lab

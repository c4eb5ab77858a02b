// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "explore/execution.h"

namespace mmcheck::explore {

/// A vector clock: for each thread, how many of its steps happen before (or are) the step. The
/// number of lanes is fixed so that the loops become a few vector instructions without branches.
struct alignas(64) Clock {
  std::uint16_t lane[kThreadsMax] = {};

  void join(const Clock& other) {
    for (unsigned i = 0; i < kThreadsMax; ++i) lane[i] = std::max(lane[i], other.lane[i]);
  }

  /// In how many lanes this clock is ahead of the other.
  unsigned lanes_ahead(const Clock& other) const {
    std::uint16_t nr_ahead = 0;
    for (unsigned i = 0; i < kThreadsMax; ++i) {
      nr_ahead = static_cast<std::uint16_t>(nr_ahead + (lane[i] > other.lane[i] ? 1 : 0));
    }
    return nr_ahead;
  }
};

}  // namespace mmcheck::explore

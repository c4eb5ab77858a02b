// SPDX-License-Identifier: Apache-2.0
// Programs on the interface below Scenario, for tests of the engine itself. Those with published
// numbers of executions are in examples/classic.
#pragma once

#include "script.h"

namespace mmcheck::explore {

/// n threads add one to a counter, atomically or under a lock: n!.
Script ainc(unsigned n);
Script lockinc(unsigned n);
/// Readers and one writer of a readers-writer lock. Readers that do not release it block the
/// writer.
Script rwlock(unsigned nr_readers, bool readers_release);

struct RaceOptions {
  unsigned nr_writers = 1;
  unsigned nr_cleaners = 1;
  bool buggy = false;  ///< the mapping is forgotten before the TLBs are flushed
};
/// zap_pte_range against a stale TLB entry and writeback.
Script race(const RaceOptions& options);

}  // namespace mmcheck::explore

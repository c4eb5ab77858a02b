// SPDX-License-Identifier: Apache-2.0
// Programs with published numbers of executions.
#pragma once

#include "script.h"

namespace mmcheck::explore {

/// One thread writes x, n threads read it: 2^n.
Script readers(unsigned n);
/// Abdulla et al., JACM 2017: thread 0 looks for the last zero, thread j copies a[j-1] + 1 to a[j].
Script lastzero(unsigned n);
/// n threads add one to a counter, atomically or under a lock: n!.
Script ainc(unsigned n);
Script lockinc(unsigned n);
/// SV-COMP fib_bench: two threads n times i += j and j += i, main reads both without waiting.
Script fib_bench(unsigned n);
/// Flanagan and Godefroid, POPL 2005: threads put four keys each into a hash table of 128.
Script indexer(unsigned n);
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

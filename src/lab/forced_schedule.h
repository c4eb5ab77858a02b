// SPDX-License-Identifier: Apache-2.0
// In which order the threads of a scenario are made to move on a real kernel: which thread runs,
// and how far, before the next one does.
#pragma once

#include <string>
#include <vector>

#include "trace/record.h"
#include "workload/scenario.h"

namespace mmcheck::lab {

/// How far a thread runs.
struct Stop {
  enum class Kind : std::uint8_t {
    End,        ///< all its statements
    Statement,  ///< so many statements
    Entry,      ///< to the beginning of a function of the kernel
    Return,     ///< to the return of one
  };
  Kind kind = Kind::End;
  unsigned statements = 0;
  std::string function = {};
  unsigned time = 1;  ///< of a function: at which of its calls, from where the thread is
};

/// Its text, as in "P0@flush_tlb_mm_range".
std::string to_string(const Stop& stop);

struct Segment {
  unsigned thread = 0;
  Stop stop;
  std::string remark = {};  ///< what is to be said of the stop: where it stands for a step
  /// It accesses memory through an entry that only its TLB still has. A TLB may lose an entry at
  /// any time; then the access faults, and the order has not been forced.
  bool stale = false;
};

/// When all segments are over, all threads run to their ends.
struct ForcedSchedule {
  std::vector<Segment> segments;
};

std::string to_string(const ForcedSchedule& schedule);

/// "P0@flush_tlb_mm_range P2 P1#1": the first thread to the beginning of the function, the third to
/// its end, the second over one statement. "P0@f+" is the return of f, "P0@f*3" its third call.
/// With
/// "~P1" the thread uses an entry that only its TLB still has (Segment::stale). Throws InputError.
ForcedSchedule parse_forced_schedule(const std::string& text, const workload::Scenario& scenario);

class StepTable;

/// The order of a counterexample, up to the step that breaks the rule. Where a thread stops within
/// a call, it is held at the kernel's function that comes with the last step that is in the table.
/// Throws InputError if the kernel has no place for it.
ForcedSchedule derive(const trace::Record& record, const workload::Scenario& scenario,
                      const StepTable& table);

}  // namespace mmcheck::lab

// SPDX-License-Identifier: Apache-2.0
// One recorded execution, in words. What reports are made of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "trace/schedule.h"
#include "trace/vocabulary.h"

namespace mmcheck::trace {

/// Up to four steps: more are left out. Those that are not given are kNoEvent.
class Events {
 public:
  constexpr Events() = default;
  constexpr Events(std::initializer_list<EventId> events) {
    EventId* next = list_;
    for (const EventId event : events) {
      if (next != std::end(list_)) *next++ = event;
    }
  }

  constexpr EventId& operator[](std::size_t i) { return list_[i]; }
  constexpr const EventId* begin() const { return list_; }
  constexpr const EventId* end() const { return list_ + std::size(list_); }
  constexpr EventId* begin() { return list_; }
  constexpr EventId* end() { return list_ + std::size(list_); }

 private:
  EventId list_[4] = {kNoEvent, kNoEvent, kNoEvent, kNoEvent};
};

/// A broken rule, as the program reports it. Trivial on purpose: it is made on a fiber's stack that
/// is abandoned afterwards.
struct Violation {
  std::string_view rule{};  ///< "R-WRITE"; must outlive the execution (a literal)
  StepText what{};          ///< what happened: "{} is freed while {} maps it"
  std::string_view why{};   ///< which order would have prevented it (a literal)
  /// The steps that together break the rule; the last of them, in the order of the execution, is
  /// the step at which it is broken. If none is given it is the step that reported.
  Events events{};
};

struct Change {
  std::string object;
  std::string before;
  std::string after;
  Detail detail = Detail::Major;
};

struct StepRecord {
  EventId event{};
  ThreadId thread{};
  CpuId cpu{};
  std::string text;
  Detail detail = Detail::Major;
  bool interrupt = false;  ///< made by an interrupt handler on this CPU
  std::vector<Change> changes;
  std::vector<std::string> notes;  ///< remarks of the program: "through a stale TLB entry"
};

struct ThreadRecord {
  std::string name;
  CpuId cpu{};
  bool interrupt = false;
  bool part_of_cpu = false;  ///< a store buffer: its steps are shown as the CPU's own
};

struct ViolationRecord {
  std::string rule;
  std::string what;
  std::string why;
  EventId broken_at{};          ///< the step that breaks the rule
  std::vector<EventId> events;  ///< the steps that together break it
};

/// A whole execution.
struct Record {
  std::vector<ThreadRecord> threads;
  std::vector<StepRecord> steps;
  std::optional<ViolationRecord> violation;
  Schedule schedule;
};

}  // namespace mmcheck::trace

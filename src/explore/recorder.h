// SPDX-License-Identifier: Apache-2.0
// Puts one execution into words while it is replayed.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "explore/access.h"
#include "explore/execution.h"
#include "trace/record.h"

namespace mmcheck::explore {

class Recorder {
 public:
  void add_object(const trace::ObjectText& text) { objects_.push_back(text); }
  void add_thread(std::string_view name, CpuId cpu, bool interrupt);
  void make_part_of_cpu(ThreadId thread) { record_.threads[to_index(thread)].part_of_cpu = true; }
  void begin_step(ThreadId thread, std::uint64_t label, const trace::StepText& text);
  /// `accesses` are the step's, each word once; `words` are as the step left them.
  void end_step(std::span<const LoggedAccess> accesses, const std::uint64_t* words);
  void note(const trace::StepText& text);
  void attribute_to(CpuId cpu);
  void violate(const trace::Violation& violation, EventId reporter);

  trace::Names& names() { return names_; }
  std::string object_name(ObjectId object) const;
  const trace::Record& record() const { return record_; }
  trace::Record take_record() { return std::move(record_); }

 private:
  trace::Names names_;
  std::vector<trace::ObjectText> objects_;
  trace::Record record_;
  trace::StepText text_;  ///< of the step being made
};

/// The step at which the rule is broken: the last of those that the violation names, else the
/// reporting step.
EventId broken_at(const trace::Violation& violation, EventId reporter);

}  // namespace mmcheck::explore

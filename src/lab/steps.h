// SPDX-License-Identifier: Apache-2.0
// Where a real kernel is when the model has made a step.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/forced_schedule.h"
#include "lab/symbols.h"

namespace mmcheck::lab {

/// A place of a kernel: the state there is that after the step.
struct StepPlace {
  Stop stop;
  std::string remark;    ///< what differs; empty where nothing does
  bool per_step = true;  ///< the kernel comes there once for each such step
};

class StepTable {
 public:
  /// Keeps the reference.
  explicit StepTable(const Symbols& symbols) : symbols_(symbols) {}

  /// Whether there is an entry for the step, by its text.
  static bool has(std::string_view step);

  /// Whether one entry is for both.
  static bool is_alike(std::string_view step, std::string_view other);

  /// The first place of its entry that this kernel has. Throws InputError, which names what was
  /// looked for and the entry's neighbours that the kernel has, if it has none.
  StepPlace place_after(std::string_view step) const;

 private:
  const Symbols& symbols_;
};

}  // namespace mmcheck::lab

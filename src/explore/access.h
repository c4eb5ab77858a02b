// SPDX-License-Identifier: Apache-2.0
// How a step uses a word, and which uses conflict.
#pragma once

#include <cstdint>

#include "base/types.h"

namespace mmcheck::explore {

/// The public Access, and ReadAdd: an addition that counts as reading against other readers.
enum class Mode : std::uint8_t { Read, ReadAdd, Write, Commute };

/// The matrix of execution.h. One row of bits per mode, one bit per mode of the other access.
constexpr bool conflict(Mode a, Mode b) {
  constexpr unsigned kRows[] = {0b1100, 0b1100, 0b1111, 0b0111};
  return (kRows[static_cast<unsigned>(a)] >> static_cast<unsigned>(b)) & 1u;
}

/// The weakest mode that conflicts with whatever one of the two conflicts with.
constexpr Mode merge(Mode a, Mode b) {
  if (a == b) return a;
  bool reading = (a == Mode::Read || a == Mode::ReadAdd) && (b == Mode::Read || b == Mode::ReadAdd);
  return reading ? Mode::ReadAdd : Mode::Write;
}

/// One access of one step. A step's accesses of one word are merged before it enters the log.
struct StepAccess {
  std::uint64_t delta = 0;  ///< by how much the word changes
  ObjectId object{};
  Mode mode = Mode::Read;
  bool guard = false;       ///< the step waits for a value of this word
  bool value_read = false;  ///< which words the step uses may depend on this one
  bool compares = false;    ///< the step writes the word if it has the value `expected`, else reads
  std::uint64_t expected = 0;
};

/// Makes one of two accesses of a word in a step.
inline void merge(StepAccess& known, const StepAccess& other) {
  known.mode = merge(known.mode, other.mode);
  known.delta += other.delta;
  known.guard |= other.guard;
  known.value_read |= other.value_read;
  if (!other.compares) return;
  known.compares = true;
  known.expected = other.expected;
}

/// Position in the log of accesses.
inline constexpr std::uint32_t kNoAccess = 0xffffffff;

/// As the log has it. A step notes its accesses where they will stand there.
struct LoggedAccess {
  StepAccess use;
  // What follows is known when the step enters the log.
  std::uint64_t before = 0;  ///< the word as the step found it
  std::uint32_t event = 0;
  std::uint32_t previous = kNoAccess;  ///< the access of the same word before this one
  std::uint16_t index = 0;             ///< of the event in its thread
  std::uint8_t thread = 0;
};

}  // namespace mmcheck::explore

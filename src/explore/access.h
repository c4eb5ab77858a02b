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

/// One access of one step. A step's accesses of one word are merged before they are logged.
struct StepAccess {
  std::uint64_t delta = 0;  ///< by how much the word changes
  ObjectId object{};
  Mode mode = Mode::Read;
  bool guard = false;       ///< the step waits for a value of this word
  bool value_read = false;  ///< which words the step uses may depend on this one
  bool compares = false;    ///< the step writes the word if it has the value `expected`, else reads
  std::uint64_t expected = 0;
};

}  // namespace mmcheck::explore

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <type_traits>

#include "explore/execution.h"

namespace mmcheck::explore {

/// A typed shared word. T is an integer, bool, enum or any trivial type of at most 8 bytes that
/// has to_word(T) and from_word<T> found as `T::from_word(std::uint64_t)` and `to_word() const`.
/// All accesses belong to the current step; announce the step first.
template <typename T>
class Cell {
 public:
  Cell() = default;
  Cell(Execution& execution, T initial, const trace::ObjectText& text)
      : execution_(&execution), id_(execution.new_object(encode(initial), text)) {}

  T read() const { return decode(execution_->read(id_)); }
  /// The accesses that the step makes do not depend on the value: see Execution::read_last.
  T read_last() const { return decode(execution_->read_last(id_)); }
  void write(T value) { execution_->write(id_, encode(value)); }
  /// Reads and replaces: an atomic read-modify-write.
  T exchange(T value) {
    T old = read();
    write(value);
    return old;
  }
  /// Replaces the value by Commute access: for updates whose order nobody can tell.
  void commute(T value) { execution_->commute(id_, encode(value)); }
  T peek() const { return decode(execution_->peek(id_)); }
  ObjectId id() const { return id_; }

  Guard is(T value) const { return Guard{.object = id_, .expected = encode(value)}; }
  Guard is_not(T value) const {
    return Guard{.object = id_, .expected = encode(value), .negated = true};
  }

 private:
  static std::uint64_t encode(T value) {
    if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
      return static_cast<std::uint64_t>(value);
    } else {
      return value.to_word();
    }
  }
  static T decode(std::uint64_t word) {
    if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
      return static_cast<T>(word);
    } else {
      return T::from_word(word);
    }
  }

  Execution* execution_ = nullptr;
  ObjectId id_{};
};

}  // namespace mmcheck::explore

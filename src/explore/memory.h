// SPDX-License-Identifier: Apache-2.0
// Ordinary memory: words that threads load, store and update atomically, each time in a step.
#pragma once

#include <cstdint>
#include <utility>

#include "explore/execution.h"

namespace mmcheck::explore {

enum class MemoryModel : std::uint8_t {
  Sc,   ///< sequentially consistent
  Tso,  ///< x86-TSO: a load may be made before stores that precede it in its thread
};

/// The words of one program. reset() first in Program::setup, then add() each word.
class Memory {
 public:
  explicit Memory(MemoryModel model = MemoryModel::Sc) : model_(model) {}

  MemoryModel model() const { return model_; }
  void reset(Execution& execution) { execution_ = &execution; }
  ObjectId add(std::uint64_t initial, const trace::ObjectText& text) {
    return execution_->new_object(initial, text);
  }

  /// A plain load: one step.
  std::uint64_t load(ObjectId word, const trace::StepText& text) {
    execution_->step(text);
    return execution_->read_last(word);
  }
  /// A plain store: one step, made when it reaches memory.
  void store(ObjectId word, std::uint64_t value, const trace::StepText& text) {
    execution_->step(text);
    execution_->write(word, value);
  }
  /// A locked read-modify-write, which is a full fence as well: one step. `change(old)` returns the
  /// new value. Returns the old one.
  template <typename Change>
  std::uint64_t update(ObjectId word, Change change, const trace::StepText& text) {
    execution_->step(text);
    std::uint64_t old = execution_->read_last(word);
    execution_->write(word, change(old));
    return old;
  }
  /// The same, but waits until the guard holds; it is on this word.
  template <typename Change>
  std::uint64_t update_when(const Guard& guard, Change change, const trace::StepText& text) {
    execution_->step_when(guard, text);
    std::uint64_t old = execution_->read_last(guard.object);
    execution_->write(guard.object, change(old));
    return old;
  }
  /// A load that waits until the guard holds: what a loop of loads comes to. One step.
  std::uint64_t load_when(const Guard& guard, const trace::StepText& text) {
    execution_->step_when(guard, text);
    return execution_->read_last(guard.object);
  }
  /// All stores of this thread have reached memory before its next load. No step.
  void fence() {}

  Execution& execution() { return *execution_; }
  std::uint64_t peek(ObjectId word) const { return execution_->peek(word); }

 private:
  Execution* execution_ = nullptr;
  MemoryModel model_;
};

}  // namespace mmcheck::explore

// SPDX-License-Identifier: Apache-2.0
// Ordinary memory: words that threads load, store and update atomically, each time in a step.
#pragma once

#include <cstdint>
#include <memory>

#include "explore/execution.h"

namespace mmcheck::explore {

inline constexpr ObjectId kNoObject{0xffff};

enum class MemoryModel : std::uint8_t {
  Sc,   ///< sequentially consistent
  Tso,  ///< x86-TSO: stores wait in a buffer of their CPU, and later loads overtake them
};

class StoreBuffers;

/// Told of each store to a word when it reaches memory, as part of that step.
class Landing {
 public:
  virtual void landed() = 0;

 protected:
  ~Landing() = default;
};

/// The words of one program. In Program::setup: reset(), add() for each word, start(), and spawn
/// the threads that use the memory before all others, so that their numbers begin with 0.
///
/// Under TSO each of these threads has a thread beside it that drains its buffer. See
/// store_buffers.h.
class Memory {
 public:
  explicit Memory(MemoryModel model = MemoryModel::Sc);
  ~Memory();
  Memory(Memory&&) noexcept;
  Memory& operator=(Memory&&) noexcept;

  MemoryModel model() const { return model_; }
  void reset(Execution& execution);
  ObjectId add(std::uint64_t initial, const trace::ObjectText& text);
  /// The same; `landing` is told of stores from a buffer. Of others, who makes them knows.
  ObjectId add(std::uint64_t initial, const trace::ObjectText& text, Landing& landing);
  /// After the threads were spawned. Throws InputError if they are too many for TSO.
  void start(unsigned nr_threads);
  /// After start(), under TSO: `word` is greater by `unit` for each store that the thread has made
  /// and that has not reached memory. Others may change it too, by Commute and by adding.
  void count_stores(ThreadId thread, ObjectId word, std::uint64_t unit);

  /// A plain load: one step.
  std::uint64_t load(ObjectId word, const trace::StepText& text) {
    execution_->step(text);
    return buffers_ ? load_by_buffer(word) : execution_->read_last(word);
  }
  /// A plain store: one step, and under TSO another when it reaches memory.
  void store(ObjectId word, std::uint64_t value, const trace::StepText& text) {
    execution_->step(text);
    if (buffers_) {
      store_to_buffer(word, value);
    } else {
      execution_->write(word, value);
    }
  }
  /// A locked read-modify-write, which is a full fence as well: one step. `change(old)` returns the
  /// new value. Returns the old one.
  template <typename Change>
  std::uint64_t update(ObjectId word, Change change, const trace::StepText& text) {
    if (buffers_) fence();
    execution_->step(text);
    return change_word(word, change);
  }
  /// The same, but waits until the guard holds; it is on this word.
  template <typename Change>
  std::uint64_t update_when(const Guard& guard, Change change, const trace::StepText& text) {
    if (buffers_) fence();
    execution_->step_when(guard, text);
    return change_word(guard.object, change);
  }
  /// A locked compare-and-exchange: one step. Only reads if the word is not as expected. Returns
  /// what it was.
  std::uint64_t compare_exchange(ObjectId word, std::uint64_t expected, std::uint64_t desired,
                                 const trace::StepText& text);
  /// A load that waits until the guard holds: what a loop of loads comes to. One step; under TSO
  /// there may be two more before it.
  std::uint64_t load_when(const Guard& guard, const trace::StepText& text);
  /// All stores of this thread have reached memory before its next load. A step where there are
  /// any.
  void fence();

  // What follows is part of a step that has been announced.

  struct Loaded {
    std::uint64_t value = 0;
    bool from_memory = true;  ///< false: from the buffer, and the word was not read
  };
  /// What else the step uses must not depend on the value: see Execution::read_last.
  Loaded load_now(ObjectId word) {
    if (buffers_) return load_now_by_buffer(word);
    return {.value = execution_->read_last(word)};
  }
  /// Under TSO `counter`, if there is one, is greater by 1 until the store has reached memory.
  void store_now(ObjectId word, std::uint64_t value, ObjectId counter = kNoObject) {
    if (buffers_) {
      store_to_buffer(word, value, counter);
    } else {
      execution_->write(word, value);
    }
  }
  /// Memory itself, past all buffers: for what has none, as devices and page walks, and for threads
  /// whose buffer is empty.
  std::uint64_t read(ObjectId word) const { return execution_->read(word); }
  std::uint64_t read_last(ObjectId word) const { return execution_->read_last(word); }
  void write(ObjectId word, std::uint64_t value) {
    execution_->write(word, value);
    if (buffers_) note_write(word);
  }
  /// A write that changes nothing but what is kept beside the word.
  void touch(ObjectId word) {
    execution_->touch(word, Access::Write);
    if (buffers_) note_write(word);
  }

  Execution& execution() { return *execution_; }
  const Execution& execution() const { return *execution_; }
  std::uint64_t peek(ObjectId word) const { return execution_->peek(word); }

 private:
  template <typename Change>
  std::uint64_t change_word(ObjectId word, Change& change) {
    std::uint64_t old = execution_->read_last(word);
    execution_->write(word, change(old));
    if (buffers_) note_update(word);
    return old;
  }
  std::uint64_t load_by_buffer(ObjectId word);
  Loaded load_now_by_buffer(ObjectId word);
  void store_to_buffer(ObjectId word, std::uint64_t value, ObjectId counter = kNoObject);
  void note_update(ObjectId word);
  void note_write(ObjectId word);

  Execution* execution_ = nullptr;
  MemoryModel model_;
  std::unique_ptr<StoreBuffers> buffers_;
};

}  // namespace mmcheck::explore

// SPDX-License-Identifier: Apache-2.0
// Small concurrent programs, written as C++: words, threads as lambdas, a check of the final state.
//
//     Scenario s;
//     Word x = s.word("x");
//     for (int i = 0; i < 2; ++i) s.thread("inc", [=] { x.store(x.load() + 1); });
//     s.finally([=](Checker& c) { c.require(x.value() == 2, "no increment is lost"); });
//     Result result = explore(s, {});
//
// Each access of a word is one step; between its steps a thread runs alone. Two steps are dependent
// if they access one word and one of them writes it; a compare_exchange that fails only reads.
//
// What the threads share must be in words. Each thread's body is called once per execution, through
// a const reference: it captures words and parameters by value, and its locals are its own.
//
// The search takes steps back by restoring words and stacks (Program::rewindable()), which is sound
// as long as a body owns no memory besides its stack when it makes a step: a std::array is fine, a
// std::vector that grows between steps is not. If a body must own such memory, say
// Scenario::not_rewindable(): slower, and right. Either way an execution may be left in the middle;
// locals of a thread that does not reach its end are not destroyed.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "explore/execution.h"
#include "explore/memory.h"

namespace mmcheck::explore {

class Scenario;

/// What the steps of one word are called. Made in advance, so that to announce a step is to store
/// one pointer.
struct WordTexts {
  trace::StepText load{}, store{}, exchange{}, add{}, compare{}, wait{};
};

/// A shared word of a scenario: a small value, to be copied. All but value() are called by threads,
/// and are one step each. When others see a store depends on the memory model: see Memory.
class Word {
 public:
  std::uint64_t load() const;
  void store(std::uint64_t value) const;
  /// Atomic updates, which are full fences as well. They return the value before.
  std::uint64_t exchange(std::uint64_t value) const;
  std::uint64_t fetch_add(std::uint64_t delta) const;
  std::uint64_t fetch_sub(std::uint64_t delta) const { return fetch_add(0 - delta); }
  /// Replaces `expected` by `desired`. If the word has another value, it is only read.
  bool compare_exchange(std::uint64_t expected, std::uint64_t desired) const;

  /// A load that is possible only once the word has the value, or has another one: what a loop of
  /// loads comes to. A thread that waits does not spin; if nobody helps it, that is a deadlock.
  void wait_until(std::uint64_t value) const;
  std::uint64_t wait_while(std::uint64_t value) const;
  /// Waits until `(word & mask) == bits`. Returns the word.
  std::uint64_t wait_for_bits(std::uint64_t mask, std::uint64_t bits) const;

  /// The final value, for Scenario::finally().
  std::uint64_t value() const;

 private:
  friend class Scenario;
  friend class Words;
  friend class Mutex;
  Word(Scenario& scenario, std::uint32_t index) : scenario_(&scenario), index_(index) {}
  ObjectId id() const;
  Memory& memory() const;
  const WordTexts& texts() const;
  std::uint64_t seen(std::uint64_t value) const;

  Scenario* scenario_;
  std::uint32_t index_;
};

/// Words in a row.
class Words {
 public:
  Word operator[](std::uint64_t index) const;  ///< throws InputError if there is none
  std::uint32_t size() const { return size_; }

 private:
  friend class Scenario;
  Words(Scenario& scenario, std::uint32_t first, std::uint32_t size)
      : scenario_(&scenario), first_(first), size_(size) {}
  [[noreturn]] void no_element(std::uint64_t index) const;

  Scenario* scenario_;
  std::uint32_t first_;
  std::uint32_t size_;
};

/// A lock that is a word: 0 is free, 1 is taken. It does not note whose it is.
class Mutex {
 public:
  void lock() const;      ///< one step, possible while the lock is free
  bool try_lock() const;  ///< one step; if the lock is taken, it is only read
  void unlock() const;    ///< one step, a plain store: as x86 has it

 private:
  friend class Scenario;
  explicit Mutex(Word word) : word_(word) {}
  Word word_;
};

/// What Scenario::finally() has at hand.
class Checker {
 public:
  /// Breaks R-ASSERT unless the condition holds. `text` is a literal.
  void require(bool condition, std::string_view text);
  /// Part of what tells this execution's outcome from others': see OutcomeFunction.
  void outcome(std::uint64_t value) { execution_.outcome(value); }
  /// Whether all threads, daemons too, came to their end.
  bool all_ended() const { return all_ended_; }

 private:
  friend class Scenario;
  Checker(Execution& execution, bool all_ended) : execution_(execution), all_ended_(all_ended) {}
  Execution& execution_;
  bool all_ended_;
};

/// A program to explore, built once before that. It stays where it is: words point to it.
class Scenario final : public Program {
 public:
  explicit Scenario(MemoryModel model = MemoryModel::Sc);
  ~Scenario() override;
  Scenario(const Scenario&) = delete;
  Scenario& operator=(const Scenario&) = delete;

  // --- building: throws InputError once the scenario has been explored, or if something is too
  // much

  Word word(std::string name, std::uint64_t initial = 0);
  /// Named "name[0]" and so on.
  Words words(const std::string& name, std::uint32_t size, std::uint64_t initial = 0);
  Mutex mutex(std::string name);
  std::vector<Mutex> mutexes(const std::string& name, std::uint32_t size);

  /// `body` is called as `body()`. Names may repeat. If a thread waits for ever, that is a deadlock
  /// (R-LIVE), unless it is a daemon.
  template <typename Body>
  void thread(std::string name, Body body) {
    add_thread(std::move(name), std::move(body), Kind::Thread);
  }
  template <typename Body>
  void daemon(std::string name, Body body) {
    add_thread(std::move(name), std::move(body), Kind::Daemon);
  }

  /// Is called at the end of each execution in which nothing was broken and only daemons wait.
  void finally(std::function<void(Checker&)> check);

  /// Bodies own memory besides their stacks across steps: run executions again from the beginning.
  void not_rewindable() { rewindable_ = false; }

  // --- called by threads; none of these is a step, except choose() ------------------------------

  /// Breaks R-ASSERT unless the condition holds: the execution ends here. `text` is a literal.
  void require(bool condition, std::string_view text) {
    if (!condition) [[unlikely]] {
      fail(text);
    }
  }
  /// Unless the condition holds, the calling thread goes no further, for ever. For daemons: other
  /// threads run on, and the execution counts as unfinished.
  void assume(bool condition) {
    if (!condition) [[unlikely]] {
      wait_for_ever();
    }
  }
  /// All earlier stores of this thread are seen by others before its next load.
  void fence() { memory_.fence(); }
  /// A step that takes each of 0, ..., n - 1 in turn; n is from 1 to 32.
  std::uint64_t choose(unsigned n);

  // --- results ----------------------------------------------------------------------------------

  /// Of the executions so far, those at whose end a daemon was waiting. Replays count, too.
  std::uint64_t nr_unfinished() const { return nr_unfinished_; }
  std::string findings() const override { return std::to_string(nr_unfinished_); }
  void add_findings(std::string_view text) override;
  void forget_findings() override { nr_unfinished_ = 0; }

  void setup(Execution& execution) override;
  void finished(Execution& execution) override;
  bool rewindable() const override { return rewindable_; }
  bool foreseeable() const override { return memory_.model() == MemoryModel::Sc; }

 private:
  friend class Word;

  struct Variable;
  enum class Kind : std::uint8_t { Thread, Daemon };
  struct Thread {
    std::string name;
    std::shared_ptr<const void> body{};
    ThreadFunction run = nullptr;
    Kind kind = Kind::Thread;
    Scenario* scenario = nullptr;
    std::uint32_t index = 0;
    ObjectId ended{};  ///< of daemons: a word of their own, 1 once they are through
  };

  template <typename Body>
  void add_thread(std::string name, Body body, Kind kind) {
    static_assert(
        std::is_invocable_v<const Body&>,
        "a body is called as const: no `mutable` lambda, no state kept across executions");
    Thread& thread = new_thread(std::move(name), kind);
    thread.body = std::make_shared<const Body>(std::move(body));
    thread.run = [](void* context) {
      auto& self = *static_cast<Thread*>(context);
      (*static_cast<const Body*>(self.body.get()))();
      if (self.kind == Kind::Daemon) self.scenario->end_daemon(self);
    };
  }
  Thread& new_thread(std::string name, Kind kind);
  void end_daemon(const Thread& thread);
  void check_building(const char* what) const;
  [[noreturn]] void fail(std::string_view text);
  void wait_for_ever();
  void note_value(std::uint64_t value);
  Word add_word(std::string name, std::uint64_t initial, const WordTexts& phrases);

  Memory memory_;
  std::deque<Variable> variables_;
  std::vector<const WordTexts*> texts_;
  std::vector<ObjectId> ids_;  ///< of the words, in this execution
  std::deque<Thread> threads_;
  std::function<void(Checker&)> finally_;
  ObjectId never_{};  ///< a word that stays 0
  std::uint32_t ended_at_start_ = 0;
  std::uint64_t nr_unfinished_ = 0;
  bool rewindable_ = true;
  bool explored_ = false;
  bool recording_ = false;
};

// --- the steps, to be inlined into the bodies: what is on a stack at a step is saved with it
// --------

inline Word Words::operator[](std::uint64_t index) const {
  if (index >= size_) [[unlikely]] {
    no_element(index);
  }
  return {*scenario_, first_ + static_cast<std::uint32_t>(index)};
}

inline ObjectId Word::id() const { return scenario_->ids_[index_]; }
inline Memory& Word::memory() const { return scenario_->memory_; }
inline const WordTexts& Word::texts() const { return *scenario_->texts_[index_]; }

inline std::uint64_t Word::seen(std::uint64_t value) const {
  if (scenario_->recording_) [[unlikely]] {
    scenario_->note_value(value);
  }
  return value;
}

inline std::uint64_t Word::load() const { return seen(memory().load(id(), texts().load)); }

inline void Word::store(std::uint64_t value) const { memory().store(id(), value, texts().store); }

inline std::uint64_t Word::exchange(std::uint64_t value) const {
  return seen(memory().update(
      id(), [value](std::uint64_t) { return value; }, texts().exchange));
}

inline std::uint64_t Word::fetch_add(std::uint64_t delta) const {
  return seen(memory().update(
      id(), [delta](std::uint64_t old) { return old + delta; }, texts().add));
}

inline bool Word::compare_exchange(std::uint64_t expected, std::uint64_t desired) const {
  return seen(memory().compare_exchange(id(), expected, desired, texts().compare)) == expected;
}

inline void Word::wait_until(std::uint64_t value) const {
  memory().load_when({.object = id(), .expected = value}, texts().wait);
}

inline std::uint64_t Word::wait_while(std::uint64_t value) const {
  return seen(
      memory().load_when({.object = id(), .expected = value, .negated = true}, texts().wait));
}

inline std::uint64_t Word::wait_for_bits(std::uint64_t mask, std::uint64_t bits) const {
  return seen(memory().load_when({.object = id(), .mask = mask, .expected = bits}, texts().wait));
}

inline std::uint64_t Word::value() const { return memory().peek(id()); }

inline void Mutex::lock() const {
  word_.memory().update_when(
      {.object = word_.id(), .expected = 0}, [](std::uint64_t) { return std::uint64_t{1}; },
      word_.texts().exchange);
}

inline bool Mutex::try_lock() const { return word_.compare_exchange(0, 1); }

inline void Mutex::unlock() const { word_.store(0); }

}  // namespace mmcheck::explore

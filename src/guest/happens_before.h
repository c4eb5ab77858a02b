// SPDX-License-Identifier: Apache-2.0
// Data races of C11: two accesses of one word by different threads, one of them a store, one of
// them not atomic, neither ordered before the other by synchronisation.
//
// ISO C11 5.1.2.4, release sequences included: later stores of the same thread, and
// read-modify-writes (C++20 has the latter only).
// Clocks as in C. Flanagan, S. Freund: "FastTrack: Efficient and Precise Dynamic Race Detection",
// PLDI 2009, with the whole clock of reads.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "explore/execution.h"

namespace mmcheck::guest {

/// The orders of C11, with the numbers that compilers give them.
enum class MemoryOrder : std::uint8_t { Relaxed, Consume, Acquire, Release, AcqRel, SeqCst };

enum class Access : std::uint8_t { Load, Store };

class HappensBefore {
 public:
  static constexpr unsigned kThreadsMax = explore::kThreadsMax;

  /// A new execution. `nr_words`: that may be accessed.
  void reset(explore::Execution& execution, unsigned nr_threads, unsigned nr_words);

  struct Race {
    unsigned thread = 0;       ///< who made the other access
    std::uintptr_t place = 0;  ///< and where
    Access access = Access::Load;
  };
  /// A thread accesses a word, atomically or not.
  std::optional<Race> access(unsigned thread, unsigned word, Access access, bool atomic,
                             std::uintptr_t place);

  // Synchronisation by a word.
  void load(unsigned thread, unsigned word, MemoryOrder order);
  void store(unsigned thread, unsigned word, MemoryOrder order);
  void update(unsigned thread, unsigned word, MemoryOrder order);
  void fence(unsigned thread, MemoryOrder order);
  // Locks and the like: all that was before the one is before what follows the other.
  void acquire(unsigned thread, unsigned word);
  void release(unsigned thread, unsigned word);
  /// All of `from` so far is before what `to` does next: creation and join of threads.
  void order(unsigned from, unsigned to);

 private:
  using Clock = std::array<std::uint32_t, kThreadsMax>;
  struct Thread {
    Clock now{};
    Clock acquired{};  ///< by relaxed loads, for a later acquire fence
    Clock released{};  ///< at the last release fence
  };
  struct Seen {
    std::uint32_t time = 0;
    bool atomic = false;
    std::uintptr_t place = 0;
  };
  struct Word {
    Clock sync{};
    std::uint8_t head = 0;  ///< thread + 1 whose store began the release sequence
    std::array<Seen, kThreadsMax> loads{};
    Seen store{};
    std::uint8_t storer = 0;
  };

  void save(Clock& clock) { execution_->save(clock.data(), nr_threads_ * sizeof clock[0]); }
  void join(Clock& clock, const Clock& other);
  void tick(unsigned thread);
  bool before(const Seen& seen, unsigned by, unsigned thread) const {
    return seen.time <= threads_[thread].now[by];
  }

  explore::Execution* execution_ = nullptr;
  unsigned nr_threads_ = 0;
  std::vector<Thread> threads_;
  std::vector<Word> words_;
};

}  // namespace mmcheck::guest

// SPDX-License-Identifier: Apache-2.0
// The store buffers of x86-TSO, so that no two executions are visited that nobody could tell apart.
//
//   S. Owens, S. Sarkar, P. Sewell: "A Better x86 Memory Model: x86-TSO", TPHOLs 2009.
//   P. A. Abdulla, S. Aronis, M. F. Atig, B. Jonsson, C. Leonardsson, K. Sagonas: "Stateless Model
//   Checking for TSO and PSO", TACAS 2015: chronological traces, of which this is one form.
//
// A store fills the next entry of its thread's buffer; the thread's drain writes the entries to
// memory in order. That a store drains before or after other steps of its own thread is seen by
// nobody, and these steps share no word with the drain:
//
// - Each entry has a word of its own, which the store makes Filled and the drain Drained. A fence
//   waits for the last one.
// - A load of a word that its thread has stored to returns what it stored last, be it in the buffer
//   still or in memory, until another thread's store to the word comes after it. Where that may be
//   so, the difference is not whether the entry is drained when the load is made:
//
//     T0: store x = 1; load x     T1: store x = 2
//
//     load, drain 1, drain 2      one class: the load reads 1, and 2 comes last
//     drain 1, load, drain 2
//     drain 2, load, drain 1      one class: the load reads 1, and 1 comes last
//     load, drain 2, drain 1
//     drain 2, drain 1, load
//     drain 1, drain 2, load      one class: the load reads 2
//
//   So a drain (or an update) that overwrites what another thread stored last, and has drained,
//   says so in a second word of that entry, and this is what the load reads. It reads the word
//   itself if it was told so. In the lines above, drain 2 is in conflict with the load only where
//   it comes after drain 1.
//
// One execution is visited for each reads-from relation and coherence order.
//
// Who must wait until a buffer is empty, or until what has gone through one entry of a page table
// has reached memory, looks at a counter. Stores and drains add to it by Commute accesses, so that
// it is in conflict with nobody but those who wait.
#pragma once

#include <cstdint>
#include <vector>

#include "explore/execution.h"
#include "explore/memory.h"

namespace mmcheck::explore {

class StoreBuffers {
 public:
  /// Stores of one thread in one execution.
  static constexpr unsigned kStoresMax = 64;
  static constexpr unsigned kThreadsOfMemoryMax = kThreadsMax / 2;

  void reset(Execution& execution);
  void add_word(ObjectId word);
  void tell(ObjectId word, Landing& landing);
  void start(unsigned nr_threads);
  void count_stores(unsigned thread, ObjectId word, std::uint64_t unit);

  /// What the current thread would read if its last store to the word were all that counts.
  struct Own {
    bool is = false;  ///< it has stored to the word since it last updated it
    std::uint64_t value = 0;
    ObjectId overwritten{};  ///< not 0 once another thread's store has come after it
  };
  Own own(ObjectId word) const;
  /// Fills the next entry, in the current step. `counter`: see Memory::store_now.
  void store(ObjectId word, std::uint64_t value, ObjectId counter);
  /// The guard of a fence, if it would have to wait for anything.
  bool must_wait(Guard& guard) const;
  void fenced();
  /// The current thread has written the word in memory, past its buffer, which is empty.
  void updated(ObjectId word);
  /// The word was written in memory, past all buffers, by whomever.
  void written(ObjectId word);

 private:
  enum State : std::uint64_t { kEmpty, kFilled, kDrained };
  static constexpr std::uint8_t kNoEntry = 0xff;
  static constexpr unsigned kNobody = kThreadsMax;

  struct Entry {
    std::uint64_t value = 0;
    ObjectId word{};
    ObjectId counter = kNoObject;
  };
  struct Thread {
    StoreBuffers* buffers = nullptr;
    unsigned number = 0;
    ObjectId counter = kNoObject;
    std::uint64_t unit = 0;
  };
  struct Counts {
    std::uint8_t nr_stores = 0;
    std::uint8_t nr_fenced = 0;  ///< of them
  };

  static void run_drain(void* context);
  void drain(unsigned thread, unsigned entry);
  void add_to(ObjectId counter, std::uint64_t delta);
  void tell_overwritten(unsigned writer, ObjectId word);
  unsigned self() const { return to_index(execution_->self()); }
  unsigned at(unsigned thread, unsigned entry) const { return thread * kStoresMax + entry; }
  std::uint8_t& last_store(unsigned thread, ObjectId word);
  std::uint8_t& last_drain(unsigned thread, ObjectId word);

  Execution* execution_ = nullptr;
  unsigned nr_threads_ = 0;
  unsigned first_word_ = 0;
  unsigned nr_words_ = 0;
  std::vector<Thread> threads_;
  std::vector<Landing*> landings_;     ///< by word; may end early
  std::vector<ObjectId> states_;       ///< of entries
  std::vector<ObjectId> overwritten_;  ///< of entries
  // What steps change, besides words.
  std::vector<Entry> entries_;
  std::vector<Counts> counts_;
  std::vector<std::uint8_t> last_stores_;  ///< entry, by thread and word
  std::vector<std::uint8_t> last_drains_;  ///< the same, of those that are in memory
};

}  // namespace mmcheck::explore

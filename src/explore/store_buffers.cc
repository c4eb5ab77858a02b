// SPDX-License-Identifier: Apache-2.0
#include "explore/store_buffers.h"

#include <string>

#include "base/error.h"

namespace mmcheck::explore {

void StoreBuffers::reset(Execution& execution) {
  execution_ = &execution;
  nr_threads_ = nr_words_ = 0;
  landings_.clear();
}

void StoreBuffers::add_word(ObjectId word) {
  if (nr_words_ == 0) first_word_ = to_index(word);
  nr_words_ = to_index(word) - first_word_ + 1;
}

void StoreBuffers::tell(ObjectId word, Landing& landing) {
  landings_.resize(nr_words_, nullptr);
  landings_[to_index(word) - first_word_] = &landing;
}

void StoreBuffers::count_stores(unsigned thread, ObjectId word, std::uint64_t unit) {
  threads_[thread].counter = word;
  threads_[thread].unit = unit;
}

void StoreBuffers::add_to(ObjectId counter, std::uint64_t delta) {
  if (counter == kNoObject) return;
  execution_->commute(counter, execution_->peek(counter) + delta);
}

void StoreBuffers::start(unsigned nr_threads) {
  if (nr_threads > kThreadsOfMemoryMax) {
    throw InputError("under TSO there can be at most " + std::to_string(kThreadsOfMemoryMax) +
                     " threads");
  }
  nr_threads_ = nr_threads;
  threads_.resize(nr_threads);
  states_.resize(nr_threads * kStoresMax);
  overwritten_.resize(nr_threads * kStoresMax);
  for (ObjectId& word : states_) word = execution_->new_object(kEmpty, {.format = "buffered"});
  for (ObjectId& word : overwritten_) word = execution_->new_object(0, {.format = "overwritten"});
  entries_.assign(nr_threads * kStoresMax, {});
  counts_.assign(nr_threads, {});
  last_stores_.assign(std::size_t{nr_threads} * nr_words_, kNoEntry);
  last_drains_.assign(std::size_t{nr_threads} * nr_words_, kNoEntry);
  execution_->keep(entries_.data(), entries_.size() * sizeof(Entry));
  execution_->keep(counts_.data(), counts_.size() * sizeof(Counts));
  execution_->keep(last_stores_.data(), last_stores_.size());
  execution_->keep(last_drains_.data(), last_drains_.size());
  for (unsigned t = 0; t < nr_threads; ++t) {
    threads_[t] = {.buffers = this, .number = t};
    const ThreadId id{static_cast<std::uint8_t>(t)};
    execution_->show_as_cpu(execution_->spawn_daemon("store buffer", execution_->cpu_of(id),
                                                     &StoreBuffers::run_drain, &threads_[t]));
  }
}

std::uint8_t& StoreBuffers::last_store(unsigned thread, ObjectId word) {
  return last_stores_[thread * nr_words_ + to_index(word) - first_word_];
}

std::uint8_t& StoreBuffers::last_drain(unsigned thread, ObjectId word) {
  return last_drains_[thread * nr_words_ + to_index(word) - first_word_];
}

void StoreBuffers::run_drain(void* context) {
  const Thread& thread = *static_cast<Thread*>(context);
  StoreBuffers& buffers = *thread.buffers;
  for (unsigned entry = 0; entry < kStoresMax; ++entry) {
    const unsigned at = buffers.at(thread.number, entry);
    buffers.execution_->step_when({.object = buffers.states_[at], .expected = kFilled},
                                  {.format = "the store reaches memory"});
    buffers.drain(thread.number, entry);
  }
}

void StoreBuffers::drain(unsigned thread, unsigned entry) {
  const Entry& store = entries_[at(thread, entry)];
  execution_->read(store.word);  // whom there is to tell depends on what came before
  execution_->write(states_[at(thread, entry)], kDrained);
  execution_->write(store.word, store.value);
  tell_overwritten(thread, store.word);
  last_drain(thread, store.word) = static_cast<std::uint8_t>(entry);
  add_to(threads_[thread].counter, 0 - threads_[thread].unit);
  add_to(store.counter, ~std::uint64_t{0});
  const unsigned number = to_index(store.word) - first_word_;
  if (number < landings_.size() && landings_[number] != nullptr) landings_[number]->landed();
}

/// All stores to a word are in conflict, so that they may share plain memory.
void StoreBuffers::tell_overwritten(unsigned writer, ObjectId word) {
  for (unsigned t = 0; t < nr_threads_; ++t) {
    std::uint8_t& entry = last_drain(t, word);
    if (t == writer || entry == kNoEntry) continue;
    execution_->write(overwritten_[at(t, entry)], 1);
    entry = kNoEntry;  // who has been told need not be told again
  }
}

StoreBuffers::Own StoreBuffers::own(ObjectId word) const {
  const std::uint8_t entry = last_stores_[self() * nr_words_ + to_index(word) - first_word_];
  if (entry == kNoEntry) return {};
  const unsigned here = at(self(), entry);
  return {.is = true, .value = entries_[here].value, .overwritten = overwritten_[here]};
}

void StoreBuffers::store(ObjectId word, std::uint64_t value, ObjectId counter) {
  const unsigned thread = self();
  const std::uint8_t entry = counts_[thread].nr_stores;
  if (entry == kStoresMax) {
    throw InputError("under TSO a thread can make at most " + std::to_string(kStoresMax) +
                     " stores");
  }
  ++counts_[thread].nr_stores;
  entries_[at(thread, entry)] = {.value = value, .word = word, .counter = counter};
  last_store(thread, word) = entry;
  execution_->write(states_[at(thread, entry)], kFilled);
  add_to(threads_[thread].counter, threads_[thread].unit);
  add_to(counter, 1);
}

bool StoreBuffers::must_wait(Guard& guard) const {
  const Counts& counts = counts_[self()];
  if (counts.nr_stores == counts.nr_fenced) return false;
  guard = {.object = states_[at(self(), counts.nr_stores - 1u)], .expected = kDrained};
  return true;
}

void StoreBuffers::fenced() { counts_[self()].nr_fenced = counts_[self()].nr_stores; }

void StoreBuffers::updated(ObjectId word) {
  execution_->read(word);  // as in drain()
  tell_overwritten(self(), word);
  last_drain(self(), word) = kNoEntry;
  last_store(self(), word) = kNoEntry;
}

void StoreBuffers::written(ObjectId word) {
  execution_->read(word);  // as in drain()
  tell_overwritten(kNobody, word);
}

}  // namespace mmcheck::explore

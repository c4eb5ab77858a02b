// SPDX-License-Identifier: Apache-2.0
#include "guest/happens_before.h"

#include <algorithm>

namespace mmcheck::guest {

namespace {

bool acquires(MemoryOrder order) {
  return order != MemoryOrder::Relaxed && order != MemoryOrder::Release;
}
bool releases(MemoryOrder order) { return order >= MemoryOrder::Release; }

}  // namespace

void HappensBefore::reset(explore::Execution& execution, unsigned nr_threads, unsigned nr_words) {
  execution_ = &execution;
  nr_threads_ = nr_threads;
  threads_.assign(nr_threads, {});
  words_.assign(nr_words, {});
  for (unsigned i = 0; i < nr_threads; ++i) threads_[i].now[i] = 1;
}

void HappensBefore::join(Clock& clock, const Clock& other) {
  save(clock);
  for (unsigned i = 0; i < nr_threads_; ++i) clock[i] = std::max(clock[i], other[i]);
}

void HappensBefore::tick(unsigned thread) {
  std::uint32_t& time = threads_[thread].now[thread];
  execution_->save(&time, sizeof time);
  ++time;
}

std::optional<HappensBefore::Race> HappensBefore::access(unsigned thread, unsigned number,
                                                         Access access, bool atomic,
                                                         std::uintptr_t place) {
  Word& word = words_[number];
  std::optional<Race> race;
  const auto conflicts = [&](const Seen& seen, unsigned by) {
    return by != thread && seen.time != 0 && !(atomic && seen.atomic) && !before(seen, by, thread);
  };
  if (conflicts(word.store, word.storer)) race = {word.storer, word.store.place, Access::Store};
  const Seen now{threads_[thread].now[thread], atomic, place};
  if (access == Access::Load) {
    execution_->save(&word.loads[thread], sizeof(Seen));
    word.loads[thread] = now;
    return race;
  }
  for (unsigned by = 0; by < nr_threads_ && !race; ++by) {
    if (conflicts(word.loads[by], by)) race = {by, word.loads[by].place, Access::Load};
  }
  execution_->save(&word.store, sizeof word.store);
  execution_->save(&word.storer, sizeof word.storer);
  word.store = now;
  word.storer = static_cast<std::uint8_t>(thread);
  return race;
}

void HappensBefore::load(unsigned thread, unsigned word, MemoryOrder order) {
  join(acquires(order) ? threads_[thread].now : threads_[thread].acquired, words_[word].sync);
}

void HappensBefore::store(unsigned thread, unsigned word, MemoryOrder order) {
  Word& target = words_[word];
  const auto number = static_cast<std::uint8_t>(thread + 1);
  if (!releases(order) && target.head == number) {
    join(target.sync, threads_[thread].released);
    return;
  }
  save(target.sync);
  target.sync = releases(order) ? threads_[thread].now : threads_[thread].released;
  execution_->save(&target.head, sizeof target.head);
  target.head = number;
  if (releases(order)) tick(thread);
}

void HappensBefore::update(unsigned thread, unsigned word, MemoryOrder order) {
  load(thread, word, order);
  Thread& self = threads_[thread];
  join(words_[word].sync, releases(order) ? self.now : self.released);
  if (releases(order)) tick(thread);
}

void HappensBefore::fence(unsigned thread, MemoryOrder order) {
  Thread& self = threads_[thread];
  if (acquires(order)) join(self.now, self.acquired);
  if (!releases(order)) return;
  save(self.released);
  self.released = self.now;
  tick(thread);
}

void HappensBefore::acquire(unsigned thread, unsigned word) {
  join(threads_[thread].now, words_[word].sync);
}

void HappensBefore::release(unsigned thread, unsigned word) {
  join(words_[word].sync, threads_[thread].now);
  tick(thread);
}

void HappensBefore::order(unsigned from, unsigned to) {
  join(threads_[to].now, threads_[from].now);
  tick(from);
}

}  // namespace mmcheck::guest

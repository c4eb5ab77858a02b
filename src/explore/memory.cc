// SPDX-License-Identifier: Apache-2.0
#include "explore/memory.h"

#include "explore/store_buffers.h"

namespace mmcheck::explore {

Memory::Memory(MemoryModel model) : model_(model) {
  if (model == MemoryModel::Tso) buffers_ = std::make_unique<StoreBuffers>();
}
Memory::~Memory() = default;
Memory::Memory(Memory&&) noexcept = default;
Memory& Memory::operator=(Memory&&) noexcept = default;

void Memory::reset(Execution& execution) {
  execution_ = &execution;
  if (buffers_) buffers_->reset(execution);
}

ObjectId Memory::add(std::uint64_t initial, const trace::ObjectText& text) {
  const ObjectId word = execution_->new_object(initial, text);
  if (buffers_) buffers_->add_word(word);
  return word;
}

ObjectId Memory::add(std::uint64_t initial, const trace::ObjectText& text, Landing& landing) {
  const ObjectId word = add(initial, text);
  if (buffers_) buffers_->tell(word, landing);
  return word;
}

void Memory::start(unsigned nr_threads) {
  if (buffers_) buffers_->start(nr_threads);
}

void Memory::count_stores(ThreadId thread, ObjectId word, std::uint64_t unit) {
  if (buffers_) buffers_->count_stores(to_index(thread), word, unit);
}

void Memory::fence() {
  Guard guard;
  if (!buffers_ || !buffers_->must_wait(guard)) return;
  execution_->step_when(guard,
                        {.format = "stores have reached memory", .detail = trace::Detail::Minor});
  buffers_->fenced();
}

std::uint64_t Memory::load_by_buffer(ObjectId word) {
  const StoreBuffers::Own own = buffers_->own(word);
  if (own.is && execution_->read(own.overwritten) == 0) return own.value;
  return execution_->read_last(word);
}

Memory::Loaded Memory::load_now_by_buffer(ObjectId word) {
  const StoreBuffers::Own own = buffers_->own(word);
  if (own.is && execution_->read(own.overwritten) == 0) {
    return {.value = own.value, .from_memory = false};
  }
  return {.value = execution_->read_last(word)};
}

void Memory::store_to_buffer(ObjectId word, std::uint64_t value, ObjectId counter) {
  buffers_->store(word, value, counter);
}

void Memory::note_update(ObjectId word) { buffers_->updated(word); }

void Memory::note_write(ObjectId word) { buffers_->written(word); }

std::uint64_t Memory::compare_exchange(ObjectId word, std::uint64_t expected, std::uint64_t desired,
                                       const trace::StepText& text) {
  fence();
  execution_->step(text);
  // With buffers it is said elsewhere, too, that the word is overwritten.
  const std::uint64_t old =
      buffers_ ? execution_->read(word) : execution_->read_to_compare(word, expected);
  if (old != expected) return old;
  execution_->write(word, desired);
  if (buffers_) note_update(word);
  return old;
}

std::uint64_t Memory::load_when(const Guard& guard, const trace::StepText& text) {
  if (buffers_) {
    const StoreBuffers::Own own = buffers_->own(guard.object);
    if (own.is && guard.holds(own.value)) {
      execution_->step(text);
      if (execution_->read_last(own.overwritten) == 0) return own.value;
    } else if (own.is) {
      execution_->step_when({.object = own.overwritten, .negated = true}, text);
    }
  }
  execution_->step_when(guard, text);
  return execution_->read_last(guard.object);
}

}  // namespace mmcheck::explore

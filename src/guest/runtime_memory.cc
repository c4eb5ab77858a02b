// SPDX-License-Identifier: Apache-2.0
// Accesses of memory: which are steps, and what is noted of them.
#include <algorithm>
#include <cstring>
#include <utility>

#include "guest/runtime.h"

namespace mmcheck::guest {

namespace {

/// What no variable is at: dereferenced null pointers, with their fields.
constexpr std::uintptr_t kNullBytes = 64 * 1024;

}  // namespace

std::uint64_t Runtime::native(std::uintptr_t address, unsigned bytes) {
  std::uint64_t value = 0;
  std::memcpy(&value, reinterpret_cast<const void*>(address), bytes);
  return value;
}

void Runtime::set_native(std::uintptr_t address, unsigned bytes, std::uint64_t value) {
  std::memcpy(reinterpret_cast<void*>(address), &value, bytes);
}

ObjectId Runtime::word_of(unsigned unit) const {
  return ObjectId{static_cast<std::uint16_t>(to_index(first_word_) + unit)};
}

/// Words that have become shared since the execution began are taken from the spare ones.
void Runtime::check_words() {
  if (shadow_.nr_units() > nr_words_) throw BeginAnew{};
}

template <typename Shared>
void Runtime::for_each_shared(std::uintptr_t address, std::size_t bytes, Shared shared) {
  if (me().process != 0)
    return;  // Threads of other processes are one each, and share nothing here.
  const std::uintptr_t end = address + bytes;
  while (address < end) {
    const auto offset = static_cast<unsigned>(address % 8);
    const auto part = static_cast<unsigned>(std::min<std::uintptr_t>(end - address, 8 - offset));
    Granule* granule = shadow_.find(address);
    if (granule != nullptr && shadow_.use(*granule, self(), offset, part)) {
      const Units units = shadow_.units(*granule, offset, part);
      for (unsigned i = 0; i < units.count; ++i) shared(units.first + i);
    }
    address += part;
  }
}

bool Runtime::any_shared(std::uintptr_t address, std::size_t bytes) {
  bool any = false;
  for_each_shared(address, bytes, [&](unsigned) { any = true; });
  if (any) check_words();
  return any;
}

bool Runtime::is_own_stack(std::uintptr_t address) {
  const std::uintptr_t top = me().stack_top;
  return address < top && top - address < kStackBytes;
}

void Runtime::wild(std::uintptr_t address, Access access, Place place) {
  const auto what = [&] {
    const std::string who = where(place.code) + ": " + me().name +
                            (access == Access::Load ? " loads from " : " stores to ");
    if (address < kNullBytes) {
      return who + "address " + std::to_string(address) + ", through a null pointer";
    }
    const Heap::Block* block = heap_.holds(address) ? heap_.block_of(address) : nullptr;
    if (block == nullptr || block->freed_by == 0) return who + "memory that is not allocated";
    return who + "memory that was freed at " + where(block->freed_by) + " (allocated at " +
           where(block->allocated_by) + ")";
  };
  violate("R-MEMORY", what, "a program uses only memory that is its own at the time");
}

void Runtime::check_address(std::uintptr_t address, std::size_t bytes, Access access, Place place) {
  if (address < kNullBytes) wild(address, access, place);
  if (heap_.holds(address) && heap_.check(address, bytes) != Heap::Use::Ok) {
    wild(address, access, place);
  }
}

void Runtime::finish_store() {
  PendingStore& pending = me().pending;
  if (pending.bytes == 0) return;
  const PendingStore store = pending;
  pending.bytes = 0;
  if (store.user) return finish_user_store(store);
  for_each_shared(store.address, store.bytes, [&](unsigned unit) {
    const Shadow::Unit& found = shadow_.unit(unit);
    memory_.store_now(word_of(unit), native(shadow_.address_of(found), found.bytes));
  });
}

void Runtime::race(unsigned unit, Access access, Place place, const HappensBefore::Race& other) {
  const auto verb = [](Access one) { return one == Access::Load ? " loads it" : " stores to it"; };
  const auto what = [&] {
    const std::string name = symbols_.variable(shadow_.address_of(shadow_.unit(unit)));
    return "data race on " + (name.empty() ? "memory" : name) + ": " + me().name + verb(access) +
           " at " + where(place.code) + ", and " + threads_[other.thread].name +
           verb(other.access) + " at " + where(other.place) + ", in no order";
  };
  violate("R-RACE", what,
          "of two accesses that conflict, one happens before the other, or both are atomic");
}

void Runtime::note_access(unsigned unit, Access access, bool atomic, Place place) {
  me().nr_busy = 0;  // Whenever a step has been made, so it need not be put back.
  if (!options_.races) return;
  const auto found = order_.access(self(), unit, access, atomic, place.code);
  if (found) race(unit, access, place, *found);
}

void Runtime::load(std::uintptr_t address, std::size_t bytes, Place place, bool is_volatile) {
  finish_store();
  if (is_user(address)) return user_load(address, bytes, place);
  check_address(address, bytes, Access::Load, place);
  if (!any_shared(address, bytes)) return busy(place);
  turn(place);
  step(place);
  for_each_shared(address, bytes, [&](unsigned unit) {
    const std::uint64_t value = memory_.load_now(word_of(unit)).value;
    if (has_buffers()) {
      const Shadow::Unit& found = shadow_.unit(unit);
      set_native(shadow_.address_of(found), found.bytes, value);
    }
    remember_read(unit);
    note_access(unit, Access::Load, is_volatile, place);
  });
}

void Runtime::store(std::uintptr_t address, std::size_t bytes, Place place, bool is_volatile) {
  finish_store();
  if (is_user(address)) return user_store(address, bytes, place);
  check_address(address, bytes, Access::Store, place);
  if (!any_shared(address, bytes)) {
    if (is_own_stack(address)) return busy(place);
    effect();
    busy(place);
    about_to_write(address, bytes);
    return;
  }
  effect();
  step(place);
  about_to_write(address, bytes);
  for_each_shared(address, bytes,
                  [&](unsigned unit) { note_access(unit, Access::Store, is_volatile, place); });
  me().pending = {.address = address, .bytes = bytes};
}

void Runtime::load_range(const void* memory, std::size_t bytes, Place place) {
  if (bytes != 0) load(reinterpret_cast<std::uintptr_t>(memory), bytes, place);
}

void Runtime::store_range(void* memory, std::size_t bytes, Place place) {
  if (bytes != 0) store(reinterpret_cast<std::uintptr_t>(memory), bytes, place);
}

// --- atomics
// --------------------------------------------------------------------------------------

Runtime::Atomic Runtime::begin_atomic(std::uintptr_t address, unsigned bytes, Place place) {
  finish_store();
  check_address(address, bytes, Access::Store, place);
  if (address % bytes != 0) {
    const auto what = [&] { return where(place.code) + ": an atomic access that is not aligned"; };
    violate("R-MEMORY", what, "an atomic object is aligned");
  }
  return find_word({address, bytes});
}

Runtime::Atomic Runtime::find_word(const Word& word) {
  Atomic target{
      .mask = word.bytes == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << 8 * word.bytes) - 1,
      .address = word.address,
      .bytes = word.bytes};
  for_each_shared(word.address, word.bytes, [&](unsigned unit) {
    target.shared = true;
    if (target.nr_units++ == 0) target.unit = static_cast<std::uint16_t>(unit);
  });
  if (!target.shared) return target;
  check_words();
  target.word = word_of(target.unit);
  return target;
}

void Runtime::begin_parts(const Atomic& target, Place place) {
  if (has_buffers()) {
    unsupported("an atomic object of which parts are used otherwise, with --memory tso", place);
  }
  step(place);
  for (unsigned i = 0; i < target.nr_units; ++i) execution_->read(word_of(target.unit + i));
}

void Runtime::end_parts(const Atomic& target, std::uint64_t old, std::uint64_t value,
                        MemoryOrder order, Place place) {
  if (value != old) effect();
  about_to_write(target.address, target.bytes);
  set_native(target.address, target.bytes, value);
  for (unsigned i = 0; i < target.nr_units; ++i) {
    const unsigned number = target.unit + i;
    const Shadow::Unit& unit = shadow_.unit(number);
    if (value != old) {
      execution_->write(word_of(number), native(shadow_.address_of(unit), unit.bytes));
    } else {
      remember_read(number);
    }
    note_access(number, value != old ? Access::Store : Access::Load, true, place);
    order_.update(self(), number, order);
  }
}

std::uint64_t Runtime::atomic_load(std::uintptr_t address, unsigned bytes, MemoryOrder order,
                                   Place place) {
  finish_store();
  if (is_user(address)) {
    user_load(address, bytes, place);
    return native(address, bytes);
  }
  check_address(address, bytes, Access::Load, place);
  const Atomic target = find_word({address, bytes});
  if (!target.shared) {
    busy(place);
    return native(address, bytes);
  }
  if (target.nr_units > 1) {
    return update_parts(target, place, order, [](std::uint64_t old) { return old; });
  }
  turn(place);
  const std::uint64_t loaded = memory_.load(target.word, text(place));
  const std::uint64_t value = has_buffers() ? loaded : native(address, bytes);
  remember_read(target.unit);
  note_access(target.unit, Access::Load, true, place);
  order_.load(self(), target.unit, order);
  return value;
}

void Runtime::atomic_store(std::uintptr_t address, unsigned bytes, std::uint64_t value,
                           MemoryOrder order, Place place) {
  if (is_user(address)) {
    finish_store();
    effect();
    const auto in = std::as_bytes(std::span(&value, 1)).first(bytes);
    make_access(address, place, [&] { return kernel_->store(self(), address, in); });
    return;
  }
  const Atomic target = begin_atomic(address, bytes, place);
  effect();
  if (!target.shared) {
    busy(place);
    about_to_write(address, bytes);
    set_native(address, bytes, value);
    return;
  }
  if (target.nr_units > 1) {
    update_parts(target, place, order, [value](std::uint64_t) { return value; });
    return;
  }
  // On x86 a sequentially consistent store is an exchange.
  if (order == MemoryOrder::SeqCst && has_buffers()) {
    update_whole(target, place, [value](std::uint64_t) { return value; });
  } else {
    step(place);
    memory_.store_now(target.word, value);
  }
  about_to_write(address, bytes);
  set_native(address, bytes, value);
  note_access(target.unit, Access::Store, true, place);
  order_.store(self(), target.unit, order);
}

void Runtime::updated(const Atomic& target, std::uint64_t old, std::uint64_t value,
                      MemoryOrder order, Place place) {
  about_to_write(target.address, target.bytes);
  set_native(target.address, target.bytes, value);
  if (value != old) {
    effect();
  } else {
    remember_read(target.unit);
  }
  note_access(target.unit, Access::Store, true, place);
  order_.update(self(), target.unit, order);
}

std::uint64_t Runtime::compare_whole(const Atomic& target, std::uint64_t wanted,
                                     std::uint64_t desired, Place place) {
  if (has_buffers()) {
    return memory_.compare_exchange(target.word, wanted, desired, text(place));
  }
  step(place);
  const std::uint64_t old = native(target.address, target.bytes);
  if (execution_->peek(target.word) == old) {
    execution_->read_to_compare(target.word, wanted);
  } else {
    execution_->read(target.word);  // Nobody has stored to it by a call.
  }
  if (old == wanted) execution_->write(target.word, desired);
  return old;
}

bool Runtime::compare_exchange(std::uintptr_t address, unsigned bytes, std::uint64_t& expected,
                               std::uint64_t desired, MemoryOrder success, MemoryOrder failure,
                               Place place) {
  if (is_user(address)) {
    finish_store();
    effect();
    const std::uint64_t wished =
        std::exchange(expected, user_update(address, bytes, place, [&](std::uint64_t found) {
                        return found == expected ? desired : found;
                      }));
    return expected == wished;
  }
  const Atomic target = begin_atomic(address, bytes, place);
  if (target.shared) turn(place);
  std::uint64_t old = 0;
  const std::uint64_t wanted = expected & target.mask;
  if (target.nr_units > 1) {
    expected = update_parts(target, place, success, [&](std::uint64_t found) {
      return found == wanted ? desired & target.mask : found;
    });
    return expected == wanted;
  }
  if (!target.shared) {
    old = native(address, bytes);
    busy(place);
  } else {
    old = compare_whole(target, wanted, desired & target.mask, place);
  }
  const bool exchanged = old == wanted;
  if (exchanged && !target.shared) {
    effect();
    about_to_write(address, bytes);
    set_native(address, bytes, desired);
  } else if (exchanged) {
    updated(target, old, desired & target.mask, success, place);
  } else if (target.shared) {
    remember_read(target.unit);
    note_access(target.unit, Access::Load, true, place);
    order_.load(self(), target.unit, failure);
  }
  expected = old;
  return exchanged;
}

void Runtime::fence(MemoryOrder order, Place place) {
  finish_store();
  static_cast<void>(place);
  if (order == MemoryOrder::SeqCst) memory_.fence();
  order_.fence(self(), order);
}

// --- words to wait on
// -----------------------------------------------------------------------------

Runtime::Atomic Runtime::begin_wait(const Word& word, const Wait& wait, Place place) {
  finish_store();
  if (is_user(word.address)) unsupported("locks in mapped memory are not supported", place);
  check_address(word.address, word.bytes, Access::Store, place);
  effect();
  const Atomic target = find_word(word);
  word_in_step_ = false;
  if (!target.shared) {
    const bool holds =
        ((native(word.address, word.bytes) & wait.mask) == wait.expected) != wait.negated;
    if (wait.mask != 0 && !holds) park(Parked::Blocked, place);
    return target;
  }
  if (target.nr_units > 1) unsupported("parts of a lock are used otherwise", place);
  memory_.fence();
  const trace::StepText step_text = text(place);
  if (wait.mask != 0) {
    set(me().parked_at, place.code);
    execution_->step_when({.object = target.word,
                           .mask = wait.mask,
                           .expected = wait.expected,
                           .negated = wait.negated},
                          step_text);
  } else {
    execution_->step(step_text);
  }
  me().nr_busy = 0;
  word_in_step_ = true;  // Others have made steps meanwhile.
  order_.acquire(self(), target.unit);
  return target;
}

void Runtime::end_wait(const Atomic& target, std::uint64_t old, std::uint64_t value) {
  if (target.shared && value == old) {
    execution_->read(target.word);
  } else if (target.shared) {
    execution_->read_last(target.word);
  }
  if (value != old) {
    about_to_write(target.address, target.bytes);
    set_native(target.address, target.bytes, value);
    if (target.shared) execution_->write(target.word, value);
  }
  if (!target.shared) return;
  order_.release(self(), target.unit);
}

namespace {

class Bits final : public explore::Alternatives {
 public:
  Bits(const explore::Execution& execution, ObjectId word, std::uint64_t mask)
      : execution_(execution), word_(word), mask_(mask) {}

  unsigned list(std::span<std::uint64_t, kMax> out) const override {
    unsigned count = 0;
    const std::uint64_t bits = execution_.peek(word_) & mask_;
    for (unsigned bit = 0; bit < 64 && count < kMax; ++bit) {
      if (((bits >> bit) & 1u) != 0) out[count++] = bit;
    }
    if (count == 0) out[count++] = 64;
    return count;
  }

 private:
  const explore::Execution& execution_;
  ObjectId word_;
  std::uint64_t mask_;
};

}  // namespace

unsigned Runtime::choose_bit(const Word& word, std::uint64_t mask, Place place) {
  finish_store();
  effect();
  const Atomic target = find_word(word);
  word_in_step_ = false;
  if (!target.shared) return 64;  // Nobody else has come here, so nobody waits.
  memory_.fence();
  const Bits bits(*execution_, target.word, mask);
  const auto bit = static_cast<unsigned>(execution_->step_choose(bits, text(place)));
  execution_->read(target.word);
  word_in_step_ = true;
  order_.acquire(self(), target.unit);
  return bit;
}

}  // namespace mmcheck::guest

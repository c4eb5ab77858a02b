// SPDX-License-Identifier: Apache-2.0
// Spinlock, bit lock and readers-writer semaphore. Each operation is one step; who has to wait is
// not scheduled, so nothing spins.
#pragma once

#include "kernel/task.h"

namespace mmcheck::kernel {

/// linux v6.12 include/linux/spinlock.h
class spinlock_t {
 public:
  spinlock_t() = default;
  spinlock_t(explore::Execution& execution, LockClass lock_class, const trace::ObjectText& text)
      : word_(execution, false, text), class_(lock_class) {}

  void lock(task_struct& task, const trace::StepText& text, Nesting nesting = Nesting::None);
  void unlock(task_struct& task, const trace::StepText& text);
  bool is_locked() const { return word_.peek(); }

 private:
  explore::Cell<bool> word_;
  LockClass class_{};
};

/// A lock in a flag of something else: PG_locked. Sleeps.
/// linux v6.12 mm/filemap.c: folio_lock, folio_trylock, folio_unlock
class bit_lock {
 public:
  bit_lock() = default;
  bit_lock(explore::Execution& execution, LockClass lock_class, const trace::ObjectText& text)
      : word_(execution, false, text), class_(lock_class) {}

  void lock(task_struct& task, const trace::StepText& text);
  bool trylock(task_struct& task, const trace::StepText& text);
  void unlock(task_struct& task, const trace::StepText& text);
  /// An access of the current step, on which no other depends.
  bool test_last() const { return word_.read_last(); }
  bool peek() const { return word_.peek(); }

 private:
  explore::Cell<bool> word_;
  LockClass class_{};
};

/// linux v6.12 kernel/locking/rwsem.c
/// differs: no fairness: a reader is never held back by a waiting writer. More interleavings than
/// the kernel allows, none fewer.
class rw_semaphore {
 public:
  rw_semaphore() = default;
  rw_semaphore(explore::Execution& execution, LockClass lock_class, const trace::ObjectText& text)
      : id_(execution.new_object(0, text)), class_(lock_class) {}

  void down_read(task_struct& task, const trace::StepText& text);
  /// Part of the current step.
  bool down_read_trylock(task_struct& task);
  void up_read(task_struct& task, const trace::StepText& text);
  void down_write(task_struct& task, const trace::StepText& text);
  void up_write(task_struct& task, const trace::StepText& text);
  void downgrade_write(task_struct& task, const trace::StepText& text);
  /// Waits until nobody holds it, without taking it.
  void wait_until_free(task_struct& task, const trace::StepText& text);

 private:
  static constexpr std::uint64_t kWriter = std::uint64_t{1} << 32;

  ObjectId id_{};
  LockClass class_{};
};

}  // namespace mmcheck::kernel

// SPDX-License-Identifier: Apache-2.0
#include "kernel/task.h"

#include <algorithm>

#include "base/error.h"

namespace mmcheck::kernel {

void HeldLocks::add(LockClass lock) {
  if (size_ == kMax) throw InternalError("a thread holds more locks than the model has");
  locks_[size_++] = lock;
}

void HeldLocks::remove(LockClass lock) {
  unsigned last = size_;
  while (last > 0 && locks_[last - 1] != lock) --last;
  if (last == 0) throw InternalError("a lock is released that is not held");
  std::copy(locks_.begin() + last, locks_.begin() + size_, locks_.begin() + last - 1);
  locks_[--size_] = {};  // What is no state is not to tell states apart.
}

void lock_acquire(task_struct& task, LockClass wanted, MaySleep may_sleep, Nesting nesting) {
  for (LockClass held : task.held.all()) {
    // Two locks of one class are taken only where a rule of its own orders them.
    const bool ordered = held == wanted && nesting == Nesting::SingleDepth;
    if (held >= wanted && !ordered) task.monitor->lock_out_of_order(held, wanted);
  }
  if (may_sleep == MaySleep::Yes && (task.preempt_count != 0 || task.cpu->irqs_disabled())) {
    task.monitor->sleep_in_atomic(wanted);
  }
}

void lock_acquired(task_struct& task, LockClass taken, MaySleep may_sleep) {
  // With nothing else held there was nothing to decide.
  if (!task.held.empty()) task.monitor->lock_checked();
  task.held.add(taken);
  if (may_sleep == MaySleep::No) ++task.preempt_count;
}

void lock_release(task_struct& task, LockClass released, MaySleep may_sleep) {
  task.held.remove(released);
  if (may_sleep == MaySleep::No) --task.preempt_count;
}

std::string_view lock_class_name(LockClass lock) {
  switch (lock) {
    case LockClass::f_pos_lock:
      return "f_pos_lock";
    case LockClass::i_rwsem:
      return "i_rwsem";
    case LockClass::mmap_lock:
      return "mmap_lock";
    case LockClass::vma_lock:
      return "VMA lock";
    case LockClass::folio_lock:
      return "folio lock";
    case LockClass::i_mmap_rwsem:
      return "i_mmap_rwsem";
    case LockClass::anon_vma:
      return "anon_vma lock";
    case LockClass::ptl:
      return "PTL";
    case LockClass::private_lock:
      return "private_lock";
    case LockClass::dirty_lock:
      return "dirty lock";
    case LockClass::move_lock:
      return "memcg move_lock";
  }
  return "?";
}

}  // namespace mmcheck::kernel

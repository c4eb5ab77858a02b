// SPDX-License-Identifier: Apache-2.0
#include "kernel/task.h"

#include <algorithm>

#include "base/error.h"

namespace mmcheck::kernel {

void lock_acquire(task_struct& task, LockClass wanted, MaySleep may_sleep) {
  for (LockClass held : task.held) {
    // Two locks of one class are taken only where a rule of its own orders them; nothing here does.
    if (held >= wanted) task.monitor->lock_out_of_order(held, wanted);
  }
  if (may_sleep == MaySleep::Yes && (task.preempt_count != 0 || task.cpu->irqs_disabled())) {
    task.monitor->sleep_in_atomic(wanted);
  }
}

void lock_acquired(task_struct& task, LockClass taken, MaySleep may_sleep) {
  // With nothing else held there was nothing to decide.
  if (!task.held.empty()) task.monitor->lock_checked();
  task.held.push_back(taken);
  if (may_sleep == MaySleep::No) ++task.preempt_count;
}

void lock_release(task_struct& task, LockClass released, MaySleep may_sleep) {
  const auto last = std::find(task.held.rbegin(), task.held.rend(), released);
  if (last == task.held.rend()) throw InternalError("a lock is released that is not held");
  task.held.erase(std::next(last).base());
  if (may_sleep == MaySleep::No) --task.preempt_count;
}

std::string_view lock_class_name(LockClass lock) {
  switch (lock) {
    case LockClass::mmap_lock:
      return "mmap_lock";
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
  }
  return "?";
}

}  // namespace mmcheck::kernel

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "machine/machine.h"

namespace mmcheck::kernel {

/// Lock classes in the order in which they may be taken, outermost first.
/// linux v6.12 mm/rmap.c, mm/filemap.c: the lock ordering comments.
enum class LockClass : std::uint8_t {
  f_pos_lock,  ///< these two only where files have bytes: see src/syscall
  i_rwsem,
  mmap_lock,
  vma_lock,
  folio_lock,
  i_mmap_rwsem,
  anon_vma,
  ptl,
  private_lock,
  dirty_lock,  ///< only in dirty-lock-hashed
  move_lock,
};

enum class MaySleep : std::uint8_t { No, Yes };

/// Whether a lock of the same class may be held already, because something orders the two: where
/// Linux says SINGLE_DEPTH_NESTING. linux v6.12 include/linux/lockdep.h
enum class Nesting : std::uint8_t { None, SingleDepth };

/// What the kernel tells about itself; see machine::Monitor.
class Monitor : public machine::Monitor {
 public:
  /// A lock was asked for while one of a class that must come after it is held.
  virtual void lock_out_of_order(LockClass held, LockClass wanted) = 0;
  /// A sleeping lock was asked for under a spinlock or with interrupts off.
  virtual void sleep_in_atomic(LockClass wanted) = 0;
  /// A lock was taken correctly under another one (for whether the rule was exercised).
  virtual void lock_checked() = 0;

 protected:
  ~Monitor() = default;
};

/// The classes of the locks that a thread holds, in the order in which it took them.
class HeldLocks {
 public:
  static constexpr unsigned kMax = 15;

  std::span<const LockClass> all() const { return {locks_.data(), size_}; }
  bool empty() const { return size_ == 0; }
  void add(LockClass lock);
  /// Takes out the one that was taken last.
  void remove(LockClass lock);

 private:
  std::array<LockClass, kMax> locks_{};
  std::uint8_t size_ = 0;
};

/// A thread of the kernel or of a process, on a CPU of its own.
struct task_struct {
  explore::Execution* execution = nullptr;
  machine::Cpu* cpu = nullptr;
  Monitor* monitor = nullptr;
  HeldLocks held;
  unsigned preempt_count = 0;

  explore::Execution& x() const { return *execution; }
};

/// Checks, before a lock is asked for, that it may be taken here. Trylocks are exempt: they cannot
/// wait.
void lock_acquire(task_struct& task, LockClass wanted, MaySleep may_sleep,
                  Nesting nesting = Nesting::None);
void lock_acquired(task_struct& task, LockClass taken, MaySleep may_sleep);
void lock_release(task_struct& task, LockClass released, MaySleep may_sleep);

std::string_view lock_class_name(LockClass lock);

}  // namespace mmcheck::kernel

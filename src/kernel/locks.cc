// SPDX-License-Identifier: Apache-2.0
#include "kernel/locks.h"

namespace mmcheck::kernel {

void spinlock_t::lock(task_struct& task, const trace::StepText& text, Nesting nesting) {
  lock_acquire(task, class_, MaySleep::No, nesting);
  task.x().step_when(word_.is(false), text);
  word_.write(true);
  lock_acquired(task, class_, MaySleep::No);
}

void spinlock_t::unlock(task_struct& task, const trace::StepText& text) {
  task.x().step(text);
  word_.write(false);
  lock_release(task, class_, MaySleep::No);
}

void bit_lock::lock(task_struct& task, const trace::StepText& text) {
  lock_acquire(task, class_, MaySleep::Yes);
  task.x().step_when(word_.is(false), text);
  word_.write(true);
  lock_acquired(task, class_, MaySleep::Yes);
}

bool bit_lock::trylock(task_struct& task, const trace::StepText& text) {
  task.x().step(text);
  if (word_.read()) return false;
  word_.write(true);
  lock_acquired(task, class_, MaySleep::Yes);
  return true;
}

void bit_lock::unlock(task_struct& task, const trace::StepText& text) {
  task.x().step(text);
  word_.write(false);
  lock_release(task, class_, MaySleep::Yes);
}

void rw_semaphore::down_read(task_struct& task, const trace::StepText& text) {
  lock_acquire(task, class_, MaySleep::Yes);
  task.x().step_when({.object = id_, .mask = kWriter, .expected = 0}, text);
  task.x().read_add(id_, 1);
  lock_acquired(task, class_, MaySleep::Yes);
}

bool rw_semaphore::down_read_trylock(task_struct& task) {
  if (task.x().read(id_) & kWriter) return false;
  task.x().read_add(id_, 1);
  lock_acquired(task, class_, MaySleep::Yes);
  return true;
}

void rw_semaphore::up_read(task_struct& task, const trace::StepText& text) {
  task.x().step(text);
  task.x().read_add(id_, ~std::uint64_t{0});
  lock_release(task, class_, MaySleep::Yes);
}

void rw_semaphore::down_write(task_struct& task, const trace::StepText& text) {
  lock_acquire(task, class_, MaySleep::Yes);
  task.x().step_when({.object = id_, .expected = 0}, text);
  task.x().write(id_, kWriter);
  lock_acquired(task, class_, MaySleep::Yes);
}

void rw_semaphore::up_write(task_struct& task, const trace::StepText& text) {
  task.x().step(text);
  task.x().write(id_, 0);
  lock_release(task, class_, MaySleep::Yes);
}

void rw_semaphore::wait_until_free(task_struct& task, const trace::StepText& text) {
  task.x().step_when({.object = id_, .expected = 0}, text);
  // A guard alone does not conflict with readers' additions; waiting for readers must.
  task.x().touch(id_, explore::Access::Write);
}

void rw_semaphore::downgrade_write(task_struct& task, const trace::StepText& text) {
  task.x().step(text);
  task.x().write(id_, 1);
}

}  // namespace mmcheck::kernel

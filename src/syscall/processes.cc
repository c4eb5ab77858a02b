// SPDX-License-Identifier: Apache-2.0
// Processes and threads: how they begin and end. linux kernel/fork.c, kernel/exit.c
#include <algorithm>

#include "mm/fork.h"
#include "mm/mmap.h"
#include "syscall/kernel_impl.h"

namespace mmcheck::syscall {

using mm::Detail;

/// Signals are taken on the way into the kernel; one that comes later finds the call under way.
/// Returns whether the thread has ended.
/// differs: Linux takes them on the way out, and a call that sleeps is woken up.
bool Kernel::Impl::take_signal(unsigned t) {
  mm::thread& task = system_.threads[t];
  if (!features_.exit) return false;
  task.x().step({.format = "signal pending?", .detail = Detail::Minor});
  if (!task.mm->exiting.read_last()) return false;
  mm::enter_kernel(task);
  exit_thread(t);
  return true;
}

/// The CPU runs the process from this step on. What its TLB held of it, from another time, is gone.
void Kernel::Impl::join(unsigned t, unsigned process) {
  mm::thread& task = system_.threads[t];
  mm::mm_struct& mm = system_.mms[process];
  task.mm = &mm;
  task.killed = task.gone = false;
  mm.running.write(mm.running.read_last() | (1u << t));
  for (machine::PteSlot& slot : mm.ptes) slot.tlb_invalidate(task.cpu->id());
  started_[t].write(process + 1);
}

std::int64_t Kernel::Impl::clone_thread(unsigned t, unsigned fresh) {
  return enter(t, [&](mm::thread& task) -> std::int64_t {
    task.x().step({.format = "clone()"});
    if (started_[fresh].read() != 0) throw InternalError("clone: the thread's slot is not free");
    task.mm->mm_users.write(task.mm->mm_users.read_last() + 1);
    join(fresh, task.mm->id);
    return 0;
  });
}

/// Another process is about to have the number: nobody takes the one for the other.
void Kernel::Impl::forget_process(unsigned process) {
  for (mm::mm_struct& mm : system_.mms) {
    if (mm.parent == &system_.mms[process]) mm.parent = nullptr;
  }
  for (mm::folio& page : system_.folios) {
    mm::last_writer& writer = *page.written_by;
    if (writer.mm == process + 1) writer = {};
    writer.after &= static_cast<std::uint8_t>(~(1u << process));
  }
}

std::int64_t Kernel::Impl::fork(unsigned t, unsigned child) {
  if (!features_.fork) {
    Features features = features_;
    features.fork = true;
    need(features);
  }
  return enter(t, [&](mm::thread& task) -> std::int64_t {
    task.x().step({.format = "copy_process()"});
    if (started_[child].read() != 0) throw InternalError("fork: the thread's slot is not free");
    processes_lock_.write(processes_lock_.read_last() + 1);
    unsigned process = 0;
    while (process < room_.processes && processes_[process].state.read() != ProcessState::Free) {
      ++process;
    }
    if (process == room_.processes) {
      Room room = room_;
      ++room.processes;
      need(room);
    }
    processes_[process].state.write(ProcessState::Alive);
    forget_process(process);
    inherit_mdwe(task, process);
    task.x().step({.format = "copy_files()", .detail = Detail::Minor});
    vfs_.write(vfs_.read_last() + 1);
    processes_[process].fds = process_of(task).fds;
    for (const std::uint8_t fd : processes_[process].fds) {
      if (fd == 0) continue;
      Cell<int>& f_count = open_files_[fd - 1u].f_count;
      f_count.commute(f_count.peek() + 1);
    }
    mm::mm_struct& mm = system_.mms[process];
    mm.parent = task.mm;
    mm::sys_fork(task, mm);
    // Part of its last step, which makes the child runnable.
    mm.exiting.write(false);
    if (features_.reap) {
      mm.unstable.write(false);
      mm.oom_skip.write(false);
    }
    mm.mm_users.write(1);
    join(child, process);
    return process;
  });
}

/// What is left to do when the thread has dropped its address space.
void Kernel::Impl::end_thread(unsigned t) {
  mm::thread& task = system_.threads[t];
  const bool last = task.mm->mm_users.peek() == 0;  // Of its own step: nobody comes after.
  if (last) exit_files(task);
  task.x().step({.format = "do_exit()", .detail = Detail::Minor});
  if (last) {
    processes_lock_.write(processes_lock_.read_last() + 1);
    processes_[task.mm->id].state.write(ProcessState::Zombie);
  }
  started_[t].write(0);
  task.mm = nullptr;
}

void Kernel::Impl::exit_thread(unsigned t) {
  mm::thread& task = system_.threads[t];
  mm::enter_kernel(task);
  mm::exit_mm(task);
  end_thread(t);
}

void Kernel::Impl::exit_group(unsigned t, int status) {
  mm::thread& task = system_.threads[t];
  if (take_signal(t)) return;
  mm::enter_kernel(task);
  task.x().step(
      {.format = "exit_group({})",
       .args = {machine::arg(static_cast<std::uint64_t>(static_cast<unsigned>(status)))}});
  const bool alone = task.mm->mm_users.read() == 1;
  if (!alone && !features_.exit) {
    Features features = features_;
    features.exit = true;
    need(features);
  }
  process_of(task).status = status;
  if (!alone) task.mm->exiting.write(true);
  exit_thread(t);
}

std::int64_t Kernel::Impl::kill(unsigned t, unsigned process, int status) {
  if (!features_.exit) {
    Features features = features_;
    features.exit = true;
    need(features);
  }
  return enter(t, [&](mm::thread& task) -> std::int64_t {
    task.x().step({.format = "kill(process {})", .args = {machine::arg(std::uint64_t{process})}});
    if (process >= room_.processes) return -ESRCH;
    const ProcessState state = processes_[process].state.read();
    if (state == ProcessState::Free) return -ESRCH;
    if (state == ProcessState::Zombie) return 0;
    if (!system_.mms[process].exiting.read()) {
      system_.mms[process].exiting.write(true);
      processes_[process].status = status;
    }
    return 0;
  });
}

std::int64_t Kernel::Impl::wait_process(unsigned t, unsigned process) {
  return enter(t, [&](mm::thread& task) -> std::int64_t {
    if (process >= room_.processes) return -ECHILD;
    task.x().step_when(ended(process), {.format = "wait(process {})",
                                        .args = {machine::arg(std::uint64_t{process})}});
    Process& child = processes_[process];
    if (child.state.read() == ProcessState::Free) return -ECHILD;
    processes_lock_.write(processes_lock_.read_last() + 1);
    child.state.write(ProcessState::Free);
    return child.status;
  });
}

unsigned Kernel::Impl::process_of(unsigned t) const {
  const std::uint32_t process = started_[t].peek();
  return process == 0 ? kNoProcess : process - 1;
}

unsigned Kernel::Impl::free_thread() const {
  unsigned t = 0;
  while (t < room_.threads && started_[t].peek() != 0) ++t;
  return t;
}

}  // namespace mmcheck::syscall

// SPDX-License-Identifier: Apache-2.0
#include "conform/native_server.h"

#include <linux/futex.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "conform/native_kernel.h"
#include "conform/perform.h"

namespace mmcheck::conform {
namespace {

/// Processes take turns: this one makes its calls when it is their turn.
class Runner {
 public:
  Runner(Shared& shared, NativeKernel& kernel) : shared_(shared), kernel_(kernel) {}

  void run();

 private:
  bool is_first() const { return process_ == 0; }
  void make(std::uint32_t position);
  void fork(std::uint32_t position);
  void wait_for_exit(unsigned process) const;
  void clean_up();

  Shared& shared_;
  NativeKernel& kernel_;
  std::uint8_t process_ = 0;
  Slots slots_;
  Transfer transfer_{};
};

void Runner::run() {
  make_files(shared_.file_bytes, kernel_, transfer_);
  for (std::uint32_t i = 0; i < shared_.nr_calls; ++i) {
    const Call& call = shared_.calls[i];
    if (call.process == process_) {
      shared_.position.wait_for(i);
      make(i);
    } else if (call.op == Op::Exit && is_first()) {
      // What the process had mapped must be gone before the next call.
      shared_.position.wait_for(i);
      wait_for_exit(call.process);
      shared_.position.set(i + 1);
    }
  }
  // While others make calls, nothing of what they could see of this process may go.
  shared_.position.wait_for(shared_.nr_calls);
  if (!is_first()) leave_process(0);
  while (::waitpid(-1, nullptr, 0) > 0) continue;
  clean_up();
}

void Runner::make(std::uint32_t position) {
  const Call& call = shared_.calls[position];
  if (call.op == Op::Fork) return fork(position);
  if (call.op == Op::Exit) {
    shared_.results[position] = Result{};
    leave_process(0);
  }
  shared_.results[position] = perform(call, kernel_, slots_, transfer_);
  shared_.position.set(position + 1);
}

void Runner::fork(std::uint32_t position) {
  const auto child = static_cast<std::uint8_t>(shared_.calls[position].operands[0]);
  const pid_t pid = ::fork();
  if (pid < 0) leave_process(1);
  if (pid > 0) {
    shared_.pids[child] = pid;
    shared_.results[position] = Result{};
    shared_.position.set(position + 1);
    return;
  }
  process_ = child;
}

void Runner::wait_for_exit(unsigned process) const {
  // By a descriptor, since it may be a child of a child. Where there is none, it has been reaped.
  const auto fd = static_cast<int>(::syscall(SYS_pidfd_open, shared_.pids[process], 0));
  if (fd < 0) return;
  pollfd event{.fd = fd, .events = POLLIN, .revents = 0};
  while (::poll(&event, 1, -1) < 0 && errno == EINTR) continue;
  ::close(fd);
}

void Runner::clean_up() {
  ::munmap(reinterpret_cast<void*>(kWindow), 2 * std::size_t{kWindowPages} * 4096);
  for (unsigned slot = 0; slot < kSlots; ++slot) {
    if (slots_.fd(slot) != Slots::kNeverOpen) ::close(slots_.fd(slot));
  }
}

void remove(const Folder& folder) {
  for (unsigned file = 0; file < kFiles; ++file) ::unlinkat(folder.fd, file_name(file).data(), 0);
  ::rmdir(folder.path);
}

}  // namespace

void SharedNumber::set(std::uint32_t number) {
  number_.store(number);
  ::syscall(SYS_futex, &number_, FUTEX_WAKE, 0x7fff'ffff, nullptr, nullptr, 0);
}

void SharedNumber::wait_for(std::uint32_t number) const {
  constexpr long kWaitsMax = 120'000 / kWaitMilliseconds;
  for (long waits = 0; waits < kWaitsMax; ++waits) {
    const std::uint32_t now = get();
    if (now == number) return;
    wait_while(now);
    if (get() != now) waits = 0;
  }
  leave_process(1);
}

void SharedNumber::wait_while(std::uint32_t number) const {
  const timespec a_while{.tv_sec = 0, .tv_nsec = kWaitMilliseconds * 1'000'000};
  ::syscall(SYS_futex, &number_, FUTEX_WAIT, number, &a_while, nullptr, 0);
}

void leave_process(int status) {
  for (;;) ::syscall(SYS_exit_group, status);
}

void serve(Shared& shared, const Folder& folder, pid_t client) {
  ::setpgid(0, 0);                          // what it forks is killed with it
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);       // also the children of children are to be waited for
  ::prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);  // a fault maps a page, whatever the host prefers
  NativeKernel kernel(folder.fd);
  for (std::uint32_t answered = 0;; ++answered) {
    while (shared.requested.get() == answered) {
      // A signal at its death would come at that of the thread which made this process.
      if (::getppid() != client) {
        remove(folder);
        leave_process(0);
      }
      shared.requested.wait_while(answered);
    }
    shared.position.set(0);
    Runner(shared, kernel).run();
    shared.answered.set(answered + 1);
  }
}

}  // namespace mmcheck::conform

// SPDX-License-Identifier: Apache-2.0
// Calls about processes and their memory, beside those of functions_sys.cc; and system calls by
// number.
#include <fcntl.h>
#include <linux/prctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <string>

#include "guest/descriptors.h"
#include "guest/guest_function.h"
#include "guest/text.h"

namespace mmcheck::guest {

namespace {

// Of kernels that the machine's headers may not know: <linux/prctl.h>.
constexpr int kSetMdwe = 65;
constexpr int kGetMdwe = 66;

mmcheck::syscall::Kernel& model() { return runtime().kernel(); }

int put_pair(std::int64_t result, const std::array<int, 2>& fds, int* to, Place place) {
  if (result == 0) runtime().put_bytes(to, std::as_bytes(std::span(fds)), place);
  return static_cast<int>(check_result(result));
}

std::int64_t mdwe_call(int option, const std::array<unsigned long, 4>& arguments) {
  if (arguments[1] != 0 || arguments[2] != 0 || arguments[3] != 0) return -EINVAL;
  if (option == kSetMdwe) return model().set_mdwe(runtime().self(), arguments[0]);
  if (arguments[0] != 0) return -EINVAL;
  return model().mdwe(runtime().self());
}

}  // namespace

GUEST(int, mlock2, const void* at, std::size_t bytes, unsigned flags) {
  return static_cast<int>(check_result(
      model().mlock2(runtime().self(), address_of(at), bytes, static_cast<int>(flags))));
}
GUEST(int, mlockall, int flags) {
  return static_cast<int>(check_result(model().mlockall(runtime().self(), flags)));
}
GUEST(int, munlockall, ) {
  return static_cast<int>(check_result(model().munlockall(runtime().self())));
}
GUEST(int, fallocate, int fd, int mode, off_t offset, off_t bytes) {
  return static_cast<int>(
      check_result(model().fallocate(runtime().self(), fd, mode, offset, bytes)));
}
GUEST(int, pipe, int* fds) {
  std::array<int, 2> made{};
  const std::int64_t result = model().pipe(runtime().self(), made);
  return put_pair(result, made, fds, PLACE);
}
GUEST(int, socketpair, int domain, int type, int, int* fds) {
  if (domain != AF_UNIX) runtime().unsupported("socketpair() that is not of AF_UNIX", PLACE);
  std::array<int, 2> made{};
  const std::int64_t result = model().socketpair(runtime().self(), type, made);
  return put_pair(result, made, fds, PLACE);
}
GUEST(int, prctl, int option, ...) {
  std::array<unsigned long, 4> given{};
  va_list arguments;
  va_start(arguments, option);
  for (unsigned long& one : given) one = va_arg(arguments, unsigned long);
  va_end(arguments);
  if (option == kSetMdwe || option == kGetMdwe) {
    return static_cast<int>(check_result(mdwe_call(option, given)));
  }
  runtime().unsupported("prctl() with option " + std::to_string(option) + " is not supported",
                        PLACE);
}
GUEST(int, getppid, ) { return runtime().parent_pid(); }
GUEST(int, setpgrp, ) { return 0; }
GUEST(int, setpgid, int, int) { return 0; }
GUEST(int, setsid, ) { return runtime().pid(); }
// Nothing is limited but by what the model has room for.
GUEST(int, getrlimit, int, struct rlimit* limits) {
  const struct rlimit none { .rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY };
  guest::put(limits, none, PLACE);
  return 0;
}
GUEST(unsigned, getuid, ) { return 0; }
GUEST(unsigned, geteuid, ) { return 0; }
// There is no shell, nor any other program.
GUEST(int, system, const char*) {
  runtime().error_number() = ENOENT;
  return -1;
}

// --- devices, and folders, of which there are none
// ------------------------------------------------

GUEST(int, ioctl, int fd, unsigned long, ...) {
  const bool known = fd < mmcheck::syscall::Kernel::kFirstFd ||
                     runtime().proc_files().find(runtime().process(), fd) != nullptr ||
                     model().is_file(runtime().self(), fd);
  runtime().error_number() = known ? ENOTTY : EBADF;
  return -1;
}
// Everybody may do everything to what is there.
GUEST(int, access, const char* path, int) {
  const std::int64_t fd = guest::open_descriptor(guest::take_string(path, PLACE), O_RDONLY, 0);
  if (check_result(fd) < 0) return -1;
  return static_cast<int>(check_result(guest::close_descriptor(static_cast<int>(fd))));
}
GUEST(void*, opendir, const char*) {
  runtime().error_number() = ENOENT;
  return nullptr;
}
GUEST(void*, readdir, void*) { return nullptr; }
GUEST(int, closedir, void*) { return 0; }

// --- system calls by number
// -----------------------------------------------------------------------

namespace {

constexpr long kProcessMrelease = 448;
constexpr long kPidfdOpen = 434;
/// A pidfd is such a number for a process, and is in no table: nobody hands it on.
constexpr int kFirstPidfd = 10'000;

using Arguments = std::array<unsigned long, 6>;

std::int64_t pidfd_open(long pid, unsigned long flags) {
  if (flags != 0) return -EINVAL;
  const std::int64_t process = runtime().process_of_pid(pid);
  return process < 0 ? -ESRCH : kFirstPidfd + process;
}

std::int64_t process_mrelease(int fd, unsigned long flags) {
  if (fd < kFirstPidfd) return -EBADF;
  if (flags != 0) return -EINVAL;
  return model().process_mrelease(runtime().self(), static_cast<unsigned>(fd - kFirstPidfd));
}

std::int64_t memory_call(long number, const Arguments& with) {
  const unsigned self = runtime().self();
  switch (number) {
    case SYS_mmap:
      return model().mmap(self, with[0], with[1], static_cast<int>(with[2]),
                          static_cast<int>(with[3]), static_cast<int>(with[4]),
                          static_cast<std::int64_t>(with[5]));
    case SYS_munmap:
      return model().munmap(self, with[0], with[1]);
    case SYS_mprotect:
      return model().mprotect(self, with[0], with[1], static_cast<int>(with[2]));
    case SYS_mremap:
      return model().mremap(self, with[0], with[1], with[2], static_cast<int>(with[3]), with[4]);
    case SYS_madvise:
      return model().madvise(self, with[0], with[1], static_cast<int>(with[2]));
    case SYS_msync:
      return model().msync(self, with[0], with[1], static_cast<int>(with[2]));
    case SYS_mlock:
      return model().mlock(self, with[0], with[1]);
    case SYS_mlock2:
      return model().mlock2(self, with[0], with[1], static_cast<int>(with[2]));
    case SYS_munlock:
      return model().munlock(self, with[0], with[1]);
    default:
      return -ENOSYS;
  }
}

}  // namespace

// Calls that the model has not got are as on a kernel that was built without them.
GUEST(long, syscall, long number, ...) {
  Arguments with{};
  va_list arguments;
  va_start(arguments, number);
  for (unsigned long& one : with) one = va_arg(arguments, unsigned long);
  va_end(arguments);
  switch (number) {
    case SYS_getpid:
      return runtime().pid();
    case SYS_getppid:
      return runtime().parent_pid();
    case SYS_gettid:
      return static_cast<long>(runtime().self()) + 1;
    case kPidfdOpen:
      return check_result(pidfd_open(static_cast<long>(with[0]), with[1]));
    case kProcessMrelease:
      return check_result(process_mrelease(static_cast<int>(with[0]), with[1] & 0xffffffff));
    default:
      return check_result(memory_call(number, with));
  }
}

void link_proc_functions() {}

}  // namespace mmcheck::guest

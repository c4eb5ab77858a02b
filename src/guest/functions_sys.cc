// SPDX-License-Identifier: Apache-2.0
// System calls: the model's kernel makes them.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>

#include "guest/descriptors.h"
#include "guest/guest_function.h"
#include "guest/text.h"

namespace mmcheck::guest {

namespace {

constexpr std::size_t kPagesMax = std::size_t{1} << 16;  ///< of an address space

/// The C library's convention.
template <typename T = int>
T returned(std::int64_t result) {
  if (result >= 0) return static_cast<T>(result);
  runtime().stop_if_killed(result);
  runtime().error_number() = static_cast<int>(-result);
  return static_cast<T>(-1);
}

void* returned_address(std::int64_t result) {
  return reinterpret_cast<void*>(returned<std::intptr_t>(result));
}

/// What a call needs, and what every call ends: stores that are under way, a loop that waits.
mmcheck::syscall::Kernel& kernel() { return runtime().kernel(); }

unsigned self() { return runtime().self(); }

void put_read(void* to, const ScratchBytes& got, std::int64_t bytes, Place place) {
  runtime().put_bytes(to, std::span(got).first(static_cast<std::size_t>(bytes)), place);
}

mode_t mode_of(int flags, va_list arguments) {
  const bool creates = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  return creates ? static_cast<mode_t>(va_arg(arguments, int)) : 0;
}

}  // namespace

// --- memory
// ---------------------------------------------------------------------------------------

GUEST(void*, mmap, void* at, std::size_t bytes, int protection, int flags, int fd, off_t offset) {
  return returned_address(
      kernel().mmap(self(), address_of(at), bytes, protection, flags, fd, offset));
}
GUEST(void*, mmap64, void* at, std::size_t bytes, int protection, int flags, int fd, off_t offset) {
  return returned_address(
      kernel().mmap(self(), address_of(at), bytes, protection, flags, fd, offset));
}
GUEST(int, munmap, void* at, std::size_t bytes) {
  return returned(kernel().munmap(self(), address_of(at), bytes));
}
GUEST(int, mprotect, void* at, std::size_t bytes, int protection) {
  return returned(kernel().mprotect(self(), address_of(at), bytes, protection));
}
GUEST(void*, mremap, void* at, std::size_t bytes, std::size_t new_bytes, int flags, ...) {
  void* new_at = nullptr;
  if ((flags & MREMAP_FIXED) != 0) {
    va_list arguments;
    va_start(arguments, flags);
    new_at = va_arg(arguments, void*);
    va_end(arguments);
  }
  return returned_address(
      kernel().mremap(self(), address_of(at), bytes, new_bytes, flags, address_of(new_at)));
}
GUEST(int, madvise, void* at, std::size_t bytes, int advice) {
  return returned(kernel().madvise(self(), address_of(at), bytes, advice));
}
GUEST(int, msync, void* at, std::size_t bytes, int flags) {
  return returned(kernel().msync(self(), address_of(at), bytes, flags));
}
GUEST(int, mincore, void* at, std::size_t bytes, unsigned char* result) {
  // More than the model has room for is not mapped.
  ScratchVector<std::uint8_t> pages(std::min<std::size_t>(bytes / 4096 + 1, kPagesMax));
  const std::int64_t done = kernel().mincore(self(), address_of(at), bytes, pages);
  if (done != 0) return returned(done);
  if (result == nullptr && bytes != 0) return returned(-EFAULT);
  const auto found = std::as_bytes(std::span(pages)).first((bytes + 4095) / 4096);
  if (!found.empty()) runtime().put_bytes(result, found, PLACE);
  return 0;
}
GUEST(int, mlock, const void* at, std::size_t bytes) {
  return returned(kernel().mlock(self(), address_of(at), bytes));
}
GUEST(int, munlock, const void* at, std::size_t bytes) {
  return returned(kernel().munlock(self(), address_of(at), bytes));
}

// --- files
// ----------------------------------------------------------------------------------------

#define OPEN(name)                                                                         \
  GUEST(int, name, const char* path, int flags, ...) {                                     \
    va_list arguments;                                                                     \
    va_start(arguments, flags);                                                            \
    const mode_t mode = mode_of(flags, arguments);                                         \
    va_end(arguments);                                                                     \
    return returned(guest::open_descriptor(guest::take_string(path, PLACE), flags, mode)); \
  }
OPEN(open)
OPEN(open64)
GUEST(int, creat, const char* path, mode_t mode) {
  return returned(kernel().open(self(), path, O_CREAT | O_WRONLY | O_TRUNC, mode));
}
GUEST(int, memfd_create, const char* name, unsigned flags) {
  return returned(kernel().memfd_create(self(), name, flags));
}
GUEST(int, close, int fd) { return returned(guest::close_descriptor(fd)); }
GUEST(int, dup, int fd) { return returned(kernel().dup(self(), fd)); }
GUEST(int, unlink, const char* path) { return returned(kernel().unlink(self(), path)); }
GUEST(ssize_t, read, int fd, void* to, std::size_t bytes) {
  ScratchBytes got(bytes);
  const std::int64_t result = guest::read_descriptor(fd, got);
  if (result > 0) put_read(to, got, result, PLACE);
  return returned<ssize_t>(result);
}
GUEST(ssize_t, pread, int fd, void* to, std::size_t bytes, off_t offset) {
  ScratchBytes got(bytes);
  const std::int64_t result = guest::read_descriptor(fd, got, offset);
  if (result > 0) put_read(to, got, result, PLACE);
  return returned<ssize_t>(result);
}
GUEST(ssize_t, write, int fd, const void* from, std::size_t bytes) {
  const ScratchBytes given = runtime().take_bytes(from, bytes, PLACE);
  return returned<ssize_t>(guest::write_descriptor(fd, given));
}
GUEST(ssize_t, pwrite, int fd, const void* from, std::size_t bytes, off_t offset) {
  const ScratchBytes given = runtime().take_bytes(from, bytes, PLACE);
  return returned<ssize_t>(kernel().pwrite(self(), fd, given, offset));
}
GUEST(off_t, lseek, int fd, off_t offset, int whence) {
  return returned<off_t>(kernel().lseek(self(), fd, offset, whence));
}
GUEST(int, ftruncate, int fd, off_t bytes) {
  return returned(kernel().ftruncate(self(), fd, bytes));
}
GUEST(int, fsync, int fd) { return returned(kernel().fsync(self(), fd)); }
GUEST(int, fdatasync, int fd) { return returned(kernel().fdatasync(self(), fd)); }
GUEST(int, posix_fadvise, int fd, off_t offset, off_t bytes, int advice) {
  const std::int64_t result = kernel().posix_fadvise(self(), fd, offset, bytes, advice);
  runtime().stop_if_killed(result);
  return static_cast<int>(-result);
}
GUEST(int, fstat, int fd, struct stat* result) {
  const std::int64_t bytes = kernel().file_size(self(), fd);
  if (bytes < 0) return returned(bytes);
  struct stat found {};
  found.st_mode = S_IFREG | 0666;
  found.st_nlink = 1;
  found.st_size = bytes;
  found.st_blksize = 4096;
  guest::put(result, found, PLACE);
  return 0;
}

// --- processes
// ------------------------------------------------------------------------------------

GUEST(int, fork, ) { return returned(runtime().fork(PLACE)); }
GUEST(int, getpid, ) { return runtime().pid(); }
GUEST(int, kill, int pid, int signal) { return returned(runtime().kill(pid, signal, PLACE)); }
GUEST(int, waitpid, int pid, int* result, int) {
  int status = 0;
  const std::int64_t found = runtime().wait_for(pid, status);
  if (found >= 0 && result != nullptr) guest::put(result, status, PLACE);
  return returned(found);
}
GUEST(int, wait, int* result) {
  int status = 0;
  const std::int64_t found = runtime().wait_for(-1, status);
  if (found >= 0 && result != nullptr) guest::put(result, status, PLACE);
  return returned(found);
}

void link_sys_functions() {}

}  // namespace mmcheck::guest

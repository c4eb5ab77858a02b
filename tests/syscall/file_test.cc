// SPDX-License-Identifier: Apache-2.0
// Files: names, descriptors, bytes, their ends, and what of them is in memory.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "guest.h"

namespace mmcheck::syscall {

namespace {

int open_new(Guest& guest, std::string_view path = "f") {
  return static_cast<int>(guest.kernel.open(guest.t, path, O_CREAT | O_RDWR));
}
std::string zeros(std::int64_t bytes) { return std::string(static_cast<std::size_t>(bytes), '\0'); }

TEST(File, NamesAndDescriptors) {
  run([](Guest& guest) {
    Kernel& kernel = guest.kernel;
    EXPECT_EQ(kernel.open(0, "f", O_RDWR), -ENOENT);
    EXPECT_EQ(kernel.open(0, "", O_RDWR | O_CREAT), -ENOENT);
    const int fd = open_new(guest);
    EXPECT_EQ(fd, Kernel::kFirstFd);
    EXPECT_EQ(kernel.open(0, "f", O_RDWR | O_CREAT | O_EXCL), -EEXIST);
    EXPECT_EQ(kernel.open(0, "f", O_RDONLY | O_DIRECTORY), -ENOTDIR);
    const int other = static_cast<int>(kernel.open(0, "f", O_RDONLY));
    EXPECT_EQ(other, fd + 1);
    EXPECT_EQ(guest.write(other, "x"), -EBADF);
    EXPECT_EQ(guest.write(fd, "hello"), 5);
    EXPECT_EQ(guest.read(other, 9), "hello");
    EXPECT_EQ(guest.read(other, 9), "");
    EXPECT_EQ(guest.read(fd, 9), "");
    const int copy = static_cast<int>(kernel.dup(0, fd));
    EXPECT_EQ(kernel.lseek(0, copy, 1, SEEK_SET), 1);
    EXPECT_EQ(guest.read(fd, 2), "el");
    EXPECT_EQ(kernel.close(0, fd), 0);
    EXPECT_EQ(kernel.close(0, fd), -EBADF);
    EXPECT_EQ(guest.read(fd, 2), "error -9");
    EXPECT_EQ(guest.read(copy, 2), "lo");
    EXPECT_EQ(kernel.unlink(0, "f"), 0);
    EXPECT_EQ(kernel.unlink(0, "f"), -ENOENT);
    EXPECT_EQ(guest.pread(copy, 9, 0), "hello");
    EXPECT_EQ(kernel.close(0, copy), 0);
    EXPECT_EQ(kernel.close(0, other), 0);
    EXPECT_EQ(guest.read(open_new(guest), 9), "");
  });
}

TEST(File, BytesAtAnyOffset) {
  run([](Guest& guest) {
    const int fd = open_new(guest);
    EXPECT_EQ(guest.pwrite(fd, "abcdef", kPage - 3), 6);
    EXPECT_EQ(guest.kernel.file_size(0, fd), kPage + 3);
    EXPECT_EQ(guest.pread(fd, 100, kPage - 5), zeros(2) + "abcdef");
    EXPECT_EQ(guest.pwrite(fd, "z", 3 * kPage), 1);
    EXPECT_EQ(guest.pread(fd, 3, 2 * kPage - 1), zeros(3));
    EXPECT_EQ(guest.kernel.lseek(0, fd, -1, SEEK_END), 3 * kPage);
    EXPECT_EQ(guest.read(fd, 5), "z");
    EXPECT_EQ(guest.kernel.lseek(0, fd, -1, SEEK_SET), -EINVAL);
    EXPECT_EQ(guest.pwrite(fd, "x", -1), -EINVAL);
    const int append = static_cast<int>(guest.kernel.open(0, "f", O_RDWR | O_APPEND));
    EXPECT_EQ(guest.write(append, "!"), 1);
    EXPECT_EQ(guest.pread(fd, 9, 3 * kPage), "z!");
    guest.kernel.open(0, "f", O_RDWR | O_TRUNC);
    EXPECT_EQ(guest.kernel.file_size(0, fd), 0);
  });
}

TEST(File, BytesSurviveEviction) {
  run([](Guest& guest) {
    Kernel& kernel = guest.kernel;
    const int fd = open_new(guest);
    guest.write(fd, "on the disk");
    const std::int64_t p = guest.mmap(0, kPage, kReadWrite, MAP_SHARED, fd);
    guest.store(p + 7, "moon");
    std::array<std::uint8_t, 1> present{};
    EXPECT_EQ(kernel.msync(0, u(p), kPage, MS_SYNC), 0);
    EXPECT_EQ(kernel.madvise(0, u(p), kPage, MADV_DONTNEED), 0);
    EXPECT_EQ(kernel.mincore(0, u(p), kPage, present), 0);
    EXPECT_EQ(present[0], 1);
    EXPECT_EQ(kernel.posix_fadvise(0, fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    EXPECT_EQ(kernel.mincore(0, u(p), kPage, present), 0);
    EXPECT_EQ(present[0], 0);
    EXPECT_EQ(guest.pread(fd, 99, 0), "on the moon");
    EXPECT_EQ(guest.load(p, 12), std::string("on the moon\0", 12));
  });
}

TEST(File, MappingsBehindTheEnd) {
  run([](Guest& guest) {
    Kernel& kernel = guest.kernel;
    const int fd = open_new(guest);
    guest.write(fd, "tail");
    const std::int64_t p = guest.mmap(0, 2 * kPage, kReadWrite, MAP_SHARED, fd);
    EXPECT_EQ(guest.load(p, 6), "tail" + zeros(2));
    EXPECT_EQ(guest.store(p + 100, "lost"), Fault::None);
    EXPECT_EQ(guest.load(p + kPage, 1), "SIGBUS");
    EXPECT_EQ(guest.store(p + kPage, "x"), Fault::Sigbus);
    EXPECT_EQ(kernel.fsync(0, fd), 0);
    EXPECT_EQ(guest.load(p + 100, 4), zeros(4));
    EXPECT_EQ(kernel.ftruncate(0, fd, 2 * kPage), 0);
    EXPECT_EQ(guest.load(p + kPage, 1), zeros(1));
    EXPECT_EQ(guest.store(p + kPage + 5, "there"), Fault::None);
    EXPECT_EQ(kernel.ftruncate(0, fd, kPage + 7), 0);
    EXPECT_EQ(guest.load(p + kPage + 5, 5), "th" + zeros(3));
    EXPECT_EQ(kernel.ftruncate(0, fd, 2), 0);
    EXPECT_EQ(guest.load(p + kPage, 1), "SIGBUS");
    EXPECT_EQ(guest.load(p, 4), "ta" + zeros(2));
    EXPECT_EQ(kernel.ftruncate(0, fd, kPage), 0);
    EXPECT_EQ(guest.pread(fd, 4, 0), "ta" + zeros(2));
    EXPECT_EQ(kernel.ftruncate(0, fd, -1), -EINVAL);
    const int ro = static_cast<int>(kernel.open(0, "f", O_RDONLY));
    EXPECT_EQ(kernel.ftruncate(0, ro, 0), -EINVAL);
    EXPECT_EQ(kernel.ftruncate(0, 99, 0), -EBADF);
  });
}

TEST(File, TruncationTakesPrivateCopies) {
  run([](Guest& guest) {
    const int fd = open_new(guest);
    guest.pwrite(fd, "x", kPage);
    const std::int64_t p = guest.mmap(0, 2 * kPage, kReadWrite, MAP_PRIVATE, fd);
    guest.store(p, "mine");
    guest.store(p + kPage, "mine");
    EXPECT_EQ(guest.pread(fd, 4, 0), zeros(4));
    EXPECT_EQ(guest.kernel.ftruncate(0, fd, kPage), 0);
    EXPECT_EQ(guest.load(p, 4), "mine");
    EXPECT_EQ(guest.load(p + kPage, 4), "SIGBUS");
  });
}

TEST(File, SharedAnonymousMemoryAndMemfd) {
  run([](Guest& guest) {
    Kernel& kernel = guest.kernel;
    const std::int64_t p = guest.mmap(0, 2 * kPage, kReadWrite, MAP_SHARED | MAP_ANONYMOUS);
    guest.store(p, "shared");
    EXPECT_EQ(kernel.madvise(0, u(p), kPage, MADV_DONTNEED), 0);
    EXPECT_EQ(guest.load(p, 6), "shared");
    EXPECT_EQ(kernel.msync(0, u(p), kPage, MS_SYNC), 0);
    EXPECT_EQ(kernel.munmap(0, u(p), 2 * kPage), 0);
    const int fd = static_cast<int>(kernel.memfd_create(0, "m", 0));
    EXPECT_EQ(kernel.ftruncate(0, fd, kPage), 0);
    const std::int64_t q = guest.mmap(0, kPage, kReadWrite, MAP_SHARED, fd);
    guest.store(q, "memfd");
    EXPECT_EQ(kernel.posix_fadvise(0, fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    EXPECT_EQ(guest.pread(fd, 5, 0), "memfd");
    // Files that are gone make room for others.
    for (int i = 0; i < 20; ++i) {
      const std::int64_t r = guest.mmap(0, kPage, kReadWrite, MAP_SHARED | MAP_ANONYMOUS);
      EXPECT_EQ(guest.load(r, 4), zeros(4));
      guest.store(r, "gone");
      EXPECT_EQ(kernel.munmap(0, u(r), kPage), 0);
    }
  });
}

TEST(File, Errors) {
  run([](Guest& guest) {
    Kernel& kernel = guest.kernel;
    const int fd = open_new(guest);
    EXPECT_EQ(kernel.posix_fadvise(0, fd, 0, 0, 99), -EINVAL);
    EXPECT_EQ(kernel.posix_fadvise(0, fd, 0, -1, POSIX_FADV_DONTNEED), -EINVAL);
    EXPECT_EQ(kernel.posix_fadvise(0, 99, 0, 0, POSIX_FADV_DONTNEED), -EBADF);
    EXPECT_EQ(kernel.fsync(0, 99), -EBADF);
    EXPECT_EQ(kernel.fdatasync(0, fd), 0);
    const std::int64_t p = guest.map_anonymous(kPage);
    EXPECT_EQ(kernel.msync(0, u(p), kPage, MS_SYNC | MS_ASYNC), -EINVAL);
    EXPECT_EQ(kernel.msync(0, u(p) + 1, kPage, MS_SYNC), -EINVAL);
    EXPECT_EQ(kernel.msync(0, u(p), kPage, 0x100), -EINVAL);
    EXPECT_EQ(kernel.msync(0, u(p), 2 * kPage, MS_SYNC), -ENOMEM);
    EXPECT_EQ(kernel.msync(0, u(p), 2 * kPage, MS_ASYNC), -ENOMEM);
    EXPECT_EQ(kernel.msync(0, u(p), 0, MS_ASYNC), 0);
    kernel.mlock(0, u(p), kPage);
    EXPECT_EQ(kernel.msync(0, u(p), kPage, MS_INVALIDATE), -EBUSY);
  });
}

}  // namespace

}  // namespace mmcheck::syscall

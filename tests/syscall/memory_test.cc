// SPDX-License-Identifier: Apache-2.0
// Mappings: what calls return, what is in memory afterwards, and which accesses fault.
#include <fcntl.h>
#include <gtest/gtest.h>

#include "guest.h"

namespace mmcheck::syscall {

namespace {

constexpr int kAnonymous = MAP_PRIVATE | MAP_ANONYMOUS;

TEST(Memory, AnonymousPagesAreZeroAndKeepBytes) {
  run([](Guest& guest) {
    const std::int64_t p = guest.map_anonymous(2 * kPage);
    ASSERT_GT(p, 0);
    EXPECT_EQ(guest.load(p, 4), std::string(4, '\0'));
    EXPECT_EQ(guest.store(p + kPage - 2, "abcd"), Fault::None);
    EXPECT_EQ(guest.load(p + kPage - 3, 6), std::string("\0abcd\0", 6));
    EXPECT_EQ(guest.load(p + 2 * kPage, 1), "SIGSEGV");
    EXPECT_EQ(guest.load(p - 1, 1), "SIGSEGV");
  });
}

TEST(Memory, MmapIsPlacedFromAbove) {
  run([](Guest& guest) {
    const std::int64_t a = guest.map_anonymous(kPage);
    const std::int64_t b = guest.map_anonymous(3 * kPage);
    const std::int64_t c = guest.map_anonymous(kPage);
    EXPECT_EQ(b, a - 3 * kPage);
    EXPECT_EQ(c, b - kPage);
    EXPECT_EQ(guest.kernel.munmap(0, u(b), 3 * kPage), 0);
    EXPECT_EQ(guest.map_anonymous(2 * kPage), a - 2 * kPage);
    EXPECT_EQ(guest.map_anonymous(2 * kPage), c - 2 * kPage);
    const std::int64_t hint = c - 10 * kPage;
    EXPECT_EQ(guest.mmap(u(hint), kPage, kReadWrite, kAnonymous), hint);
    EXPECT_NE(guest.mmap(u(hint), kPage, kReadWrite, kAnonymous), hint);
  });
}

TEST(Memory, MmapErrors) {
  run([](Guest& guest) {
    const int fd = static_cast<int>(guest.kernel.open(0, "f", O_CREAT | O_RDONLY));
    const int wo = static_cast<int>(guest.kernel.open(0, "f", O_WRONLY));
    EXPECT_EQ(guest.map_anonymous(0), -EINVAL);
    EXPECT_EQ(guest.mmap(0, kPage, kReadWrite, MAP_ANONYMOUS), -EINVAL);
    EXPECT_EQ(guest.mmap(0, kPage, kReadWrite, MAP_PRIVATE, -1), -EBADF);
    EXPECT_EQ(guest.mmap(0, kPage, kReadWrite, MAP_PRIVATE, fd, 17), -EINVAL);
    EXPECT_EQ(guest.mmap(0, kPage, kReadWrite, MAP_SHARED, fd), -EACCES);
    EXPECT_GT(guest.mmap(0, kPage, kReadWrite, MAP_PRIVATE, fd), 0);
    EXPECT_EQ(guest.mmap(0, kPage, PROT_READ, MAP_PRIVATE, wo), -EACCES);
    EXPECT_EQ(guest.mmap(0, ~std::uint64_t{0}, kReadWrite, kAnonymous), -ENOMEM);
    const std::int64_t p = guest.map_anonymous(kPage);
    EXPECT_EQ(guest.mmap(u(p) + 1, kPage, kReadWrite, kAnonymous | MAP_FIXED), -EINVAL);
    EXPECT_EQ(guest.mmap(u(p), kPage, kReadWrite, kAnonymous | MAP_FIXED_NOREPLACE), -EEXIST);
    EXPECT_EQ(guest.mmap(u(p), kPage, kReadWrite, kAnonymous | MAP_FIXED), p);
  });
}

TEST(Memory, MunmapOfAPartAndOfNothing) {
  run([](Guest& guest) {
    const std::int64_t p = guest.map_anonymous(4 * kPage);
    guest.store(p, "a");
    guest.store(p + 3 * kPage, "d");
    EXPECT_EQ(guest.kernel.munmap(0, u(p) + kPage, 2 * kPage), 0);
    EXPECT_EQ(guest.load(p, 1), "a");
    EXPECT_EQ(guest.load(p + kPage, 1), "SIGSEGV");
    EXPECT_EQ(guest.load(p + 3 * kPage, 1), "d");
    EXPECT_EQ(guest.kernel.munmap(0, u(p), 4 * kPage), 0);
    EXPECT_EQ(guest.kernel.munmap(0, u(p), 4 * kPage), 0);
    EXPECT_EQ(guest.kernel.munmap(0, u(p) + 1, kPage), -EINVAL);
    EXPECT_EQ(guest.kernel.munmap(0, u(p), 0), -EINVAL);
  });
}

TEST(Memory, Mprotect) {
  run([](Guest& guest) {
    const std::int64_t p = guest.map_anonymous(3 * kPage);
    guest.store(p, "abc");
    EXPECT_EQ(guest.kernel.mprotect(0, u(p), kPage, PROT_READ), 0);
    EXPECT_EQ(guest.store(p, "x"), Fault::Sigsegv);
    EXPECT_EQ(guest.load(p, 3), "abc");
    EXPECT_EQ(guest.kernel.mprotect(0, u(p), kPage, PROT_NONE), 0);
    EXPECT_EQ(guest.load(p, 3), "SIGSEGV");
    EXPECT_EQ(guest.kernel.mprotect(0, u(p), kPage, kReadWrite), 0);
    EXPECT_EQ(guest.load(p, 3), "abc");
    EXPECT_EQ(guest.kernel.munmap(0, u(p) + kPage, kPage), 0);
    EXPECT_EQ(guest.kernel.mprotect(0, u(p), 3 * kPage, PROT_READ), -ENOMEM);
    EXPECT_EQ(guest.store(p, "x"), Fault::Sigsegv);
    EXPECT_EQ(guest.store(p + 2 * kPage, "x"), Fault::None);
    EXPECT_EQ(guest.kernel.mprotect(0, u(p) + 1, kPage, PROT_READ), -EINVAL);
    EXPECT_EQ(guest.kernel.mprotect(0, u(p), kPage, 0x40), -EINVAL);
    EXPECT_EQ(guest.kernel.mprotect(0, u(p), 0, PROT_READ), 0);
    const int fd = static_cast<int>(guest.kernel.open(0, "f", O_CREAT | O_RDONLY));
    const std::int64_t q = guest.mmap(0, kPage, PROT_READ, MAP_SHARED, fd);
    EXPECT_EQ(guest.kernel.mprotect(0, u(q), kPage, kReadWrite), -EACCES);
  });
}

TEST(Memory, MremapGrowsShrinksAndMoves) {
  run([](Guest& guest) {
    const std::int64_t p = guest.map_anonymous(2 * kPage);
    guest.store(p, "one");
    guest.store(p + kPage, "two");
    EXPECT_EQ(guest.kernel.mremap(0, u(p), 2 * kPage, 4 * kPage, 0, 0), -ENOMEM);
    const std::int64_t q = guest.kernel.mremap(0, u(p), 2 * kPage, 4 * kPage, MREMAP_MAYMOVE, 0);
    ASSERT_GT(q, 0);
    EXPECT_NE(q, p);
    EXPECT_EQ(guest.load(p, 3), "SIGSEGV");
    EXPECT_EQ(guest.load(q + kPage, 3), "two");
    EXPECT_EQ(guest.load(q + 3 * kPage, 1), std::string(1, '\0'));
    EXPECT_EQ(guest.kernel.mremap(0, u(q), 4 * kPage, kPage, 0, 0), q);
    EXPECT_EQ(guest.load(q + kPage, 3), "SIGSEGV");
    EXPECT_EQ(guest.kernel.mremap(0, u(q), kPage, 2 * kPage, 0, 0), q);
    EXPECT_EQ(guest.load(q, 3), "one");
    EXPECT_EQ(guest.load(q + kPage, 1), std::string(1, '\0'));
    const int fixed = MREMAP_MAYMOVE | MREMAP_FIXED;
    const std::int64_t to = q - 8 * kPage;
    EXPECT_EQ(guest.kernel.mremap(0, u(q), 2 * kPage, 2 * kPage, fixed, u(to)), to);
    EXPECT_EQ(guest.load(to, 3), "one");
    EXPECT_EQ(guest.kernel.mremap(0, u(q), kPage, kPage, MREMAP_MAYMOVE, 0), -EFAULT);
    EXPECT_EQ(guest.kernel.mremap(0, u(to), 8 * kPage, 9 * kPage, MREMAP_MAYMOVE, 0), -EFAULT);
    EXPECT_EQ(guest.kernel.mremap(0, u(to), kPage, kPage, MREMAP_FIXED, u(q)), -EINVAL);
    EXPECT_EQ(guest.kernel.mremap(0, u(to), 2 * kPage, 2 * kPage, fixed, u(to) + kPage), -EINVAL);
    EXPECT_EQ(guest.kernel.mremap(0, u(to) + 1, kPage, kPage, 0, 0), -EINVAL);
    EXPECT_EQ(guest.kernel.mremap(0, u(to), kPage, 0, 0, 0), -EINVAL);
    constexpr int kDontUnmap = 4;
    const std::int64_t kept =
        guest.kernel.mremap(0, u(to), 2 * kPage, 2 * kPage, MREMAP_MAYMOVE | kDontUnmap, 0);
    EXPECT_EQ(guest.load(kept, 3), "one");
    EXPECT_EQ(guest.load(to, 1), std::string(1, '\0'));
  });
}

TEST(Memory, MadviseAndMincore) {
  run([](Guest& guest) {
    const std::int64_t p = guest.map_anonymous(3 * kPage);
    guest.store(p, "abc");
    std::array<std::uint8_t, 3> present{};
    EXPECT_EQ(guest.kernel.mincore(0, u(p), 3 * kPage, present), 0);
    EXPECT_EQ(present, (std::array<std::uint8_t, 3>{1, 0, 0}));
    EXPECT_EQ(guest.kernel.madvise(0, u(p), kPage, MADV_DONTNEED), 0);
    EXPECT_EQ(guest.load(p, 3), std::string(3, '\0'));
    EXPECT_EQ(guest.kernel.madvise(0, u(p), 3 * kPage, 23), 0);
    EXPECT_EQ(guest.kernel.mincore(0, u(p), 3 * kPage, present), 0);
    EXPECT_EQ(present, (std::array<std::uint8_t, 3>{1, 1, 1}));
    EXPECT_EQ(guest.kernel.madvise(0, u(p), 3 * kPage, MADV_FREE), 0);
    EXPECT_EQ(guest.kernel.munmap(0, u(p) + kPage, kPage), 0);
    EXPECT_EQ(guest.kernel.madvise(0, u(p), 3 * kPage, MADV_DONTNEED), -ENOMEM);
    EXPECT_EQ(guest.kernel.madvise(0, u(p), 3 * kPage, MADV_NORMAL), -ENOMEM);
    EXPECT_EQ(guest.kernel.madvise(0, u(p), 3 * kPage, 23), -ENOMEM);
    EXPECT_EQ(guest.kernel.mincore(0, u(p), 3 * kPage, present), -ENOMEM);
    EXPECT_EQ(guest.kernel.madvise(0, u(p) + 1, kPage, MADV_NORMAL), -EINVAL);
    EXPECT_EQ(guest.kernel.madvise(0, u(p), kPage, 77), -EINVAL);
    EXPECT_EQ(guest.kernel.mlock(0, u(p), 10), 0);
    EXPECT_EQ(guest.kernel.madvise(0, u(p), kPage, MADV_DONTNEED), -EINVAL);
    EXPECT_EQ(guest.kernel.munlock(0, u(p), 10), 0);
    EXPECT_EQ(guest.kernel.madvise(0, u(p), kPage, MADV_DONTNEED), 0);
    EXPECT_EQ(guest.kernel.mlock(0, u(p), 2 * kPage), -ENOMEM);
  });
}

TEST(Memory, LockedInstructionsChangeWhatIsThere) {
  run([](Guest& guest) {
    const std::int64_t p = guest.map_anonymous(2 * kPage);
    std::uint64_t old = 0;
    const auto add = [](std::uint64_t value) { return value + 0x100; };
    for (const std::int64_t at : {p + 8, p + kPage - 3}) {
      EXPECT_EQ(guest.kernel.update(0, u(at), 8, old, add), Fault::None);
      EXPECT_EQ(old, 0u);
      EXPECT_EQ(guest.kernel.update(0, u(at), 8, old, add), Fault::None);
      EXPECT_EQ(old, 0x100u);
      EXPECT_EQ(guest.load(at, 3), std::string("\0\2\0", 3));
    }
    EXPECT_EQ(guest.kernel.update(0, u(p) + 2 * kPage - 4, 8, old, add), Fault::Sigsegv);
  });
}

TEST(Memory, WhatTheModelCannotDoIsRefused) {
  EXPECT_THROW(run([](Guest& guest) {
                 const std::int64_t p = guest.map_anonymous(kPage);
                 guest.kernel.madvise(0, u(p), kPage, MADV_REMOVE);
               }),
               InputError);
  run([](Guest& guest) {
    // As a kernel that is built without it.
    EXPECT_EQ(guest.mmap(0, kPage, kReadWrite, kAnonymous | MAP_HUGETLB), -EINVAL);
  });
}

}  // namespace

}  // namespace mmcheck::syscall

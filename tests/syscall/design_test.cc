// SPDX-License-Identifier: Apache-2.0
// The calls on each design, and on memory with store buffers.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guest.h"

namespace mmcheck::syscall {

namespace {

/// A bit of everything, by two threads and a child.
struct Mix {
  std::int64_t p = 0;
  std::int64_t q = 0;
  int fd = -1;

  void main(Guest& guest) {
    Kernel& kernel = guest.kernel;
    fd = static_cast<int>(kernel.open(0, "f", O_CREAT | O_RDWR));
    guest.pwrite(fd, "file", kPage);
    p = guest.map_anonymous(3 * kPage);
    q = guest.mmap(0, 2 * kPage, kReadWrite, MAP_SHARED, fd);
    guest.store(p, "before");
    guest.store(q, "q");
    EXPECT_EQ(kernel.clone_thread(0, 1), 0);
    const std::int64_t child = kernel.fork(0, 2);
    guest.store(p, "parent");
    EXPECT_EQ(guest.load(p, 6), "parent");
    EXPECT_EQ(kernel.msync(0, u(q), 2 * kPage, MS_SYNC), 0);
    EXPECT_EQ(kernel.mprotect(0, u(p), kPage, PROT_READ), 0);
    EXPECT_EQ(guest.store(p, "x"), Fault::Sigsegv);
    EXPECT_EQ(guest.load(p, 6), "parent");
    EXPECT_EQ(kernel.wait_process(0, static_cast<unsigned>(child)), 3);
    EXPECT_EQ(guest.load(q + 8, 5), "child");
    EXPECT_EQ(kernel.munmap(0, u(p), 3 * kPage), 0);
    kernel.exit_group(0, 0);
  }
  void thread(Guest& guest) {
    for (int i = 0; i < 4; ++i) {
      if (guest.store(p + kPage, "two") == Fault::Killed) return;
      if (guest.kernel.madvise(1, u(p) + 2 * kPage, kPage, MADV_DONTNEED) == Kernel::kKilled)
        return;
      if (guest.kernel.posix_fadvise(1, fd, 0, 0, POSIX_FADV_DONTNEED) == Kernel::kKilled) return;
      if (guest.store(q + kPage, "t") == Fault::Killed) return;
    }
  }
  void child(Guest& guest) {
    EXPECT_EQ(guest.load(p, 6), "before");
    guest.store(p, "child");
    EXPECT_EQ(guest.load(p, 5), "child");
    guest.store(q + 8, "child");
    EXPECT_EQ(guest.kernel.fsync(2, fd), 0);
    guest.kernel.exit_group(2, 3);
  }
};

/// Samples of it; returns the rules that were broken, one for each execution.
std::vector<std::string> run_mix(std::string_view design, explore::MemoryModel model,
                                 std::uint64_t nr_seeds) {
  Mix mix;
  GuestProgram program(
      {[&](Guest& guest) { mix.main(guest); }, [&](Guest& guest) { mix.thread(guest); },
       [&](Guest& guest) { mix.child(guest); }},
      design, model);
  program.room.threads = 3;
  std::vector<std::string> broken;
  for (std::uint64_t seed = 1; seed <= nr_seeds; ++seed) {
    const Walk walk = random_walk(program, seed, 1'000'000);
    EXPECT_LT(walk.steps, 1'000'000u) << design;
    if (!walk.rule.empty()) broken.push_back(walk.rule);
  }
  return broken;
}

TEST(Design, EachRunsTheCalls) {
  for (const design::Design& design : design::designs()) {
    SCOPED_TRACE(design.name);
    run_mix(design.name, explore::MemoryModel::Sc, 1);
  }
}

TEST(Design, Linux612BreaksNoRule) {
  EXPECT_THAT(run_mix("linux-6.12", explore::MemoryModel::Sc, 300), testing::IsEmpty());
}

TEST(Design, StoreBuffers) {
  EXPECT_THAT(run_mix("linux-6.12", explore::MemoryModel::Tso, 100), testing::IsEmpty());
}

// The rules do watch: a mutation is found.
TEST(Design, MutationBreaksItsRule) {
  EXPECT_THAT(run_mix("linux-6.12/no-fork-flush", explore::MemoryModel::Sc, 300),
              testing::Contains("R-PERM"));
}

}  // namespace

}  // namespace mmcheck::syscall

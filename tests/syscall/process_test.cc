// SPDX-License-Identifier: Apache-2.0
// Threads and processes: what they share, and how they end.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <set>

#include "guest.h"

namespace mmcheck::syscall {

namespace {

TEST(Process, ForkCopiesPrivateMemoryAndSharesFiles) {
  std::int64_t priv = 0;
  std::int64_t shared = 0;
  int fd = 0;
  GuestProgram program({[&](Guest& guest) {
                          priv = guest.map_anonymous(2 * kPage);
                          shared = guest.mmap(0, kPage, kReadWrite, MAP_SHARED | MAP_ANONYMOUS);
                          fd = static_cast<int>(guest.kernel.open(0, "f", O_CREAT | O_RDWR));
                          guest.store(priv, "before");
                          const std::int64_t child = guest.kernel.fork(0, 1);
                          ASSERT_GE(child, 0);
                          EXPECT_EQ(guest.store(priv, "parent"), Fault::None);
                          EXPECT_EQ(guest.kernel.wait_process(0, static_cast<unsigned>(child)), 7);
                          EXPECT_EQ(guest.load(priv, 6), "parent");
                          EXPECT_EQ(guest.load(shared, 5), "child");
                          EXPECT_EQ(guest.pread(fd, 9, 0), "written");
                          EXPECT_EQ(guest.read(fd, 9), "");  // The position is shared.
                        },
                        [&](Guest& guest) {
                          EXPECT_EQ(guest.load(priv, 6), "before");
                          EXPECT_EQ(guest.store(priv, "child!"), Fault::None);
                          EXPECT_EQ(guest.load(priv, 6), "child!");
                          EXPECT_EQ(guest.store(shared, "child"), Fault::None);
                          EXPECT_EQ(guest.write(fd, "written"), 7);
                          guest.kernel.exit_group(1, 7);
                        }});
  run(program);
}

TEST(Process, ThreadsShareMemory) {
  std::int64_t p = 0;
  GuestProgram program({[&](Guest& guest) {
                          p = guest.map_anonymous(kPage);
                          EXPECT_EQ(guest.kernel.clone_thread(0, 1), 0);
                          guest.store(p, "main");
                        },
                        [&](Guest& guest) {
                          const std::string seen = guest.load(p, 4);
                          EXPECT_TRUE(seen == "main" || seen == std::string(4, '\0')) << seen;
                          EXPECT_EQ(guest.kernel.munmap(1, u(p), kPage), 0);
                          guest.kernel.exit_thread(1);
                        }});
  program.room.threads = 2;
  EXPECT_FALSE(search(program, {.strategy = explore::Strategy::Random, .executions_max = 300})
                   .counterexample);
}

TEST(Process, KillEndsAtTheNextAccess) {
  std::int64_t p = 0;
  GuestProgram program({[&](Guest& guest) {
                          p = guest.map_anonymous(kPage);
                          const auto child = static_cast<unsigned>(guest.kernel.fork(0, 1));
                          EXPECT_EQ(guest.kernel.kill(0, child, 9), 0);
                          EXPECT_EQ(guest.kernel.wait_process(0, child), 9);
                          EXPECT_EQ(guest.kernel.kill(0, child, 9), -ESRCH);
                        },
                        [&](Guest& guest) {
                          while (true) {
                            if (guest.load(p, 1) == "killed") return;
                            if (guest.kernel.munmap(1, u(p), kPage) == Kernel::kKilled) return;
                            const std::int64_t again = guest.mmap(
                                u(p), kPage, kReadWrite, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS);
                            if (again == Kernel::kKilled) return;
                          }
                        }});
  program.room.threads = 2;
  EXPECT_FALSE(search(program, {.strategy = explore::Strategy::Random, .executions_max = 100})
                   .counterexample);
}

TEST(Process, ExitGroupEndsAllThreads) {
  std::int64_t p = 0;
  GuestProgram program({[&](Guest& guest) {
                          p = guest.map_anonymous(kPage);
                          guest.kernel.clone_thread(0, 1);
                          guest.kernel.exit_group(0, 0);
                        },
                        [&](Guest& guest) {
                          while (guest.store(p, "x") != Fault::Killed) {
                          }
                        }});
  program.room.threads = 2;
  EXPECT_FALSE(search(program, {.strategy = explore::Strategy::Random, .executions_max = 100})
                   .counterexample);
}

TEST(Process, AdviceAboutFork) {
  std::int64_t p = 0;
  GuestProgram program({[&](Guest& guest) {
                          Kernel& kernel = guest.kernel;
                          p = guest.map_anonymous(4 * kPage);
                          for (int i = 0; i < 4; ++i) guest.store(p + i * kPage, "mine");
                          EXPECT_EQ(kernel.madvise(0, u(p), kPage, MADV_DONTFORK), 0);
                          EXPECT_EQ(kernel.madvise(0, u(p) + kPage, 2 * kPage, MADV_WIPEONFORK), 0);
                          EXPECT_EQ(kernel.madvise(0, u(p) + kPage, kPage, MADV_KEEPONFORK), 0);
                          EXPECT_EQ(kernel.madvise(0, u(p), 5 * kPage, MADV_DOFORK), -ENOMEM);
                          EXPECT_EQ(kernel.madvise(0, u(p), kPage, MADV_DONTFORK), 0);
                          const int fd = static_cast<int>(kernel.open(0, "f", O_CREAT | O_RDWR));
                          const std::int64_t q = guest.mmap(0, kPage, kReadWrite, MAP_SHARED, fd);
                          EXPECT_EQ(kernel.madvise(0, u(q), kPage, MADV_WIPEONFORK), -EINVAL);
                          const auto child = static_cast<unsigned>(kernel.fork(0, 1));
                          EXPECT_EQ(kernel.wait_process(0, child), 0);
                          EXPECT_EQ(guest.load(p + 2 * kPage, 4), "mine");
                        },
                        [&](Guest& guest) {
                          EXPECT_EQ(guest.load(p, 4), "SIGSEGV");
                          EXPECT_EQ(guest.load(p + kPage, 4), "mine");
                          EXPECT_EQ(guest.load(p + 2 * kPage, 4), std::string(4, '\0'));
                          EXPECT_EQ(guest.load(p + 3 * kPage, 4), "mine");
                          guest.kernel.exit_group(1, 0);
                        }});
  run(program);
}

TEST(Process, OneAfterTheOther) {
  std::int64_t p = 0;
  int number = 0;
  GuestProgram program({[&](Guest& guest) {
                          p = guest.map_anonymous(3 * kPage);
                          for (number = 0; number < 20; ++number) {
                            guest.store(p, "parent");
                            const std::int64_t child = guest.kernel.fork(0, 1);
                            ASSERT_GE(child, 0);
                            guest.store(p + kPage, std::to_string(number));
                            const auto process = static_cast<unsigned>(child);
                            EXPECT_EQ(guest.kernel.wait_process(0, process), number);
                            EXPECT_EQ(guest.kernel.wait_process(0, process), -ECHILD);
                            EXPECT_EQ(guest.load(p, 6), "parent");
                            EXPECT_EQ(guest.kernel.free_thread(), 1u);
                          }
                        },
                        [&](Guest& guest) {
                          EXPECT_EQ(guest.load(p, 6), "parent");
                          EXPECT_EQ(guest.store(p, "child"), Fault::None);
                          EXPECT_EQ(guest.store(p + 2 * kPage, "child"), Fault::None);
                          guest.kernel.exit_group(1, number);
                        }});
  run(program);
}

TEST(Process, ThreadsComeAndGo) {
  std::int64_t p = 0;
  GuestProgram program({[&](Guest& guest) {
                          for (int i = 0; i < 10; ++i) {
                            p = guest.map_anonymous(2 * kPage);
                            guest.store(p, "new");
                            guest.kernel.clone_thread(0, 1);
                            while (guest.load(p + kPage, 4) != "seen") {
                            }
                            EXPECT_EQ(guest.kernel.munmap(0, u(p), 2 * kPage), 0);
                            while (guest.kernel.free_thread() != 1) guest.load(p, 1);
                          }
                        },
                        [&](Guest& guest) {
                          EXPECT_EQ(guest.load(p, 3), "new");
                          guest.store(p + kPage, "seen");
                          guest.kernel.exit_thread(1);
                        }});
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    EXPECT_EQ(random_walk(program, seed, 1'000'000).rule, "");
  }
}

/// As many threads as there can be count in one word, on memory with and without store buffers.
TEST(Process, EightThreadsCount) {
  constexpr unsigned kThreads = 8;
  constexpr unsigned kTurns = 5;
  for (const auto model : {explore::MemoryModel::Sc, explore::MemoryModel::Tso}) {
    std::int64_t p = 0;
    const auto count = [&](Guest& guest) {
      std::uint64_t old = 0;
      for (unsigned i = 0; i < kTurns; ++i) {
        const auto add = [](std::uint64_t value) { return value + 1; };
        EXPECT_EQ(guest.kernel.update(guest.t, u(p) + 8, 8, old, add), Fault::None);
      }
    };
    std::vector<Body> bodies(kThreads, [&](Guest& guest) {
      count(guest);
      guest.kernel.exit_thread(guest.t);
    });
    bodies[0] = [&](Guest& guest) {
      p = guest.map_anonymous(kPage);
      for (unsigned t = 1; t < kThreads; ++t) guest.kernel.clone_thread(0, t);
      count(guest);
      while (guest.kernel.free_thread() != 1) guest.load(p, 1);
      for (unsigned t = 1; t < kThreads; ++t) {
        while (guest.kernel.process_of(t) != Kernel::kNoProcess) guest.load(p, 1);
      }
      EXPECT_EQ(guest.load(p + 8, 1), std::string(1, kThreads * kTurns));
    };
    GuestProgram program(bodies, "linux-6.12", model);
    program.room.threads = kThreads;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      EXPECT_EQ(random_walk(program, seed, 1'000'000).rule, "");
    }
  }
}

std::uint64_t number_of(const std::string& text) {
  std::uint64_t number = 0;
  for (const char c : text) number = number * 256 + static_cast<unsigned char>(c);
  return number;
}

/// What random walks see, a complete search sees, too: no class is missed because some step does
/// not say what it uses.
void expect_all_outcomes(GuestProgram& program) {
  std::set<std::uint64_t> all;
  std::set<std::uint64_t> sampled;
  search(program, {.executions_max = 1});  // For room.
  const explore::Result result =
      explore::explore(program, {}, [&](std::uint64_t outcome) { all.insert(outcome); });
  EXPECT_TRUE(result.complete);
  EXPECT_FALSE(result.counterexample);
  explore::explore(program, {.strategy = explore::Strategy::Random, .executions_max = 3000},
                   [&](std::uint64_t outcome) { sampled.insert(outcome); });
  EXPECT_GT(sampled.size(), 1u);
  for (const std::uint64_t outcome : sampled) EXPECT_EQ(all.count(outcome), 1u);
}

TEST(Process, CompleteSearchesMissNoOutcomeOfMappings) {
  std::int64_t p = 0;
  GuestProgram program({[&](Guest& guest) {
                          p = guest.map_anonymous(kPage);
                          guest.kernel.clone_thread(0, 1);
                          guest.store(p, "a");
                          guest.kernel.munmap(0, u(p), kPage);
                        },
                        [&](Guest& guest) { program.outcome[1] = number_of(guest.load(p, 1)); }});
  program.room = {.threads = 2, .pages = 1, .frames = 3, .files = 1, .file_pages = 1, .vmas = 1};
  expect_all_outcomes(program);
}

TEST(Process, CompleteSearchesMissNoOutcomeOfFiles) {
  int fd = 0;
  GuestProgram program(
      {[&](Guest& guest) {
         fd = static_cast<int>(guest.kernel.open(0, "f", O_CREAT | O_RDWR));
         guest.kernel.clone_thread(0, 1);
         program.outcome[0] = static_cast<std::uint64_t>(guest.write(fd, "ab"));
       },
       [&](Guest& guest) { program.outcome[1] = number_of(guest.pread(fd, 2, 0)); }});
  program.room = {.threads = 2, .pages = 1, .frames = 3, .files = 1, .file_pages = 1, .vmas = 1};
  expect_all_outcomes(program);
}

/// All executions of a small program: two threads unmap and touch one page.
TEST(Process, ExploredCompletely) {
  std::int64_t p = 0;
  GuestProgram program({[&](Guest& guest) {
                          p = guest.map_anonymous(kPage);
                          guest.kernel.clone_thread(0, 1);
                          guest.kernel.madvise(0, u(p), kPage, MADV_DONTNEED);
                        },
                        [&](Guest& guest) { guest.store(p, "x"); }});
  program.room = {.threads = 2, .pages = 1, .frames = 4, .files = 1, .file_pages = 1, .vmas = 1};
  const explore::Result result = search(program, {});
  EXPECT_TRUE(result.complete);
  EXPECT_FALSE(result.counterexample);
  EXPECT_GT(result.executions, 1u);
}

}  // namespace

}  // namespace mmcheck::syscall

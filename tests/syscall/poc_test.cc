// SPDX-License-Identifier: Apache-2.0
// The calls of the proof of concept of 30 Oct 2022, at its full size.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>

#include "guest.h"

namespace mmcheck::syscall {

namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr double kPatience = 50;
#else
constexpr double kPatience = 1;
#endif

constexpr std::int64_t kPages = 512;
constexpr std::int64_t kHuge = kPages * kPage;

/// What the threads of the proof of concept share.
struct Shared {
  std::int64_t p = 0;
  int fd = -1;
  unsigned failed = 0;
};

void fill_and_map(Guest& guest, Shared& shared) {
  shared.fd = static_cast<int>(guest.kernel.open(0, "file", O_RDWR | O_CREAT));
  const std::string page(static_cast<std::size_t>(kPage), '\0');
  for (std::int64_t i = 0; i < kPages; ++i) EXPECT_EQ(guest.write(shared.fd, page), kPage);
  const std::int64_t reserved = guest.map_anonymous(2 * kHuge, PROT_NONE);
  shared.p = (reserved + kHuge - 1) & ~(kHuge - 1);
  EXPECT_EQ(
      guest.mmap(u(shared.p), kHuge, kReadWrite, MAP_SHARED | MAP_FIXED | MAP_POPULATE, shared.fd),
      shared.p);
}

void remap(Guest& guest, const Shared& shared) {
  static_cast<void>(
      guest.mmap(u(shared.p), kHuge, kReadWrite, MAP_SHARED | MAP_FIXED | MAP_POPULATE, shared.fd));
}

/// Returns false when killed.
bool flush(Guest& guest, const Shared& shared) {
  Kernel& kernel = guest.kernel;
  return kernel.msync(guest.t, u(shared.p), kPage, MS_SYNC) == 0 &&
         kernel.posix_fadvise(guest.t, shared.fd, 0, kPage, POSIX_FADV_DONTNEED) == 0;
}

void check(Guest& guest, Shared& shared, std::uint64_t count) {
  const std::string_view bytes(reinterpret_cast<const char*>(&count), sizeof(count));
  static_cast<void>(guest.store(shared.p, bytes));
  if (guest.load(shared.p, sizeof(count)) != bytes) ++shared.failed;
}

void dirty(Guest& guest, const Shared& shared) {
  for (std::int64_t i = 1; i < kPages; ++i) {
    static_cast<void>(guest.store(shared.p + i * kPage + 64, "\5"));
  }
}

void make_room(GuestProgram& program) {
  program.room = {.threads = 5,
                  .processes = 2,
                  .pages = 1024,
                  .frames = 600,
                  .files = 1,
                  .file_pages = 512,
                  .vmas = 8};
  program.features = {.protection = true, .fork = true, .exit = true};
}

constexpr unsigned kEndless = 1'000'000;

/// Each thread makes so many turns.
std::unique_ptr<GuestProgram> program_of(Shared& shared, unsigned turns,
                                         std::string_view design = "linux-6.12") {
  auto program = std::make_unique<GuestProgram>(
      std::vector<Body>{[&, turns](Guest& guest) {
                          fill_and_map(guest, shared);
                          for (unsigned t = 1; t <= 3; ++t) guest.kernel.clone_thread(0, t);
                          const std::int64_t child = guest.kernel.fork(0, 4);
                          for (unsigned i = 0; i < 500 * turns; ++i) {
                            static_cast<void>(guest.kernel.file_size(0, shared.fd));
                          }
                          guest.kernel.kill(0, static_cast<unsigned>(child), 15);
                        },
                        [&, turns](Guest& guest) {
                          for (unsigned i = 0; i < turns; ++i) dirty(guest, shared);
                        },
                        [&, turns](Guest& guest) {
                          for (unsigned i = 0; i < 100 * turns; ++i) check(guest, shared, i);
                        },
                        [&, turns](Guest& guest) {
                          for (unsigned i = 0; i < turns; ++i) remap(guest, shared);
                        },
                        [&](Guest& guest) {
                          guest.kernel.madvise(4, u(shared.p), kHuge, MADV_DONTNEED);
                          while (flush(guest, shared)) {
                          }
                        }},
      design);
  make_room(*program);
  return program;
}

double milliseconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
      .count();
}

// 6 ms, of which 1 ms is the setup.
TEST(Poc, TheSequenceOfItsCallsTakesNoTime) {
  Shared shared;
  GuestProgram program({[&](Guest& guest) {
    fill_and_map(guest, shared);
    dirty(guest, shared);
    check(guest, shared, 1);
    remap(guest, shared);
    check(guest, shared, 2);
    guest.kernel.madvise(0, u(shared.p), kHuge, MADV_DONTNEED);
    EXPECT_TRUE(flush(guest, shared));
    EXPECT_EQ(guest.load(shared.p + kPage + 64, 1), "\5");
  }});
  make_room(program);
  const auto begin = std::chrono::steady_clock::now();
  run(program);
  EXPECT_LT(milliseconds_since(begin), 100 * kPatience);
  EXPECT_EQ(shared.failed, 0u);
}

TEST(Poc, SetupTakesNoTime) {
  GuestProgram empty({[](Guest&) {}});
  make_room(empty);
  run(empty);
  const auto begin = std::chrono::steady_clock::now();
  constexpr int kTimes = 20;
  for (int i = 0; i < kTimes; ++i) run(empty);
  EXPECT_LT(milliseconds_since(begin) / kTimes, 10 * kPatience);  // 0.6 ms on a quiet machine.
}

TEST(Poc, Linux61LosesAStore) {
  Shared shared;
  const auto program = program_of(shared, kEndless, "linux-6.1");
  std::string rule;
  for (std::uint64_t seed = 1; seed <= 20 && rule.empty(); ++seed) {
    rule = random_walk(*program, seed, 10'000'000).rule;
  }
  EXPECT_EQ(rule, "R-WRITE");
}

// What user space sees of it: the line that the program prints.
TEST(Poc, Linux61Fails) {
  Shared shared;
  const auto program = program_of(shared, kEndless, "linux-6.1");
  program->monitors().watch_only({});
  for (std::uint64_t seed = 1; seed <= 20 && shared.failed == 0; ++seed) {
    random_walk(*program, seed, 10'000'000);
  }
  EXPECT_GT(shared.failed, 0u);
}

TEST(Poc, Linux612DoesNot) {
  Shared shared;
  const auto program = program_of(shared, 50);
  const Walk walk = random_walk(*program, 1, 5'000'000);
  EXPECT_EQ(walk.rule, "");
  EXPECT_LT(walk.steps, 5'000'000u);
  EXPECT_EQ(shared.failed, 0u);
}

}  // namespace

}  // namespace mmcheck::syscall

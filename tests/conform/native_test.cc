// SPDX-License-Identifier: Apache-2.0
// The host's side by itself: what it says of small programs, and that it says it twice.
#include "conform/native.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cerrno>
#include <filesystem>

#include "conform/compare.h"
#include "conform/generate.h"
#include "conform/text.h"

namespace mmcheck::conform {
namespace {

std::string folder() { return std::filesystem::temp_directory_path().string(); }

Call map(std::int64_t page, std::int64_t pages, int prot, int flags, std::int64_t slot = 0) {
  return {.op = Op::Mmap, .operands = {page * kPage, pages * kPage, prot, flags, slot, 0}};
}
Call load(std::int64_t page, std::uint8_t process = 0) {
  return {.op = Op::Load, .process = process, .operands = {page * kPage, 1, 1}};
}
Call store(std::int64_t page, std::int64_t value, std::uint8_t process = 0) {
  return {.op = Op::Store, .process = process, .operands = {page * kPage, 1, value}};
}
constexpr int kReadWrite = PROT_READ | PROT_WRITE;

TEST(Host, TellsErrorsValuesAndFaults) {
  Host host(folder());
  const Program program{.file_bytes = {100, 0},
                        .calls = {{.op = Op::Munmap, .operands = {1, kPage}},
                                  {.op = Op::Open, .operands = {0, 0, O_RDWR}},
                                  map(0, 2, kReadWrite, MAP_SHARED | MAP_FIXED),
                                  load(0),
                                  load(1),
                                  load(2),
                                  store(0, 7),
                                  {.op = Op::Pread, .operands = {0, 1, 0}}}};
  const Outcome outcome = host.run(program);
  ASSERT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.results[0].value, -EINVAL);
  EXPECT_EQ(outcome.results[3].words[0], (Word{initial_byte(0, 0), Fault::None}));
  EXPECT_EQ(outcome.results[4].words[0].fault, Fault::Sigbus);
  EXPECT_EQ(outcome.results[5].words[0].fault, Fault::Sigsegv);
  EXPECT_EQ(outcome.results[7].words[0].value, 7u);
}

TEST(Host, ProcessesTakeTurnsAndHaveMemoryOfTheirOwn) {
  Host host(folder());
  const Program program{.calls = {map(0, 1, kReadWrite, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED),
                                  store(0, 5),
                                  {.op = Op::Fork, .operands = {1}},
                                  store(0, 6, 1),
                                  load(0),
                                  load(0, 1),
                                  {.op = Op::Exit, .process = 1},
                                  {.op = Op::Smaps}}};
  const Outcome outcome = host.run(program);
  ASSERT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.results[4].words[0].value, 5u);
  EXPECT_EQ(outcome.results[5].words[0].value, 6u);
  constexpr auto kPrivateDirty = static_cast<std::size_t>(SmapsField::AnonPrivateDirty);
  EXPECT_EQ(outcome.results[7].words[kPrivateDirty].value, 1u);
}

TEST(Host, LeavesNothingBehind) {
  Host host(folder());
  const Program first{.calls = {map(0, 1, kReadWrite, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)}};
  const Program second{.calls = {load(0)}};
  host.run(first);
  EXPECT_EQ(host.run(second).results[0].words[0].fault, Fault::Sigsegv);
}

TEST(Host, IsSteady) {
  Host one(folder());
  Host other(folder());
  unsigned unsteady = 0;
  for (std::uint64_t number = 0; number < 300; ++number) {
    const Program program = generate(1, number);
    one.begin(program);
    const Outcome there = other.run(program);
    const Outcome here = one.finish();
    const auto difference = compare(program, here, there).difference;
    if (difference) ++unsteady;
    if (difference) ADD_FAILURE() << number << '\n' << text_of(program, here, there, *difference);
  }
  EXPECT_EQ(unsteady, 0u);
}

TEST(Host, RefusesAFolderThatIsNotThere) {
  EXPECT_THROW(Host("/nowhere/to/be/found"), std::exception);
}

}  // namespace
}  // namespace mmcheck::conform

// SPDX-License-Identifier: Apache-2.0
#include "conform/minimise.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>

#include "conform/generate.h"

namespace mmcheck::conform {
namespace {

bool has(const Program& program, Op op) {
  return std::any_of(program.calls.begin(), program.calls.end(),
                     [op](const Call& call) { return call.op == op; });
}

TEST(Minimise, KeepsOnlyWhatFails) {
  unsigned nr_tried = 0;
  for (std::uint64_t number = 0; number < 300; ++number) {
    const Program program = generate(1, number);
    const auto fails = [](const Program& candidate) {
      return has(candidate, Op::Mprotect) && has(candidate, Op::Store);
    };
    if (!fails(program)) continue;
    ++nr_tried;
    const Program small = minimise(program, fails);
    EXPECT_TRUE(fails(small));
    EXPECT_EQ(small.calls.size(), 2u);
  }
  EXPECT_GT(nr_tried, 50u);
}

TEST(Minimise, WithAProcessGoesAllThatItDoes) {
  const Program program{.calls = {{.op = Op::Fork, .operands = {1}},
                                  {.op = Op::Fork, .process = 1, .operands = {2}},
                                  {.op = Op::Smaps, .process = 2},
                                  {.op = Op::Smaps}}};
  const Program small =
      minimise(program, [](const Program& candidate) { return has(candidate, Op::Smaps); });
  EXPECT_EQ(small.calls, (std::vector<Call>{{.op = Op::Smaps}}));
}

TEST(Minimise, SimplifiesOperands) {
  const Program program{
      .file_bytes = {5'000, 6'000},
      .calls = {{.op = Op::Mmap,
                 .operands = {3 * kPage + 17, 4 * kPage - 3, PROT_READ,
                              MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, 3, 2 * kPage + 1}},
                {.op = Op::Load, .operands = {kPage, 8, 4}}}};
  // The load is of page 3.
  const Program small = minimise(program, [](const Program& candidate) {
    if (!has(candidate, Op::Mmap) || !has(candidate, Op::Load)) return false;
    const auto& operands = candidate.calls[1].operands;
    return operands[0] <= 3 * kPage && operands[0] + operands[2] * kPage > 3 * kPage &&
           (candidate.calls[0].operands[3] & MAP_ANONYMOUS) != 0;
  });
  EXPECT_EQ(small.calls[0],
            (Call{.op = Op::Mmap,
                  .operands = {3 * kPage, kPage, PROT_READ | PROT_WRITE, MAP_ANONYMOUS, 0, 0}}));
  EXPECT_EQ(small.calls[1], (Call{.op = Op::Load, .operands = {3 * kPage, 8, 1}}));
  EXPECT_EQ(small.file_bytes, (std::array<std::uint32_t, kFiles>{}));
}

}  // namespace
}  // namespace mmcheck::conform

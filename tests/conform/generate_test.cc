// SPDX-License-Identifier: Apache-2.0
#include "conform/generate.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

#include "conform/text.h"

namespace mmcheck::conform {
namespace {

std::string text_of(const Program& program) {
  std::string text;
  for (const Call& call : program.calls) {
    text += std::to_string(call.process) + ' ' + conform::text_of(call) + '\n';
  }
  return text;
}

TEST(Generate, IsAFunctionOfItsNumbers) {
  for (std::uint64_t number = 0; number < 100; ++number) {
    EXPECT_EQ(generate(7, number), generate(7, number));
  }
  EXPECT_NE(generate(7, 0), generate(8, 0));
  EXPECT_NE(generate(7, 0), generate(7, 1));
}

// What it draws is the same on every machine: a program that somebody reports can be had here.
TEST(Generate, IsPinned) {
  const std::string text = text_of(generate(1, 1));
  EXPECT_EQ(text.substr(0, text.find('\n')), "0 fd0 = open(\"f0\", O_RDWR)");
}

TEST(Generate, MakesValidPrograms) {
  for (std::uint64_t number = 0; number < 2'000; ++number) {
    const Program program = generate(1, number);
    ASSERT_TRUE(is_valid(program)) << text_of(program);
    for (const Call& call : program.calls) ASSERT_FALSE(is_excluded(call));
  }
}

TEST(Generate, MakesEveryCall) {
  std::array<unsigned, 64> made{};
  for (std::uint64_t number = 0; number < 2'000; ++number) {
    for (const Call& call : generate(1, number).calls) ++made[static_cast<std::size_t>(call.op)];
  }
  for (const Shape& shape : shapes()) {
    EXPECT_GT(made[static_cast<std::size_t>(shape.op)], 20u) << shape.name;
  }
}

TEST(Program, ProcessesAreNumberedInTheOrderOfTheForks) {
  const Program program{
      .calls = {{.op = Op::Fork, .operands = {2}}, {.op = Op::Smaps, .process = 2}}};
  EXPECT_FALSE(is_valid(program));
  const Program valid = without_orphans(program);
  EXPECT_TRUE(is_valid(valid));
  EXPECT_EQ(valid.calls[0].operands[0], 1);
  EXPECT_EQ(valid.calls[1].process, 1);
}

TEST(Program, OrphansGoWithTheFork) {
  Program program{.calls = {{.op = Op::Fork, .operands = {1}},
                            {.op = Op::Smaps, .process = 1},
                            {.op = Op::Exit, .process = 1},
                            {.op = Op::Smaps, .process = 1}}};
  EXPECT_FALSE(is_valid(program));
  EXPECT_EQ(without_orphans(program).calls.size(), 3u);
  program.calls.erase(program.calls.begin());
  EXPECT_TRUE(without_orphans(program).calls.empty());
}

}  // namespace
}  // namespace mmcheck::conform

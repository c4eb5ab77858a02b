// SPDX-License-Identifier: Apache-2.0
#include "conform/compare.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cerrno>
#include <fstream>
#include <iterator>

#include "conform/generate.h"
#include "conform/text.h"

namespace mmcheck::conform {
namespace {

Result result(std::int64_t value, const std::vector<std::uint64_t>& words = {}) {
  Result made{.value = value};
  for (const std::uint64_t word : words) made.add(word);
  return made;
}

bool agree(Op op, const Result& host, const Result& model) {
  const Program program{.calls = {{.op = op, .operands = {0, kPage}}}};
  return !compare(program, {.results = {host}}, {.results = {model}}).difference;
}

TEST(Compare, ErrorsAndValues) {
  EXPECT_TRUE(agree(Op::Munmap, result(0), result(0)));
  EXPECT_FALSE(agree(Op::Munmap, result(0), result(-EINVAL)));
  EXPECT_FALSE(agree(Op::Munmap, result(-ENOMEM), result(-EINVAL)));
  EXPECT_FALSE(agree(Op::Pread, result(8, {1}), result(8, {2})));
  Result fault;
  fault.add(0, Fault::Sigbus);
  EXPECT_FALSE(agree(Op::Load, fault, result(0, {0})));
}

TEST(Compare, OfPagesOfFilesTheHostMayHaveMore) {
  EXPECT_TRUE(agree(Op::Mincore, result(0, {0b11}), result(0, {0b01, 0b10})));
  EXPECT_FALSE(agree(Op::Mincore, result(0, {0b11}), result(0, {0b01, 0b00}))) << "no file";
  EXPECT_FALSE(agree(Op::Mincore, result(0, {0b01}), result(0, {0b11, 0b10}))) << "fewer";
  EXPECT_FALSE(agree(Op::Smaps, result(0, {5, 1, 2, 0, 1}), result(0, {5, 1, 1, 0, 1})));
}

TEST(Compare, TheHostMayHaveTheZeroPage) {
  EXPECT_TRUE(agree(Op::Mincore, result(0, {0b0}), result(0, {0b1, 0b0, 0b1})));
  EXPECT_FALSE(agree(Op::Mincore, result(0, {0b1}), result(0, {0b0, 0b0, 0b1})));
  EXPECT_TRUE(agree(Op::Smaps, result(0, {5, 1, 1, 0, 1}), result(0, {5, 2, 2, 0, 2, 1})));
  EXPECT_TRUE(agree(Op::Smaps, result(0, {5, 2, 2, 0, 2}), result(0, {5, 2, 2, 0, 2, 1})));
  EXPECT_TRUE(agree(Op::Smaps, result(0, {5, 1, 1, 0, 1}), result(0, {5, 1, 1, 1, 0, 1})));
  EXPECT_FALSE(agree(Op::Smaps, result(0, {5, 0, 0, 0, 0}), result(0, {5, 2, 2, 0, 2, 1})));
}

TEST(Compare, EndsAtAKnownDifference) {
  const Program program{
      .calls = {{.op = Op::Mremap,
                 .operands = {0, kPage, 2 * kPage, MREMAP_MAYMOVE | MREMAP_FIXED, 4 * kPage}},
                {.op = Op::Size}}};
  const Outcome host{.results = {result(-EFAULT), result(1)}};
  const Outcome model{.results = {result(-EFAULT), result(2)}};
  const Comparison comparison = compare(program, host, model);
  EXPECT_FALSE(comparison.difference);
  ASSERT_NE(comparison.known, nullptr);
  EXPECT_EQ(comparison.known->name, "mremap-failed");
}

TEST(Compare, ASideThatFailedDiffersBehindTheLastCall) {
  const Program program{.calls = {{.op = Op::Smaps}}};
  Outcome failed;
  failed.error = "broken";
  EXPECT_EQ(compare(program, {.results = {Result{}}}, failed).difference, 1u);
}

TEST(Documentation, NamesEachExclusionAndEachKnownDifference) {
  std::ifstream file("docs/reference/conformance.md");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto is_named = [&](std::string_view name) {
    return text.find("| `" + std::string(name) + "` |") != std::string::npos;
  };
  for (const Exclusion& each : exclusions()) EXPECT_TRUE(is_named(each.name)) << each.name;
  for (const KnownDifference& each : known_differences()) {
    EXPECT_TRUE(is_named(each.name)) << each.name;
  }
}

TEST(Text, IsC) {
  EXPECT_EQ(
      text_of(Call{.op = Op::Mmap,
                   .operands = {2 * kPage, kPage + 1, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, 2, 0}}),
      "mmap(w + 2*P, P + 1, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0)");
  EXPECT_EQ(text_of(Call{.op = Op::Open, .operands = {1, 0, O_RDWR | O_TRUNC}}),
            "fd1 = open(\"f0\", O_RDWR|O_TRUNC)");
  EXPECT_EQ(text_of(Call{.op = Op::Munmap, .operands = {0, -kPage}}),
            "munmap(w, 0xfffffffffffff000)");
  EXPECT_EQ(text_of(Call{.op = Op::Madvise, .operands = {100, 0, 99}}), "madvise(w + 100, 0, 99)");
  EXPECT_EQ(text_of(Call{.op = Op::Close, .operands = {kSlots}}), "close(never_open)");
}

TEST(Text, ShowsBothResultsWhereTheyDiffer) {
  const Program program{.file_bytes = {100, 0},
                        .calls = {{.op = Op::Fork, .operands = {1}},
                                  {.op = Op::Load, .process = 1, .operands = {kPage, 1, 1}}}};
  Outcome host{.results = {Result{}, Result{}}};
  host.results[1].add(0, Fault::Sigbus);
  Outcome model{.results = {Result{}, result(0, {7})}};
  EXPECT_EQ(
      text_of(program, host, model, 1),
      "  char *w = (char *)0x4d0000000000; enum { P = 4096 };  // f0: 100 bytes, f1: 0 bytes\n"
      "  /* P0 */ fork(P1);\n"
      "  /* P1 */ load(w + P, 1);\n"
      "      // host:  SIGBUS\n"
      "      // model: 0x7\n");
}

}  // namespace
}  // namespace mmcheck::conform

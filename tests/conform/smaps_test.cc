// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "conform/native_smaps.h"

namespace mmcheck::conform {
namespace {

constexpr std::string_view kText =
    "00400000-00401000 r-xp 00000000 fe:00 77                         /bin/before\n"
    "Size:                  4 kB\n"
    "Rss:                   4 kB\n"
    "VmFlags: rd ex mr mw me \n"
    "4d0000000000-4d0000003000 rw-p 00000000 00:00 0 \n"
    "Size:                 12 kB\n"
    "Rss:                   8 kB\n"
    "Shared_Dirty:          4 kB\n"
    "Private_Dirty:         4 kB\n"
    "Anonymous:             8 kB\n"
    "4d0000003000-4d0000005000 rw-p 00000000 fe:00 12      /a file: with 4 kB\n"
    "Size:                  8 kB\n"
    "Rss:                   8 kB\n"
    "Private_Dirty:         4 kB\n"
    "Anonymous:             4 kB\n"
    "7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \n"
    "Size:                  4 kB\n";

constexpr std::array<std::uint64_t, kSmapsFields> kSum{5, 3, 2, 1, 1, 0};

TEST(SmapsSum, CountsTheWindow) {
  SmapsSum sum;
  EXPECT_FALSE(sum.add(kText));
  EXPECT_EQ(sum.fields(), kSum);
}

TEST(SmapsSum, DoesNotDependOnWhereTheTextIsCut) {
  for (std::size_t bytes = 1; bytes < 100; ++bytes) {
    SmapsSum sum;
    for (std::size_t at = 0; at < kText.size(); at += bytes) sum.add(kText.substr(at, bytes));
    EXPECT_EQ(sum.fields(), kSum) << bytes;
  }
}

}  // namespace
}  // namespace mmcheck::conform

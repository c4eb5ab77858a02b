// SPDX-License-Identifier: Apache-2.0
#include "lab/symbols.h"

#include <gtest/gtest.h>

namespace mmcheck::lab {
namespace {

TEST(Symbols, AreTheFunctionsOfTheKernelItself) {
  const Symbols symbols(
      "0000000000000000 A fixed_percpu_data\n"
      "ffffffff81000000 T first\n"
      "ffffffff81000100 t second.isra.0\n"
      "ffffffff81000200 t third.part.0\n"
      "ffffffff81000300 D data\n"
      "ffffffffc0000000 t fourth\t[brd]\n"
      "half a line");
  EXPECT_EQ(symbols.size(), 3u);
  EXPECT_EQ(symbols.find("first"), 0xffffffff81000000);
  EXPECT_EQ(symbols.find("second"), 0xffffffff81000100);
  EXPECT_EQ(symbols.find("third"), std::nullopt);
  EXPECT_EQ(symbols.find("data"), std::nullopt);
  EXPECT_EQ(symbols.find("fourth"), std::nullopt);
}

TEST(Symbols, NameTheFunctionThatAnAddressIsIn) {
  const Symbols symbols("ffffffff81000000 T first\nffffffff81000100 T second\n");
  EXPECT_EQ(symbols.name_at(0xffffffff810000ff), "first");
  EXPECT_EQ(symbols.name_at(0xffffffff81000100), "second");
  EXPECT_EQ(symbols.caller_at(0xffffffff81000100), "");
  EXPECT_EQ(symbols.caller_at(0xffffffff81000101), "second");
  EXPECT_EQ(symbols.name_at(0x1000), "");
  EXPECT_EQ(symbols.name_at(0xffffffff82000000), "");
}

TEST(Symbols, OfAKernelThatHidesItsAddressesAreNone) {
  EXPECT_EQ(Symbols("0000000000000000 T first\n0000000000000000 T second\n").size(), 0u);
}

}  // namespace
}  // namespace mmcheck::lab

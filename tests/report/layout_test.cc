// SPDX-License-Identifier: Apache-2.0
#include "report/layout.h"

#include <gtest/gtest.h>

#include "report/style.h"

namespace mmcheck::report {
namespace {

using Lines = std::vector<std::string>;

TEST(Wrap, BreaksAtSpaces) {
  EXPECT_EQ(wrap("", 10, 2), Lines{});
  EXPECT_EQ(wrap("one two", 10, 2), Lines{"one two"});
  EXPECT_EQ(wrap("one two three", 7, 2), (Lines{"one two", "  three"}));
  EXPECT_EQ(wrap("one two   three", 7, 0), (Lines{"one two", "three"}));
}

TEST(Wrap, BreaksLongWordsAfterPunctuationElseAnywhere) {
  EXPECT_EQ(wrap("page_remove_rmap(page)", 18, 2), (Lines{"page_remove_rmap(", "  page)"}));
  EXPECT_EQ(wrap("abcdefghij", 4, 0), (Lines{"abcd", "efgh", "ij"}));
}

TEST(Wrap, EndsWhateverTheWidth) {
  for (unsigned width = 0; width < 5; ++width) {
    for (unsigned indent = 0; indent < 5; ++indent) {
      std::string joined;
      for (const std::string& line : wrap("ab.cd", width, indent)) {
        joined += line.substr(line.find_first_not_of(' '));
      }
      EXPECT_EQ(joined, "ab.cd");
    }
  }
}

TEST(Paragraph, AlignsTheTextBehindTheLabel) {
  EXPECT_EQ(paragraph("why:", "one two three", 6, 13), "why:  one two\n      three\n");
  EXPECT_EQ(paragraph("name", "", 6, 13), "name\n");
  EXPECT_EQ(paragraph("", "", 6, 13), "");
}

TEST(Draw, KeepsColumnsAtTheirNaturalWidthWhereTheyFit) {
  const Table table{{"", "A", "B"}, {{{{"1"}}, {{"aaa"}}, {}}, {{{"10"}}, {}, {{"b"}, {"c"}}}}};
  EXPECT_EQ(draw(table, 40, Colour::No),
            "      A    B\n"
            "   1  aaa\n"
            "  10       b\n"
            "           c\n");
}

TEST(Draw, WrapsWhatDoesNotFit) {
  const Table table{{"", "A", "B"},
                    {{{{"1"}}, {{"one two three four five"}}, {{"six seven eight nine"}}}}};
  const std::string text = draw(table, 30, Colour::No);
  EXPECT_EQ(text,
            "     A            B\n"
            "  1  one two      six seven\n"
            "       three        eight nine\n"
            "       four five\n")
      << text;
}

}  // namespace
}  // namespace mmcheck::report

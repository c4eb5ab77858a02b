// SPDX-License-Identifier: Apache-2.0
#include "book/page.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace mmcheck::book {
namespace {

constexpr const char* kPage =
    "# Title\n"
    "\n"
    "<!-- generated: rule -->\n"
    "old\n"
    "<!-- end -->\n"
    "prose\n"
    "<!-- generated: program linux-6.12/no-flush -->\n"
    "<!-- end -->\n"
    "more prose\n";

/// "FILE:LINE: MESSAGE" of the error; empty if there is none.
std::string error_of(const std::string& text) {
  try {
    const Page page(text, "R-X.md");
  } catch (const InputError& error) {
    return error.place().file + ":" + std::to_string(error.place().line) + ": " + error.what();
  }
  return "";
}

TEST(Page, FindsItsBlocks) {
  const Page page(kPage, "R-X.md");
  ASSERT_EQ(page.blocks().size(), 2u);
  EXPECT_EQ(page.blocks()[0].kind(), "rule");
  EXPECT_EQ(page.blocks()[0].line, 3u);
  EXPECT_EQ(page.blocks()[0].content, "old\n");
  EXPECT_EQ(page.blocks()[1].name(), "program linux-6.12/no-flush");
  EXPECT_EQ(page.blocks()[1].line, 7u);
  EXPECT_EQ(page.blocks()[1].content, "");
}

TEST(Page, ReplacesWhatIsInBlocksOnly) {
  const Page page(kPage, "R-X.md");
  EXPECT_EQ(page.with({"old\n", ""}), kPage);
  EXPECT_EQ(page.with({"new\nlines\n", "x\n"}),
            "# Title\n\n<!-- generated: rule -->\nnew\nlines\n<!-- end -->\nprose\n"
            "<!-- generated: program linux-6.12/no-flush -->\nx\n<!-- end -->\nmore prose\n");
}

TEST(Page, WithoutAnEndIsAnError) {
  EXPECT_EQ(error_of("a\n<!-- generated: rule -->\nb\n"),
            "R-X.md:2: the block 'rule' has no <!-- end -->");
  EXPECT_EQ(error_of("<!-- generated: rule -->\nb\n<!-- generated: programs -->\n<!-- end -->\n"),
            "R-X.md:3: the block 'rule' of line 1 has no <!-- end --> before this one");
}

TEST(Page, WithAnEndTooManyIsAnError) {
  EXPECT_EQ(error_of("a\n\n<!-- end -->\n"), "R-X.md:3: <!-- end --> ends no block");
}

TEST(Page, WithAMarkerThatIsCutShortIsAnError) {
  EXPECT_EQ(error_of("<!-- generated: rule\n<!-- end -->\n"),
            "R-X.md:1: the marker does not end with '-->'");
  EXPECT_EQ(error_of("<!-- generated: -->\n<!-- end -->\n"),
            "R-X.md:1: the marker does not say what is generated");
}

TEST(Page, RequiresABlock) {
  const Page page("# Title\n\nprose\n", "R-X.md");
  try {
    page.require("rule");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_EQ(error.place().line, 3u);
    EXPECT_STREQ(error.what(),
                 "the page ends without the lines '<!-- generated: rule -->' and '<!-- end -->'");
  }
  EXPECT_NO_THROW(Page(empty_block("rule"), "R-X.md").require("rule"));
}

TEST(Page, MayEndWithoutANewline) {
  const Page page("<!-- generated: rule -->\nx\n<!-- end -->", "R-X.md");
  EXPECT_EQ(page.with({"y\n"}), "<!-- generated: rule -->\ny\n<!-- end -->");
}

}  // namespace
}  // namespace mmcheck::book

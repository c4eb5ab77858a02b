// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <limits>

#include "trace/vocabulary.h"

namespace mmcheck::trace {
namespace {

void format_page(const Names& names, std::uint64_t value, std::string& out) {
  const std::string_view name = names.find(NameSpace::Page, value);
  out += name.empty() ? "page " + std::to_string(value) : std::string(name);
}

TEST(Render, ReplacesEachPlaceholderByTheNextArgument) {
  const StepText text{"set_pte_at({}, {}) in {}", {{16, format_hex}, {3, format_decimal}, {1}}};
  EXPECT_EQ(render(Names{}, text), "set_pte_at(0x10, 3) in 1");
}

TEST(Render, LeavesTextWithoutPlaceholdersAlone) {
  EXPECT_EQ(render(Names{}, StepText{"flush { } } {", {}}), "flush { } } {");
  EXPECT_EQ(render(Names{}, StepText{}), "");
}

TEST(Render, ShowsThePlaceholderWhereAnArgumentIsMissing) {
  const Arg args[] = {{7}};
  EXPECT_EQ(render(Names{}, "{} and {}", args, 1), "7 and {}");
  EXPECT_EQ(render(Names{}, ObjectText{"{}{}{}", {{1}, {2}}}), "12{}");
}

TEST(Render, AsksTheOwnerOfAValueForItsWords) {
  Names names;
  names.set(NameSpace::Page, 4, "the page of x");
  EXPECT_EQ(render(names, ObjectText{"flags of {}", {{4, format_page}}}), "flags of the page of x");
  EXPECT_EQ(render(names, ObjectText{"flags of {}", {{5, format_page}}}), "flags of page 5");
}

TEST(Render, FormatsNumbers) {
  const auto formatted = [](Formatter format, std::uint64_t value) {
    std::string out = "=";
    format(Names{}, value, out);
    return out;
  };
  EXPECT_EQ(formatted(format_decimal, std::numeric_limits<std::uint64_t>::max()),
            "=18446744073709551615");
  EXPECT_EQ(formatted(format_hex, 0x10000), "=0x10000");
  EXPECT_EQ(formatted(format_flag, 0), "=no");
  EXPECT_EQ(formatted(format_flag, 2), "=yes");
}

TEST(Names, KeepsNameSpacesApart) {
  Names names;
  names.set(NameSpace::Page, 1, "p");
  names.set(NameSpace::File, 1, "f");
  names.set(NameSpace::File, 1, "g");
  EXPECT_EQ(names.find(NameSpace::Page, 1), "p");
  EXPECT_EQ(names.find(NameSpace::File, 1), "g");
  EXPECT_EQ(names.find(NameSpace::Thread, 1), "");
}

}  // namespace
}  // namespace mmcheck::trace

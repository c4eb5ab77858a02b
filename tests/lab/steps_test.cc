// SPDX-License-Identifier: Apache-2.0
#include "lab/steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "kernels.h"

namespace mmcheck::lab {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(StepTable, NamesThePlaceOfEachKernel) {
  const Symbols before = symbols_of_6_1();
  const StepPlace place = StepTable(before).place_after("page_remove_rmap(f[0])");
  EXPECT_EQ(to_string(place.stop), "@page_remove_rmap+");
  EXPECT_TRUE(place.per_step);
  EXPECT_EQ(place.remark, "");

  const Symbols after = symbols_of_6_12();
  const StepPlace other = StepTable(after).place_after("page_remove_rmap(f[0])");
  EXPECT_EQ(to_string(other.stop), "@flush_tlb_mm_range");
  EXPECT_FALSE(other.per_step);
  EXPECT_THAT(other.remark, HasSubstr("removes the rmap after the flush"));
}

TEST(StepTable, TakesTheNextPlaceWhereAFunctionIsMissing) {
  const Symbols symbols("ffffffff81000200 T set_page_dirty\n");
  EXPECT_EQ(to_string(StepTable(symbols).place_after("set_page_dirty(f[0])").stop),
            "@set_page_dirty+");
}

// zap_huge_pmd calls folio_mark_dirty, in kernels that have both.
TEST(StepTable, KnowsTheStepsOfAHugeZap) {
  const Symbols before = symbols_of_6_1();
  const Symbols after = symbols_of_6_12();
  for (const Symbols* symbols : {&before, &after}) {
    EXPECT_EQ(to_string(StepTable(*symbols).place_after("set_page_dirty(f[0])").stop),
              "@folio_mark_dirty+");
  }
  constexpr std::string_view kRmap = "folio_remove_rmap_pmd(f[0])";
  EXPECT_EQ(to_string(StepTable(before).place_after(kRmap).stop), "@page_remove_rmap+");
  EXPECT_EQ(to_string(StepTable(after).place_after(kRmap).stop), "@folio_remove_rmap_pmd+");
}

TEST(StepTable, SaysWhatIsMissingAndWhatIsNear) {
  const Symbols symbols(
      "ffffffff81000400 T folio_mkclean\nffffffff81000600 T folio_end_writeback\n");
  try {
    StepTable(symbols).place_after("clear_page_dirty_for_io(f[0])");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("folio_clear_dirty_for_io, which it has not"),
                                    HasSubstr("the nearest before it is folio_mkclean"),
                                    HasSubstr("the nearest after it is folio_end_writeback")));
  }
  EXPECT_THROW(StepTable(symbols).place_after("schedule()"), InputError);
}

TEST(StepTable, KnowsStepsByTheirBeginning) {
  EXPECT_TRUE(StepTable::has("device reads f[0]"));
  EXPECT_FALSE(StepTable::has("folio_lock(f[0])"));
  EXPECT_TRUE(StepTable::is_alike("page_remove_rmap(f[0])", "page_remove_rmap(f[1])"));
  EXPECT_FALSE(StepTable::is_alike("page_remove_rmap(f[0])", "set_page_dirty(f[0])"));
}

}  // namespace
}  // namespace mmcheck::lab

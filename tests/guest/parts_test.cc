// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstring>

#include "explore/journal.h"
#include "guest/process_memory.h"
#include "guest/shadow.h"

namespace mmcheck::guest {

namespace {

TEST(Journal, PutsBackInReverse) {
  explore::Journal journal;
  char memory[20] = "0123456789abcdefghi";
  journal.save(memory, sizeof memory);
  std::memset(memory, 'x', sizeof memory);
  const std::size_t mark = journal.mark();
  journal.save(memory + 3, 1);
  memory[3] = 'y';
  journal.undo_to(mark);
  EXPECT_EQ(memory[3], 'x');
  journal.undo_to(0);
  EXPECT_STREQ(memory, "0123456789abcdefghi");
}

TEST(Shadow, MemoryOfOneThreadIsNotShared) {
  Shadow shadow;
  shadow.add_region(0x1000, 64);
  Granule& granule = *shadow.find(0x1008);
  EXPECT_FALSE(shadow.use(granule, 0, 0, 8));
  EXPECT_FALSE(shadow.use(granule, 0, 4, 4));
  EXPECT_FALSE(shadow.grew());
  EXPECT_TRUE(shadow.use(granule, 1, 0, 4));
  EXPECT_TRUE(shadow.grew());
  EXPECT_EQ(shadow.nr_units(), 2u);  // It was used in halves.
  EXPECT_EQ(shadow.units(granule, 4, 4).first, 1u);
  EXPECT_EQ(shadow.units(granule, 0, 8).count, 2u);
}

TEST(Shadow, AWordIsDividedOnlyBeforeItIsOne) {
  Shadow shadow;
  shadow.add_region(0x1000, 64);
  Granule& granule = *shadow.find(0x1000);
  shadow.use(granule, 0, 0, 8);
  shadow.use(granule, 1, 0, 8);
  EXPECT_THROW(shadow.use(granule, 1, 3, 1), BeginAnew);
  shadow.number_units();
  EXPECT_EQ(shadow.nr_units(), 3u);
  EXPECT_EQ(shadow.unit(1).offset, 3u);
  EXPECT_EQ(shadow.unit(2).bytes, 4u);
  EXPECT_TRUE(shadow.use(granule, 1, 3, 1));
}

TEST(Shadow, ThrowsWhereASearchHasGoneBack) {
  Shadow shadow;
  shadow.add_region(0x1000, 64);
  Granule& granule = *shadow.find(0x1000);
  shadow.use(granule, 0, 0, 8);
  shadow.forbid_growth();
  EXPECT_THROW(shadow.use(granule, 1, 0, 8), BeginAnew);
}

TEST(Shadow, IsReadAsItIsWritten) {
  Shadow shadow;
  shadow.add_region(0x1000, 64);
  shadow.use(*shadow.find(0x1018), 0, 2, 2);
  shadow.use(*shadow.find(0x1018), 1, 2, 2);
  EXPECT_EQ(shadow.encode(), "0.18.14");
  Shadow other;
  other.add_region(0x2000, 64);
  other.decode("0.18.14");
  other.number_units();
  EXPECT_EQ(other.nr_units(), 3u);
  EXPECT_TRUE(other.use(*other.find(0x2018), 3, 2, 2));
}

TEST(ProcessMemory, IsThatOfWhoRuns) {
  std::byte memory[4] = {std::byte{1}};
  ProcessMemory images;
  images.reset([&](unsigned) { return ProcessMemory::Spans{memory}; });
  images.copy_to(1);
  memory[0] = std::byte{2};
  images.switch_to(1);
  EXPECT_EQ(memory[0], std::byte{1});
  memory[0] = std::byte{3};
  images.switch_to(0);
  EXPECT_EQ(memory[0], std::byte{2});
  images.switch_to(1);
  EXPECT_EQ(memory[0], std::byte{3});
}

}  // namespace

}  // namespace mmcheck::guest

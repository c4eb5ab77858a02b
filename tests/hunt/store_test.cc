// SPDX-License-Identifier: Apache-2.0
#include "hunt/store.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "spaces.h"

namespace mmcheck::hunt {
namespace {

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    const auto* const info = ::testing::UnitTest::GetInstance()->current_test_info();
    directory_ = std::filesystem::temp_directory_path() /
                 (std::string("mmcheck-store-") + info->name() + std::to_string(::getpid()));
    std::filesystem::create_directories(directory_);
  }
  ~StoreTest() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name) const { return (directory_ / name).string(); }

  /// Everything that the file holds, in words.
  static std::string content(const std::string& path) {
    SQLite::Database database(path);
    std::string text;
    for (const char* query : {"SELECT * FROM campaign", "SELECT * FROM level ORDER BY 1",
                              "SELECT * FROM finding ORDER BY 1, 2, 3"}) {
      SQLite::Statement select(database, query);
      while (select.executeStep()) {
        for (int i = 0; i < select.getColumnCount(); ++i) {
          text += select.getColumn(i).getString() + "|";
        }
        text += "\n";
      }
    }
    return text;
  }

 private:
  std::filesystem::path directory_;
};

Space space() { return space_of({.operations = 3, .threads = 3}, {"store", "munmap", "fsync"}); }

/// Runs the campaign until it has asked `polls` times whether to stop. Returns whether it is
/// complete.
bool run(const std::string& path, unsigned polls, unsigned jobs) {
  const Space programs = space();
  Options options{.jobs = jobs};
  options.stop = [&polls] { return polls == 0 || --polls == 0; };
  Store store(path, "test", programs, [] { return true; });
  Campaign campaign(programs, *design::find_design("linux-6.1"), options, store);
  campaign.run();
  store.flush();
  return campaign.complete();
}

TEST_F(StoreTest, HoldsTheSameHoweverOftenTheCampaignWasTakenUp) {
  ASSERT_TRUE(run(path("whole"), ~0u, 1));
  unsigned nr_runs = 0;
  while (!run(path("parts"), 9 + nr_runs % 5, 1 + nr_runs % 3)) ASSERT_LT(++nr_runs, 100u);
  EXPECT_GT(nr_runs, 5u);
  EXPECT_NE(content(path("whole")).find("R-WRITE"), std::string::npos);
  EXPECT_EQ(content(path("parts")), content(path("whole")));
}

// What was not written is lost with a kill, and found again.
TEST_F(StoreTest, HoldsTheSameAfterALoss) {
  ASSERT_TRUE(run(path("whole"), ~0u, 1));
  {
    const Space programs = space();
    unsigned polls = 50;
    Options options;
    options.stop = [&polls] { return --polls == 0; };
    unsigned nr_added = 0;
    Store store(path("lost"), "test", programs, [&] { return ++nr_added % 7 == 0; });
    Campaign campaign(programs, *design::find_design("linux-6.1"), options, store);
    campaign.run();  // and no flush()
  }
  EXPECT_TRUE(run(path("lost"), ~0u, 2));
  EXPECT_EQ(content(path("lost")), content(path("whole")));
}

TEST_F(StoreTest, HoldsTheSameWhenTheFirstFindingIsThere) {
  const Space programs = space();
  std::string before;
  for (unsigned i = 0; i < 3; ++i) {
    Store store(path("first"), "test", programs, [] { return true; });
    const Options options{.first = true};
    Campaign campaign(programs, *design::find_design("linux-6.1"), options, store);
    campaign.run();
    store.flush();
    EXPECT_EQ(campaign.findings().size(), 1u);
    if (i > 0) {
      EXPECT_EQ(content(path("first")), before);
    }
    before = content(path("first"));
  }
}

TEST_F(StoreTest, RefusesAnotherCampaignsFile) {
  const Space programs = space();
  {
    Store store(path("a"), "one", programs, [] { return true; });
  }
  EXPECT_THROW(Store(path("a"), "other", programs, {}), InputError);
}

TEST_F(StoreTest, RefusesWhatIsNoDatabase) {
  std::ofstream(path("text")) << std::string(4096, 'x');
  const Space programs = space();
  EXPECT_THROW(Store(path("text"), "one", programs, {}), InputError);
}

}  // namespace
}  // namespace mmcheck::hunt

// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <gtest/gtest.h>

#include <sstream>

namespace mmcheck::cli {
namespace {

TEST(Progress, SaysWhatIsKnown) {
  ProgressFigures figures{.nr_done = 3,
                          .nr_cells = 104,
                          .seconds = 12.3,
                          .executions = 0,
                          .executions_in_all = {},
                          .seconds_left = {}};
  EXPECT_EQ(progress_text(figures), "3 of 104 cells, 12 s");
  figures.executions = 123'456;
  EXPECT_EQ(progress_text(figures), "3 of 104 cells, 12 s; 123456 executions, 10037/s");
  figures.executions_in_all = 2'345'678;
  figures.seconds_left = 222;
  EXPECT_EQ(progress_text(figures),
            "3 of 104 cells, 12 s; 123456 executions of about 2.3e6, 10037/s, 4 min left");
  figures.seconds_left = 90'000;
  EXPECT_EQ(progress_text(figures).substr(56), "10037/s, 25 h left");
  figures.seconds_left = 1e9;
  EXPECT_EQ(progress_text(figures).substr(56), "10037/s, 1.2e4 days left");
}

TEST(ProgressTally, EstimatesOnceAllCellsThatAreLeftCanTell) {
  ProgressTally tally(3);
  tally.begin(0, 0);
  tally.begin(1, 0);
  tally.report(0, {.executions = 1024, .blocked = 0, .fraction = 0.5}, 1);
  EXPECT_EQ(tally.figures(1).executions, 1024u);
  EXPECT_FALSE(tally.figures(1).executions_in_all.has_value());
  tally.done(1, 100);
  EXPECT_EQ(tally.figures(1).nr_done, 1u);
  EXPECT_FALSE(tally.figures(1).seconds_left.has_value());  // the third has not begun
  tally.begin(2, 1);
  EXPECT_FALSE(tally.figures(1).seconds_left.has_value());  // or has not reported
  tally.report(2, {.executions = 1024, .blocked = 0, .fraction = 1e-9}, 2);
  EXPECT_FALSE(tally.figures(2).seconds_left.has_value());  // or can only guess
  tally.report(2, {.executions = 1024, .blocked = 0, .fraction = 0.25}, 4);
  const ProgressFigures figures = tally.figures(4);
  EXPECT_EQ(figures.executions, 100u + 1024 + 1024);
  EXPECT_DOUBLE_EQ(figures.executions_in_all.value(), 100 + 2048 + 4096);
  EXPECT_DOUBLE_EQ(figures.seconds_left.value(), 9);
  tally.done(0, 2048);
  tally.done(2, 4096);
  EXPECT_EQ(tally.figures(9).executions, 100u + 2048 + 4096);
  EXPECT_FALSE(tally.figures(9).seconds_left.has_value());
}

TEST(ProgressTally, AddsUpTheSearchesOfACell) {
  ProgressTally tally(1);
  tally.begin(0, 0);
  tally.report(0, {.executions = 2048, .blocked = 0, .fraction = 0.1}, 2);
  tally.report(0, {.executions = 1024, .blocked = 0, .fraction = 0.5}, 3);
  EXPECT_EQ(tally.figures(3).executions, 3072u);
  EXPECT_DOUBLE_EQ(tally.figures(3).seconds_left.value(), 1);
}

TEST(Progress, WatchesOnATerminalOnly) {
  std::ostringstream out;
  std::ostringstream err;
  const Console plain{.out = out, .err = err};
  EXPECT_FALSE(Progress(plain, 1).watch(0));
  const Console terminal{.out = out, .err = err, .status = Status::Terminal};
  EXPECT_TRUE(Progress(terminal, 1).watch(0));
  EXPECT_EQ(err.str(), "");
}

}  // namespace
}  // namespace mmcheck::cli

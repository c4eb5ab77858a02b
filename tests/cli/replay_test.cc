// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "run_cli.h"

namespace mmcheck::cli {
namespace {

using testing::HasSubstr;

constexpr const char* kReplayed =
    "expect linux-6.1 violated R-WRITE\n"
    "behave linux-6.1 violated R-WRITE 37\n"
    "behave linux-6.12/no-flush violated R-WRITE 37\n"
    "behave * held 2184\n";

TEST(ReplayCommandLine, ShowsTheColumns) {
  TemporaryCatalog catalog;
  catalog.add("a+b", kReplayed);
  const Outcome outcome = catalog.run({"replay", "a+b@linux-6.1:0*2.1"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, testing::StartsWith("a+b on linux-6.1\n\n     CPU0 munmap "));
  EXPECT_THAT(catalog.run({"replay", "--all-steps", "a+b@linux-6.1:0*2.1"}).out,
              HasSubstr("1  down_write(mmap_lock)"));
}

TEST(ReplayCommandLine, TakesAScheduleThatAMailHasBroken) {
  TemporaryCatalog catalog;
  const std::string path = catalog.add("a b", kReplayed);
  const std::string expected = catalog.run({"replay", path + "@linux-6.1:0*2.1"}).out;
  EXPECT_EQ(catalog.run({"replay", path + "@linux-6.1:\n  0*2.\n\t1"}).out, expected);
  EXPECT_THAT(expected, HasSubstr("store x = 2"));
}

TEST(ReplayCommandLine, GivesTheRecordAsJson) {
  TemporaryCatalog catalog;
  const std::string path = catalog.add("a", kReplayed);
  const Outcome outcome = catalog.run({"replay", "--json", "a@linux-6.1:0*2.1"});
  const nlohmann::json trace = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(trace["schema"], "mmcheck.trace/1");
  EXPECT_EQ(trace["file"], path);
  EXPECT_EQ(trace["schedule"], "0*2.1");
}

TEST(ReplayCommandLine, ExitsWith1WhereTheViolationIsNotExpected) {
  TemporaryCatalog catalog;
  catalog.add("a", kReplayed);
  EXPECT_EQ(catalog.run({"replay", "a@linux-6.1:"}).exit_code, 0);
  EXPECT_EQ(catalog.run({"replay", "a@linux-6.2:"}).exit_code, 0);
  EXPECT_EQ(catalog.run({"replay", "a@linux-6.12/no-flush:"}).exit_code, 1);
}

TEST(ReplayCommandLine, SaysWhatIsWrong) {
  TemporaryCatalog catalog;
  catalog.add("abc", kReplayed);
  const auto error = [&](const std::string& target) {
    const Outcome outcome = catalog.run({"replay", target});
    EXPECT_EQ(outcome.exit_code, 2);
    return outcome.err;
  };
  EXPECT_EQ(error("abc"), "mmcheck: 'abc': expected SCENARIO@DESIGN:SCHEDULE\n");
  EXPECT_EQ(error("abc@linux-6.1"),
            "mmcheck: 'abc@linux-6.1': expected SCENARIO@DESIGN:SCHEDULE\n");
  EXPECT_EQ(error("@linux-6.1:0"), "mmcheck: '@linux-6.1:0': expected SCENARIO@DESIGN:SCHEDULE\n");
  EXPECT_EQ(error("abc@linux-6.1:0*2.x"),
            "mmcheck: schedule, character 5: expected a thread number, found 'x'\n");
  EXPECT_EQ(error("abc@linux-6.3:0"),
            "mmcheck: unknown design 'linux-6.3' (did you mean 'linux-6.1'?); `mmcheck designs` "
            "names them\n");
  EXPECT_EQ(error("abd@linux-6.1:0"),
            "mmcheck: unknown scenario 'abd' (did you mean 'abc'?); `mmcheck list` names them\n");
  EXPECT_EQ(error("abc@linux-6.1:0*9"), "mmcheck: schedule, step 4: no thread can move\n");
}

}  // namespace
}  // namespace mmcheck::cli

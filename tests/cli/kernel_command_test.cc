// SPDX-License-Identifier: Apache-2.0
// Without virtual machines: what is said where there is no image.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "run_cli.h"

namespace mmcheck::cli {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

class KernelCommandLine : public testing::Test {
 protected:
  void SetUp() override {
    const auto folder = std::filesystem::path(testing::TempDir()) / "mmcheck_no_kernels";
    std::filesystem::remove_all(folder);
    setenv("XDG_CACHE_HOME", folder.c_str(), 1);
  }

  TemporaryCatalog catalog_;
};

TEST_F(KernelCommandLine, ListsWhatHasBeenFetched) {
  const Outcome outcome = run_cli({"kernel", "list"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out, "none; `mmcheck kernel fetch 6.1` gets one\n");
}

TEST_F(KernelCommandLine, SaysHowToGetWhatIsMissing) {
  catalog_.add("a", kRace);
  const Outcome outcome = catalog_.run({"replay", "--on-kernel", "6.1", "a"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("Linux 6.1 has not been fetched: mmcheck kernel fetch 6.1\n"));
  EXPECT_EQ(run_cli({"kernel", "boot", "6.1"}).err, outcome.err);
  EXPECT_EQ(run_cli({"cost", "--on-kernel", "6.1"}).err, outcome.err);
}

TEST_F(KernelCommandLine, SaysWhatIsWrong) {
  catalog_.add("a", kRace);
  const auto error = [&](const std::vector<std::string>& arguments) {
    const Outcome outcome = catalog_.run(arguments);
    EXPECT_EQ(outcome.exit_code, 2);
    return outcome.err.substr(0, outcome.err.find('\n'));
  };
  EXPECT_EQ(error({"kernel", "fetch", "six"}),
            "mmcheck: 'six' is no version of Linux: expected one as 6.1");
  EXPECT_EQ(error({"kernel", "boot"}), "mmcheck: kernel boot: takes a VERSION or an --image");
  EXPECT_EQ(error({"replay", "--on-kernel", "6.1", "--all-steps", "a"}),
            "mmcheck: --all-steps excludes --on-kernel");
  EXPECT_EQ(error({"replay", "--times", "2", "a@linux-6.1:0"}),
            "mmcheck: --times and --order are for --on-kernel or --image");
  EXPECT_EQ(error({"cost", "--times", "2"}),
            "mmcheck: --times and --cpus are for --on-kernel or --image");
  EXPECT_EQ(error({"cost", "--cpus", "2"}),
            "mmcheck: --times and --cpus are for --on-kernel or --image");
  EXPECT_THAT(error({"cost", "--on-kernel", "6.1", "--cpus", "1"}), HasSubstr("--cpus"));
  EXPECT_THAT(error({"cost", "--on-kernel", "6.1", "--cpus", "17"}), HasSubstr("--cpus"));
  EXPECT_THAT(error({"cost", "--on-kernel", "6.1", "--design", "linux-6.3"}),
              HasSubstr("linux-6.3"));
  EXPECT_EQ(error({"replay", "--modules", "m", "a"}), "mmcheck: --modules requires --image");
  EXPECT_THAT(error({"replay", "--on-kernel", "6.1", "--times", "0", "a"}), HasSubstr("--times"));
}

}  // namespace
}  // namespace mmcheck::cli

// SPDX-License-Identifier: Apache-2.0
#include "host/process.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "host/command.h"

namespace mmcheck::host {
namespace {

using std::chrono::milliseconds;

const std::filesystem::path kOutput = std::filesystem::path(testing::TempDir()) / "mmcheck_process";

std::string output() {
  std::ifstream in(kOutput);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Process, RunsBesideThisOneAndEnds) {
  Process process({"sh", "-c", "echo here; echo there >&2"}, kOutput);
  EXPECT_TRUE(process.wait_for(milliseconds(30'000)));
  EXPECT_FALSE(process.is_running());
  EXPECT_EQ(output(), "here\nthere\n");
}

TEST(Process, IsWaitedForNoLongerThanSaid) {
  Process process({"sleep", "1000"}, kOutput);
  EXPECT_FALSE(process.wait_for(milliseconds(30)));
  EXPECT_TRUE(process.is_running());
}

TEST(Process, EndsWithItsOwner) {
  {
    Process process({"sh", "-c", "echo $$; exec sleep 1000"}, kOutput);
    while (output().find('\n') == std::string::npos) process.wait_for(milliseconds(10));
  }
  const std::string pid = output().substr(0, output().find('\n'));
  EXPECT_NE(run_command({"kill", "-0", pid}).status, 0);
}

TEST(Process, IsFoundAlsoAmongThoseOfRoot) {
  EXPECT_FALSE(find_program("sh").empty());
  EXPECT_TRUE(find_program("no-such-program").empty());
}

TEST(Command, GivesStatusAndOutput) {
  const CommandResult result = run_command({"sh", "-c", "echo a; echo b >&2; exit 3"});
  EXPECT_EQ(result.status, 3);
  EXPECT_EQ(result.output, "a\nb\n");
  EXPECT_EQ(run_command({"no-such-program"}).status, 127);
}

}  // namespace
}  // namespace mmcheck::host

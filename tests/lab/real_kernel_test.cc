// SPDX-License-Identifier: Apache-2.0
// The thread's race on real kernels. Skipped where there is no virtual machine or no image.
// MMCHECK_BINARY is the path of the program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "host/command.h"

namespace mmcheck {
namespace {

using testing::HasSubstr;

host::CommandResult replay(const std::string& kernel, const std::string& scenario) {
  return host::run_command({MMCHECK_BINARY, "--catalog", "catalog", "replay", "--on-kernel", kernel,
                            "--times", "2", scenario});
}

/// There is no machine or no image; or the machine has failed, or not kept the order, as on a host
/// that is too busy: what the kernel did then says nothing.
bool cannot_run(const host::CommandResult& result) {
  if (result.status == 4) return true;
  if (result.output.find("did not go in the order") != std::string::npos) return true;
  return result.status == 2 && (result.output.find("apt-get install") != std::string::npos ||
                                result.output.find("kernel fetch") != std::string::npos);
}

TEST(RealKernel, LosesTheWriteBeforeTheFix) {
  for (const char* scenario : {"munmap+store+msync", "dontneed+store+writeback-evict"}) {
    const host::CommandResult result = replay("6.1", scenario);
    if (cannot_run(result)) GTEST_SKIP() << result.output;
    EXPECT_EQ(result.status, 0) << result.output;
    EXPECT_THAT(result.output, HasSubstr("LOST 2 of 2"));
  }
}

// docs/findings/reclaim.md
TEST(RealKernel, LosesAWriteWhenReclaimUnlocksBeforeItFlushes) {
  const host::CommandResult result =
      host::run_command({MMCHECK_BINARY, "replay", "--on-kernel", "6.12", "--times", "2", "--order",
                         "P0@try_to_unmap_flush P2 ~P1", "docs/findings/reclaim.litmus"});
  if (cannot_run(result)) GTEST_SKIP() << result.output;
  EXPECT_THAT(result.output, HasSubstr("LOST 2 of 2"));
}

TEST(RealKernel, KeepsItWithTheFixSinceWritebackWaits) {
  const host::CommandResult result = replay("6.12", "munmap+store+msync");
  if (cannot_run(result)) GTEST_SKIP() << result.output;
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("KEPT 2 of 2; a thread was blocked in 2"));
  EXPECT_THAT(result.output, HasSubstr("folio_mkclean"));
}

}  // namespace
}  // namespace mmcheck

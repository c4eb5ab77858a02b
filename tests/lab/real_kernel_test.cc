// SPDX-License-Identifier: Apache-2.0
// The thread's race on real kernels. Skipped where there is no virtual machine or no image.
// MMCHECK_BINARY is the path of the program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "host/command.h"

namespace mmcheck {
namespace {

using testing::HasSubstr;

/// On a host that is too busy the machine may fail, or a thread not come to its place in time: what
/// the kernel did then says nothing, so it is tried again. Not for ever: an order that is never
/// kept is the lab's fault.
host::CommandResult replay_in_order(const std::vector<std::string>& words) {
  constexpr int kTries = 3;
  host::CommandResult result;
  for (int i = 0; i < kTries; ++i) {
    result = host::run_command(words);
    const bool in_order = result.output.find("did not go in the order") == std::string::npos;
    if (result.status != 4 && in_order) break;
  }
  return result;
}

host::CommandResult replay(const std::string& kernel, const std::string& scenario) {
  return replay_in_order({MMCHECK_BINARY, "--catalog", "catalog", "replay", "--on-kernel", kernel,
                          "--times", "2", scenario});
}

bool cannot_run(const host::CommandResult& result) {
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

// docs/findings/huge.md. What the kernel maps is looked at by the guest, so that it is not one of
// 4 KiB that is lost.
TEST(RealKernel, LosesAWriteToAHugeEntry) {
  const host::CommandResult result = replay("6.12", "claim-20");
  if (cannot_run(result)) GTEST_SKIP() << result.output;
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("order: 'P0@folio_mark_dirty+ P2@folio_end_writeback ~P1'"));
  EXPECT_THAT(result.output, HasSubstr("LOST 2 of 2"));
}

TEST(RealKernel, KeepsItWithTheFixSinceWritebackWaits) {
  const host::CommandResult result = replay("6.12", "munmap+store+msync");
  if (cannot_run(result)) GTEST_SKIP() << result.output;
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("KEPT 2 of 2; a thread was blocked in 2"));
  EXPECT_THAT(result.output, HasSubstr("folio_mkclean"));
}

TEST(RealKernel, AnOrderThatIsNotKeptIsNoAgreement) {
  const host::CommandResult result =
      host::run_command({MMCHECK_BINARY, "--catalog", "catalog", "replay", "--on-kernel", "6.1",
                         "--order", "P0@try_to_unmap_flush P2 P1", "munmap+store+msync"});
  if (cannot_run(result)) GTEST_SKIP() << result.output;
  EXPECT_EQ(result.status, 1) << result.output;
  EXPECT_THAT(result.output, HasSubstr("P0 has not come to try_to_unmap_flush"));
  EXPECT_THAT(result.output, HasSubstr("1 did not go in the order"));
}

/// A run at which the kernel was asked to let others run says nothing of the design.
host::CommandResult count_undisturbed(const std::vector<std::string>& words) {
  constexpr int kTries = 3;
  host::CommandResult result;
  for (int i = 0; i < kTries; ++i) {
    result = host::run_command(words);
    const bool disturbed = result.output.find("(need_resched)") != std::string::npos;
    if (result.status != 4 && !disturbed) break;
  }
  return result;
}

TEST(RealKernel, FlushesAsOftenAsItsDesignAndNotAsOthers) {
  const host::CommandResult result =
      count_undisturbed({MMCHECK_BINARY, "cost", "--on-kernel", "6.1", "--cpus", "3", "--design",
                         "linux-6.1", "--design", "flush-every-page"});
  if (cannot_run(result)) GTEST_SKIP() << result.output;
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("linux-6.1 agrees in 5 of 5 cases"));
  EXPECT_THAT(result.output, HasSubstr("flush-every-page agrees in 1 of 5 cases"));
}

}  // namespace
}  // namespace mmcheck

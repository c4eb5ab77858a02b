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

/// On a host that is too busy the machine may fail, or something else come in between: that says
/// nothing of the kernel, so it is tried again. Not for ever: what never works is the lab's fault.
host::CommandResult run_until_without(const std::string& disturbance,
                                      const std::vector<std::string>& words) {
  constexpr int kTries = 3;
  constexpr int kMachineFailed = 4;
  host::CommandResult result;
  for (int i = 0; i < kTries; ++i) {
    result = host::run_command(words);
    if (result.status == kMachineFailed) continue;
    if (disturbance.empty() || result.output.find(disturbance) == std::string::npos) break;
  }
  return result;
}

/// A thread that has not come to its place in time leaves nothing to judge.
host::CommandResult replay_in_order(const std::vector<std::string>& words) {
  return run_until_without("did not go in the order", words);
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
      replay_in_order({MMCHECK_BINARY, "replay", "--on-kernel", "6.12", "--times", "2", "--order",
                       "P0@try_to_unmap_flush P2 ~P1", "docs/findings/reclaim.litmus"});
  if (cannot_run(result)) GTEST_SKIP() << result.output;
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("LOST 2 of 2"));
  EXPECT_THAT(result.output, HasSubstr("the model and the kernel agree"));
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
      run_until_without("", {MMCHECK_BINARY, "--catalog", "catalog", "replay", "--on-kernel", "6.1",
                             "--order", "P0@try_to_unmap_flush P2 P1", "munmap+store+msync"});
  if (cannot_run(result)) GTEST_SKIP() << result.output;
  EXPECT_EQ(result.status, 1) << result.output;
  EXPECT_THAT(result.output, HasSubstr("P0 has not come to try_to_unmap_flush"));
  EXPECT_THAT(result.output, HasSubstr("1 did not go in the order"));
}

TEST(RealKernel, RefusesWhatTheModelCallsImpossible) {
  const host::CommandResult result =
      run_until_without("", {MMCHECK_BINARY, "--catalog", "catalog", "replay", "--on-kernel",
                             "6.12", "--order", "P0 ~P1", "dontneed+store+msync"});
  if (cannot_run(result)) GTEST_SKIP() << result.output;
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("says: impossible"));
  EXPECT_THAT(result.output, HasSubstr("the TLB of P1 had lost the entry"));
  EXPECT_THAT(result.output, HasSubstr("the model and the kernel agree"));
}

TEST(RealKernel, FlushesAsOftenAsItsDesignAndNotAsOthers) {
  // Where the kernel was asked to let others run, it flushes more often.
  const host::CommandResult result = run_until_without(
      "(need_resched)", {MMCHECK_BINARY, "cost", "--on-kernel", "6.1", "--cpus", "3", "--design",
                         "linux-6.1", "--design", "flush-every-page"});
  if (cannot_run(result)) GTEST_SKIP() << result.output;
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("linux-6.1 agrees in 5 of 5 cases"));
  EXPECT_THAT(result.output, HasSubstr("flush-every-page agrees in 1 of 5 cases"));
}

}  // namespace
}  // namespace mmcheck

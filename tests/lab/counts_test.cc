// SPDX-License-Identifier: Apache-2.0
#include "lab/counts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "lab/lab_error.h"

namespace mmcheck::lab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::SizeIs;

/// As 6.1 traces the munmap() of a dirty page, with another thread on CPU 1.
const std::string kMunmap =
    "           <...>-109     [000] .....           18: tracing_mark_write: begin\n"
    "           <...>-109     [000] ...1.           19: sys_munmap(addr: 1000000000, len: 1000)\n"
    "           <...>-109     [000] ...1.           20: flush_tlb_mm_range <-unmap_page_range\n"
    "           <...>-109     [000] d..3.           21: flush_tlb_func "
    "<-smp_call_function_many_cond\n"
    "            init-110     [001] d.h..           22: flush_tlb_func "
    "<-__flush_smp_call_function\n"
    "           <...>-109     [000] .....           23: flush_tlb_mm_range <-tlb_finish_mmu\n"
    "           <...>-109     [000] d..2.           24: flush_tlb_func "
    "<-smp_call_function_many_cond\n"
    "            init-110     [001] dNH..           25: flush_tlb_func "
    "<-__flush_smp_call_function\n"
    "           <...>-109     [000] ...1.           26: sys_munmap -> 0x0\n"
    "           <...>-109     [000] .....           27: tracing_mark_write: end\n";

/// A fork(), after which the parent copies a page that it shares with the child, and the exit of
/// the child. What happens on another CPU of its own accord lies in between.
const std::string kFork =
    "            init-109     [000] .....           18: tracing_mark_write: begin\n"
    "            init-109     [000] ...1.           19: sys_clone(clone_flags: 1200011, newsp: 0)\n"
    "            init-109     [000] .....           20: flush_tlb_mm_range <-dup_mmap\n"
    "     kworker/2:1-31      [002] .....           21: flush_tlb_mm_range <-text_poke\n"
    "     kworker/2:1-31      [002] d..2.           22: flush_tlb_func <-flush_tlb_mm_range\n"
    "            init-110     [001] d.h..           23: flush_tlb_func "
    "<-__flush_smp_call_function\n"
    "            init-109     [000] ...1.           24: sys_clone -> 0x66\n"
    "            init-109     [000] ...1.           25: flush_tlb_mm_range <-ptep_clear_flush\n"
    "            init-110     [001] d.h..           26: flush_tlb_func "
    "<-__flush_smp_call_function\n"
    "            init-111     [000] ...1.           27: sys_exit_group(error_code: 0)\n"
    "            init-111     [000] ...2.           28: flush_tlb_mm_range <-unmap_page_range\n"
    "            init-111     [000] .....           29: flush_tlb_mm_range <-tlb_finish_mmu\n"
    "            init-109     [000] .....           30: tracing_mark_write: end\n";

std::string error_of(const std::string& text, std::size_t works = 1, unsigned times = 1) {
  try {
    parse_counts(text, works, times);
  } catch (const LabError& error) {
    return error.what();
  }
  return {};
}

TEST(Counts, AreOfFlushesAndOfTheCpusThatWereInterrupted) {
  const auto counts = parse_counts("run 0 2\n" + kMunmap + "end\n", 1, 1);
  ASSERT_THAT(counts, ElementsAre(SizeIs(1)));
  EXPECT_EQ(counts[0][0].flushes, 2u);
  EXPECT_EQ(counts[0][0].ipis, 2u);
  EXPECT_THAT(counts[0][0].callers,
              ElementsAre(Pair("tlb_finish_mmu", 1), Pair("unmap_page_range", 1)));
}

TEST(Counts, LeaveOutFaultsAndWhatOthersDo) {
  const auto counts = parse_counts("run 0 2\n" + kFork + "end\n", 1, 1);
  EXPECT_EQ(counts[0][0].flushes, 3u);
  EXPECT_EQ(counts[0][0].ipis, 1u);
  EXPECT_EQ(counts[0][0].callers.count("ptep_clear_flush"), 0u);
  EXPECT_EQ(counts[0][0].callers.count("text_poke"), 0u);
}

TEST(Counts, LeaveOutWhatIsNotBetweenTheMarks) {
  const std::string before =
      "            init-109     [000] ...1.           10: sys_munmap(addr: 1000, len: 1000)\n"
      "            init-109     [000] ...1.           11: flush_tlb_mm_range <-unmap_region\n"
      "            init-110     [001] d.h..           12: flush_tlb_func <-__flush_smp_call\n"
      "            init-109     [000] ...1.           13: sys_munmap -> 0x0\n";
  const auto counts = parse_counts("run 0 2\n" + before + kMunmap + before + "end\n", 1, 1);
  EXPECT_EQ(counts[0][0].flushes, 2u);
  EXPECT_EQ(counts[0][0].ipis, 2u);
}

TEST(Counts, TellFlushesAtWhichOthersWereToRun) {
  std::string text = kMunmap;
  const std::string flush = "[000] ...1.           20: flush";
  text.replace(text.find(flush), flush.size(), "[000] .N.1.           20: flush");
  const auto counts = parse_counts("run 0 2\n" + text + "end\n", 1, 1);
  EXPECT_EQ(counts[0][0].flushes, 2u);
  EXPECT_THAT(counts[0][0].callers,
              ElementsAre(Pair("tlb_finish_mmu", 1), Pair("unmap_page_range (need_resched)", 1)));
}

TEST(Counts, AreByWorkAndRun) {
  const std::string nothing = "run 1 0\n";
  const auto counts = parse_counts(
      "run 0 2\n" + kMunmap + "run 0 2\n" + kMunmap + nothing + nothing + "end\n", 2, 2);
  ASSERT_THAT(counts, ElementsAre(SizeIs(2), SizeIs(2)));
  EXPECT_EQ(counts[0][1].flushes, 2u);
  EXPECT_EQ(counts[1][0].flushes, 0u);
}

TEST(Counts, AreHeldAgainstTheKernelsOwn) {
  EXPECT_EQ(error_of("run 0 3\n" + kMunmap + "end\n"),
            "2 interrupts for flushes are in the trace, 3 in /proc/interrupts");
}

TEST(Counts, RefuseALineThatIsNone) {
  for (const char* line :
       {"CPU:0 [LOST 12 EVENTS]", "init-110 [001] d.h.. flush_tlb_func", "init [001] d.h.. 1: x",
        "init-x [001] d.h.. 1: flush_tlb_func <-f", "init-1 [cpu] d.h.. 1: flush_tlb_func <-f",
        "init-1 [001] d 1: flush_tlb_mm_range", "init-1 [000] ..... 1: sched_switch: a ==> b"}) {
    EXPECT_EQ(error_of("run 0 0\n" + std::string(line) + "\nend\n"),
              "line 2 of what the guest has counted: '" + std::string(line) +
                  "': expected 'TASK-PID [CPU] FLAGS TIME: EVENT', or 'end'");
  }
}

TEST(Counts, RefuseRunsThatAreMissingOrTooMany) {
  EXPECT_THAT(error_of("run 1 0\nend\n"), HasSubstr("line 1 of"));
  EXPECT_THAT(error_of("run 0 many\nend\n"), HasSubstr("'run 0 many': expected 'run 0 NUMBER'"));
  EXPECT_THAT(error_of(kMunmap), HasSubstr("expected 'run 0 NUMBER'"));
  EXPECT_THAT(error_of("run 0 0\nend\n", 2), HasSubstr("'end': expected 'TASK-PID"));
  EXPECT_THAT(error_of("run 0 0\nrun 0 0\nend\n"), HasSubstr("line 2 of"));
  EXPECT_THAT(error_of("run 0 0\nrun 1 0\nend\n"), HasSubstr("line 2 of"));
  EXPECT_THAT(error_of("run 0 0\nend\nend\n"), HasSubstr("expected nothing more"));
  EXPECT_THAT(error_of("run 0 0\n"), HasSubstr("breaks off"));
}

}  // namespace
}  // namespace mmcheck::lab

// SPDX-License-Identifier: Apache-2.0
// x86-TSO in whole scenarios: what store buffers let user code see, and that the kernel's flushes
// wait for them. A page of a mapping declared `dirty` holds 1 at first.
#include <gtest/gtest.h>

#include "design/design.h"
#include "explore/explorer.h"
#include "workload/program.h"

namespace mmcheck {
namespace {

using explore::MemoryModel;

struct Final {
  std::string rule;  ///< broken, or empty
  bool found = false;
};

Final run(const std::string& text, MemoryModel model, const char* design = "linux-6.12") {
  const workload::Scenario scenario = workload::parse_scenario("C test\n" + text, "test");
  workload::ScenarioProgram program(scenario, *design::find_design(design), model);
  const explore::Result result = explore::explore(program, {});
  EXPECT_TRUE(result.complete);
  return {result.counterexample ? result.counterexample->rule : "", program.condition_held()};
}

/// Whether there is an execution that ends as the test's `exists` says.
void expect(const std::string& text, bool under_sc, bool under_tso) {
  for (const MemoryModel model : {MemoryModel::Sc, MemoryModel::Tso}) {
    SCOPED_TRACE(model == MemoryModel::Sc ? "sc" : "tso");
    const Final final = run(text, model);
    EXPECT_EQ(final.rule, "");
    EXPECT_EQ(final.found, model == MemoryModel::Sc ? under_sc : under_tso);
  }
}

void only_under_tso(const std::string& text) { expect(text, false, true); }
void under_neither(const std::string& text) { expect(text, false, false); }

const std::string kTwoPages = R"({ file f; file g; process A {
  x = mmap(f, 1 page, MAP_SHARED), dirty;
  y = mmap(g, 1 page, MAP_SHARED), dirty; } flag = 0; l = 0; })";

TEST(Tso, StoresThroughPagesAreOvertakenByLoads) {
  only_under_tso(kTwoPages + R"(
    P0(A) { WRITE_ONCE(*x, 2); r0 = READ_ONCE(*y); }
    P1(A) { WRITE_ONCE(*y, 2); r0 = READ_ONCE(*x); }
    exists (0:r0=1 /\ 1:r0=1))");
}

TEST(Tso, PagesAndVariablesAreOneMemory) {
  only_under_tso(kTwoPages + R"(
    P0(A) { WRITE_ONCE(*x, 2); r0 = READ_ONCE(*flag); }
    P1(A) { WRITE_ONCE(*flag, 1); r0 = READ_ONCE(*x); }
    exists (0:r0=0 /\ 1:r0=1))");
  under_neither(kTwoPages + R"(
    P0(A) { WRITE_ONCE(*x, 2); WRITE_ONCE(*flag, 1); }
    P1(A) { r0 = READ_ONCE(*flag); r1 = READ_ONCE(*x); }
    exists (1:r0=1 /\ 1:r1=1))");
}

TEST(Tso, AThreadSeesItsOwnStoreFirst) {
  only_under_tso(kTwoPages + R"(
    P0(A) { WRITE_ONCE(*x, 2); r0 = READ_ONCE(*x); r1 = READ_ONCE(*y); }
    P1(A) { WRITE_ONCE(*y, 2); r0 = READ_ONCE(*y); r1 = READ_ONCE(*x); }
    exists (0:r0=2 /\ 1:r0=2 /\ 0:r1=1 /\ 1:r1=1))");
  under_neither(kTwoPages + R"(
    P0(A) { WRITE_ONCE(*x, 2); r0 = READ_ONCE(*x); }
    exists (0:r0=1))");
}

TEST(Tso, FencesAndLockedInstructionsForbidIt) {
  const char* const kFences[] = {"smp_mb();", "r9 = xchg(l, 1);", "spin_lock(s); spin_unlock(s);",
                                 "atomic_inc(l);", "r9 = cmpxchg(l, 0, 1);"};
  for (const std::string fence : kFences) {
    SCOPED_TRACE(fence);
    under_neither(R"({ file f; file g; process A {
        x = mmap(f, 1 page, MAP_SHARED), dirty; y = mmap(g, 1 page, MAP_SHARED), dirty; }
        l = 0; spinlock_t s; }
      P0(A) { WRITE_ONCE(*x, 2); )" +
                  fence + R"( r0 = READ_ONCE(*y); }
      P1(A) { WRITE_ONCE(*y, 2); )" +
                  fence + R"( r0 = READ_ONCE(*x); }
      exists (0:r0=1 /\ 1:r0=1))");
  }
  only_under_tso(kTwoPages + R"(
    P0(A) { WRITE_ONCE(*x, 2); smp_wmb(); r0 = READ_ONCE(*y); }
    P1(A) { WRITE_ONCE(*y, 2); smp_mb(); r0 = READ_ONCE(*x); }
    exists (0:r0=1 /\ 1:r0=1))");
}

TEST(Tso, SystemCallsAndFaultsDrainTheBuffer) {
  under_neither(kTwoPages + R"(
    P0(A) { WRITE_ONCE(*x, 2); madvise(x, 4096, MADV_DONTNEED); r0 = READ_ONCE(*y); }
    P1(A) { WRITE_ONCE(*y, 2); smp_mb(); r0 = READ_ONCE(*x); }
    exists (0:r0=1 /\ 1:r0=1))");
  under_neither(R"({ file f; file g; process A {
      x = mmap(f, 1 page, MAP_SHARED), dirty; y = mmap(g, 1 page, MAP_SHARED), dirty;
      z = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS); } }
    P0(A) { WRITE_ONCE(*x, 2); r1 = READ_ONCE(*z); r0 = READ_ONCE(*y); }
    P1(A) { WRITE_ONCE(*y, 2); smp_mb(); r0 = READ_ONCE(*x); }
    exists (0:r0=1 /\ 1:r0=1))");
}

TEST(Tso, StoresOfOneThreadLandInOrder) {
  under_neither(R"({ process A; x = 0; y = 0; }
    P0(A) { WRITE_ONCE(*x, 1); WRITE_ONCE(*y, 2); }
    P1(A) { WRITE_ONCE(*y, 1); WRITE_ONCE(*x, 2); }
    exists (x=1 /\ y=1))");
}

const std::string kAlias = R"({ file f; process A {
  x = mmap(f, 1 page, MAP_SHARED), dirty; y = mmap(f, 1 page, MAP_SHARED), dirty; } })";

// "Write before": a store that another CPU has made through the mapping lands before munmap()
// returns; "read before": nobody reads through it what is stored later.
TEST(Tso, MunmapReturnsWhenStoresThroughTheMappingHaveLanded) {
  for (const design::Design& design : design::designs()) {
    // These break R-FS before that.
    if (design.name == "torvalds-dirty-in-batch" || design.name == "dirty-lock-hashed") continue;
    SCOPED_TRACE(design.name);
    const Final write = run(kAlias + R"(
      P0(A) { munmap(x, 4096); WRITE_ONCE(*y, 3); smp_mb(); r0 = READ_ONCE(*y); }
      P1(A) { WRITE_ONCE(*x, 2); }
      exists (0:r0=2))",
                            MemoryModel::Tso, design.name.data());
    EXPECT_EQ(write.rule, "");
    EXPECT_FALSE(write.found);
  }
  under_neither(kAlias + R"(
    P0(A) { munmap(x, 4096); r0 = READ_ONCE(*y); r1 = READ_ONCE(*y); }
    P1(A) { WRITE_ONCE(*x, 2); }
    exists (0:r0=1 /\ 0:r1=2))");
  under_neither(kAlias + R"(
    P0(A) { munmap(x, 4096); WRITE_ONCE(*y, 3); }
    P1(A) { r0 = READ_ONCE(*x); }
    exists (1:r0=3))");
}

// What waits in a buffer must not be lost either: the page is found dirty when it lands.
TEST(Tso, MsyncWritesWhatWasBufferedBeforeIt) {
  under_neither(R"({ file f; process A { x = mmap(f, 1 page, MAP_SHARED), dirty; } }
    P0(A) { WRITE_ONCE(*x, 2); msync(x, 4096, MS_SYNC); r0 = pread(f, 0); }
    P1(A) { WRITE_ONCE(*x, 3); }
    exists (0:r0=1))");
}

TEST(Tso, TooManyThreadsAndPagesAreRefused) {
  std::string text =
      "{ file f, 13 pages; process A { x = mmap(f, 13 pages, MAP_SHARED), dirty; } }\n";
  for (unsigned i = 0; i < 4; ++i) text += "P" + std::to_string(i) + "(A) { WRITE_ONCE(*x, 2); }\n";
  const workload::Scenario scenario = workload::parse_scenario("C test\n" + text, "test");
  workload::ScenarioProgram program(scenario, *design::find_design("linux-6.12"), MemoryModel::Tso);
  try {
    explore::explore(program, {});
    FAIL();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("threads (for --memory tso)"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace mmcheck

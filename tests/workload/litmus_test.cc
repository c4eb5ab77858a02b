// SPDX-License-Identifier: Apache-2.0
// Tests in the plain dialect of the Linux kernel memory model, without processes or mappings.
#include <gtest/gtest.h>

#include "workload/dump.h"

namespace mmcheck::workload {
namespace {

std::string parsed(const std::string& text) {
  try {
    return dump(parse_scenario(text, "f.litmus"));
  } catch (const InputError& error) {
    return describe(error);
  }
}

/// Dump of one statement in a thread of process A, which has mapping x and file f of 2 pages each,
/// with a variable v.
std::string statement(const std::string& text) {
  const std::string dumped = parsed(
      "C t\n{ file f, 2 pages; process A { x = mmap(f, 2 pages, MAP_SHARED); } v = 0; w = 0; }\n"
      "P0(A) { int r0; int r1; " +
      text + " }\n");
  const std::size_t begin = dumped.find("  ", dumped.find("P0 of"));
  return begin == std::string::npos ? dumped
                                    : dumped.substr(begin + 2, dumped.find("   #") - begin - 2);
}

TEST(Litmus, MessagePassing) {
  EXPECT_EQ(parsed(R"(C MP+release+acquire

(*
 * Result: Never
 *
 * A store is seen before the flag that announces it.
 *)

{}

P0(int *buf, int *flag) // Producer
{
  WRITE_ONCE(*buf, 1);
  smp_store_release(flag, 1);
}

P1(int *buf, int *flag) /* Consumer */
{
  int r0;
  int r1;

  r0 = smp_load_acquire(flag);
  r1 = READ_ONCE(*buf);
}

exists (1:r0=1 /\ 1:r1=0)
)"),
            R"(scenario MP+release+acquire
word buf = 0
word flag = 0
P0 of the kernel '' registers -
  Store.once(v[0], 1)   # WRITE_ONCE(*buf, 1)
  Store.release(v[1], 1)   # smp_store_release(flag, 1)
P1 of the kernel '' registers r0 r1
  r[0] = Load.acquire(v[1])   # r0 = smp_load_acquire(flag)
  r[1] = Load.once(v[0])   # r1 = READ_ONCE(*buf)
exists (&& (== r[1:0], 1), (== r[1:1], 0))   # (1:r0=1 /\ 1:r1=0)
)");
}

TEST(Litmus, StoreBufferingWithInitialValues) {
  EXPECT_EQ(parsed(R"(C SB+mb+mb
{
  x=0;
  int y = 2;
  atomic_t z = ATOMIC_INIT(-3)
}
P0(int *x, int *y)
{
  WRITE_ONCE(*x, 1);
  smp_mb();
  int r0 = READ_ONCE(*y);
}
P1(int *x, int *y)
{
  WRITE_ONCE(*y, 1);
  smp_mb();
  int r0 = READ_ONCE(*x);
}
locations [x; 0:r0; [y];]
~exists (0:r0=0 /\ 1:r0=0 \/ [x]!=1)
)"),
            R"(scenario SB+mb+mb
word x = 0
word y = 2
word z = -3
P0 of the kernel '' registers r0
  Store.once(v[0], 1)   # WRITE_ONCE(*x, 1)
  Barrier.full()   # smp_mb()
  r[0] = Load.once(v[1])   # r0 = READ_ONCE(*y)
P1 of the kernel '' registers r0
  Store.once(v[1], 1)   # WRITE_ONCE(*y, 1)
  Barrier.full()   # smp_mb()
  r[0] = Load.once(v[0])   # r0 = READ_ONCE(*x)
~exists (|| (&& (== r[0:0], 0), (== r[1:0], 0)), (!= v[0], 1))   # (0:r0=0 /\ 1:r0=0 \/ [x]!=1)
)");
}

TEST(Litmus, LoadBufferingWithControlDependencyAndLock) {
  EXPECT_EQ(parsed(R"(C LB+ctrl+lock
{}
P0(int *x, int *y, spinlock_t *mylock)
{
  int r0;

  spin_lock(mylock);
  r0 = READ_ONCE(*x);
  if (r0 == 1 && !(r0 & 2)) {
    WRITE_ONCE(*y, 1);
  } else if (r0)
    *y = r0 + 1;
  spin_unlock(&mylock);
}
forall (0:r0=0 \/ not (y=2))
)"),
            R"(scenario LB+ctrl+lock
word x = 0
word y = 0
spinlock mylock = 0
P0 of the kernel '' registers r0
  SpinLock.acquire(v[2])   # spin_lock(mylock)
  r[0] = Load.once(v[0])   # r0 = READ_ONCE(*x)
  if (&& (== r[0:0], 1), (! (& r[0:0], 2)))   # if (r0 == 1 && !(r0 & 2))
    Store.once(v[1], 1)   # WRITE_ONCE(*y, 1)
  else
    if r[0:0]   # if (r0)
      Store(v[1], (+ r[0:0], 1))   # *y = r0 + 1
  SpinUnlock.release(v[2])   # spin_unlock(&mylock)
forall (|| (== r[0:0], 0), (! (== v[1], 2)))   # (0:r0=0 \/ not (y=2))
)");
}

TEST(Litmus, AtomicsComeToAFewOperations) {
  EXPECT_EQ(statement("atomic_inc(v);"), "FetchAdd.relaxed(v[0], 1)");
  EXPECT_EQ(statement("atomic_sub(r0, v);"), "FetchAdd.relaxed(v[0], (- r[0:0]))");
  EXPECT_EQ(statement("r0 = atomic_fetch_add_acquire(3, &v);"), "r[0] = FetchAdd.acquire(v[0], 3)");
  EXPECT_EQ(statement("r0 = atomic_sub_return(3, v);"), "r[0] = AddReturn.full(v[0], -3)");
  EXPECT_EQ(statement("r0 = atomic_dec_and_test(v);"), "r[0] = (== AddReturn.full(v[0], -1), 0)");
  EXPECT_EQ(statement("r0 = cmpxchg_relaxed(v, 0, 1);"),
            "r[0] = CompareExchange.relaxed(v[0], 0, 1)");
  EXPECT_EQ(statement("r0 = xchg(x + 4096, 1);"), "r[0] = Exchange.full(page[0.0.1], 1)");
  EXPECT_EQ(statement("atomic_set_release(v, 1);"), "Store.release(v[0], 1)");
}

TEST(Litmus, PrecedenceIsThatOfC) {
  EXPECT_EQ(statement("r0 = r0 + r1 * 2 - 1;"), "r[0] = (- (+ r[0:0], (* r[0:1], 2)), 1)");
  EXPECT_EQ(statement("r0 = r0 & 1 == r1;"), "r[0] = (& r[0:0], (== 1, r[0:1]))");
  EXPECT_EQ(statement("r0 = r0 || r1 && r0 | r1 ^ r0;"),
            "r[0] = (|| r[0:0], (&& r[0:1], (| r[0:0], (^ r[0:1], r[0:0]))))");
  EXPECT_EQ(statement("r0 = (r0 < 1) >= -r1;"), "r[0] = (>= (< r[0:0], 1), (- r[0:1]))");
  EXPECT_EQ(statement("r0 = !~-r1;"), "r[0] = (! (~ (- r[0:1])))");
  EXPECT_EQ(statement("r0 = READ_ONCE(*v)*READ_ONCE(*w);"),
            "r[0] = (* Load.once(v[0]), Load.once(v[1]))");
  EXPECT_EQ(statement("r0 = *v**w;"), "r[0] = (* Load(v[0]), Load(v[1]))");
}

TEST(Litmus, ConstantsAreFolded) {
  EXPECT_EQ(statement("r0 = 0x10 + 2 * (3 - 1);"), "r[0] = 20");
  EXPECT_EQ(statement("r0 = 0xffff == 65535 && !0;"), "r[0] = 1");
  EXPECT_EQ(statement("r0 = 9223372036854775807;"), "r[0] = 9223372036854775807");
  EXPECT_EQ(statement("WRITE_ONCE(*(x + PAGE_SIZE), ~0);"), "Store.once(page[0.0.1], -1)");
  EXPECT_EQ(statement("WRITE_ONCE(*(4096 + (x + 4096 - 4096)), 1);"), "Store.once(page[0.0.1], 1)");
  EXPECT_EQ(statement("munmap(x, 2 * PAGE_SIZE);"), "Munmap(page[0.0.0], 8192)");
}

TEST(Litmus, SystemCalls) {
  EXPECT_EQ(
      statement("mmap(x + 4096, 4096, PROT_READ|PROT_WRITE, MAP_SHARED | MAP_FIXED, f, 4096);"),
      "Mmap(page[0.0.1], 4096, 3, 17, file[0], 4096)");
  EXPECT_EQ(statement("mmap(x, 8192, PROT_READ, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0);"),
            "Mmap(page[0.0.0], 8192, 1, 50, -1, 0)");
  EXPECT_EQ(statement("r0 = madvise(A:x + 4096, 4096, MADV_DONTNEED);"),
            "r[0] = Madvise(page[0.0.1], 4096)");
  EXPECT_EQ(statement("mprotect(x, 4096, PROT_NONE);"), "Mprotect(page[0.0.0], 4096, 0)");
  EXPECT_EQ(statement("mremap(x, 4096, 4096, MREMAP_MAYMOVE|MREMAP_FIXED, x + 4096);"),
            "Mremap(page[0.0.0], 4096, 3, page[0.0.1])");
  EXPECT_EQ(statement("posix_fadvise(f, 4096, 0, POSIX_FADV_DONTNEED);"),
            "PosixFadvise(file[0], 4096, 4096)");
  EXPECT_EQ(statement("pwrite(f, 4096, pread(f, 0) + 1);"),
            "Pwrite(file[0], 4096, (+ Pread(file[0], 0), 1))");
  EXPECT_EQ(statement("exit_group(1);"), "ExitGroup(1)");
  EXPECT_EQ(statement("schedule();"), "Schedule()");
  EXPECT_EQ(statement("yield();"), "Yield()");
  EXPECT_EQ(statement("if (munmap(x, 4096) == 0) exit_group(0);"),
            "if (== Munmap(page[0.0.0], 4096), 0)");
}

TEST(Litmus, CommentsStandAnywhere) {
  EXPECT_EQ(
      parsed("// before\nC t // name\n(* * one *)\n/* two\n * three */\n{ (* a *) x // b\n; }\n"
             "P0 /* c */ () { /* (* */ *x = /* d */ 1 /* e */ ; // f\n}\n(* end *)"),
      "scenario t\nword x = 0\nP0 of the kernel '' registers -\n  Store(v[0], 1)   # *x = 1\n");
  const Scenario scenario = parse_scenario("C t\n(* one\n * two *)\n// three\n{}\nP0() {}\n", "f");
  EXPECT_EQ(scenario.comment, "one\ntwo\nthree");
}

TEST(Litmus, CommentsAreFitToBeShown) {
  const Scenario scenario = parse_scenario(
      "C t\n(* caf\xc3\xa9 \xff \xc3( \x1b[31m \xed\xa0\x80 \xc2\x9b *)\n{}\nP0() {}\n", "f");
  EXPECT_EQ(scenario.comment, "caf\xc3\xa9 ? ?( ?[31m ??? ?");
}

}  // namespace
}  // namespace mmcheck::workload

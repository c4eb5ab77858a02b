// SPDX-License-Identifier: Apache-2.0
// The kernel's primitives, pointers, conditions: what one thread comes to is told by its registers.
#include <gtest/gtest.h>

#include "litmus/final_states.h"

namespace mmcheck::workload {
namespace {

/// Registers r0 to r3 and the variable x, which starts as 5, after one thread with this body.
std::string after(const std::string& body) {
  return final_states_of(
      "x = 5;", "P0(int *x, int *y, spinlock_t *l)\n{ int r0; int r1; int r2; " + body + " }",
      "0:r0; 0:r1; 0:r2; x;");
}

TEST(Primitives, Exchanges) {
  EXPECT_EQ(after("r0 = xchg(x, 6); r1 = atomic_xchg_relaxed(x, 7);"),
            "0:r0=5; 0:r1=6; 0:r2=0; [x]=7;");
  EXPECT_EQ(after("r0 = cmpxchg(x, 5, 6); r1 = cmpxchg_acquire(x, 5, 8);"),
            "0:r0=5; 0:r1=6; 0:r2=0; [x]=6;");
}

TEST(Primitives, Atomics) {
  EXPECT_EQ(after("atomic_inc(x); r0 = atomic_add_return(3, x); r1 = atomic_fetch_sub(2, x);"),
            "0:r0=9; 0:r1=9; 0:r2=0; [x]=7;");
  EXPECT_EQ(after("r0 = atomic_sub_and_test(5, x); r1 = atomic_add_negative(-1, x);"),
            "0:r0=1; 0:r1=1; 0:r2=0; [x]=-1;");
  EXPECT_EQ(after("atomic_set(x, 3); smp_store_mb(*y, 4); r0 = atomic_read(y);"),
            "0:r0=4; 0:r1=0; 0:r2=0; [x]=3;");
}

TEST(Primitives, Locks) {
  EXPECT_EQ(after("spin_lock(l); r0 = spin_is_locked(l); r1 = spin_trylock(l); spin_unlock(l); "
                  "r2 = spin_trylock(l);"),
            "0:r0=1; 0:r1=0; 0:r2=1; [x]=5;");
  EXPECT_EQ(after("r0 = spin_is_locked(l); spin_lock(l); spin_unlock(l); r1 = spin_is_locked(l);"),
            "0:r0=0; 0:r1=0; 0:r2=0; [x]=5;");
}

TEST(Primitives, UpdatesAreAtomic) {
  EXPECT_EQ(final_states_of("",
                            "P0(atomic_t *x) { atomic_inc(x); }\nP1(atomic_t *x) { "
                            "atomic_inc(x); }",
                            "x;"),
            "[x]=2;");
  EXPECT_EQ(final_states_of("", "P0(int *x) { *x = *x + 1; }\nP1(int *x) { *x = *x + 1; }", "x;"),
            "[x]=1;|[x]=2;");
}

TEST(Primitives, ADeadlockHasNoFinalState) {
  const std::string threads =
      "P0(spinlock_t *a, spinlock_t *b) { spin_lock(a); spin_lock(b); int r0 = 1; "
      "spin_unlock(b); spin_unlock(a); }\n"
      "P1(spinlock_t *a, spinlock_t *b) { spin_lock(b); spin_lock(a); int r0 = 1; "
      "spin_unlock(a); spin_unlock(b); }";
  EXPECT_EQ(final_states_of("", threads, "0:r0; 1:r0;"), "0:r0=1; 1:r0=1;|deadlock");
}

TEST(Pointers, ArePublished) {
  EXPECT_EQ(final_states(R"(C publish
{
p=old; old=1;
}
P0(int *new, int **p)
{
  WRITE_ONCE(*new, 2);
  rcu_assign_pointer(*p, new);
}
P1(int **p)
{
  int *r0;
  int r1;
  rcu_read_lock();
  r0 = rcu_dereference(*p);
  r1 = READ_ONCE(*r0);
  rcu_read_unlock();
}
exists (1:r0=new /\ 1:r1=0)
)"),
            "1:r0=old; 1:r1=1;|1:r0=new; 1:r1=2;");
}

TEST(Pointers, AreInitialisedComparedAndStoredThrough) {
  EXPECT_EQ(final_states_of("int x = 3; int *p = &x; int **pp = &p;",
                            "P0(int *x, int *y, int **p, int ***pp) { int *q = &x; "
                            "int r0 = *q == 3; int r1 = READ_ONCE(**p) + (int)***pp; "
                            "*q = 9; if (*p == q) WRITE_ONCE(*p, (int *)y); **p = 4; }",
                            "0:q; 0:r0; 0:r1; p; x; y;"),
            "0:q=x; 0:r0=1; 0:r1=6; [p]=y; [x]=9; [y]=4;");
}

TEST(Pointers, WhatIsNoAddressIsAnError) {
  EXPECT_EQ(
      final_states_of("", "P0(int **p) { int *r0 = READ_ONCE(*p);\n  int r1 = *r0; }", "0:r1;"),
      "4:13: expected the address of a shared variable: in some execution 'r0' is none");
}

TEST(Conditions, FilterAndQuantifiers) {
  const std::string threads =
      "C t\n{}\nP0(int *x) { *x = 1; *x = 2; }\nP1(int *x) { int r0 = *x; }\n";
  EXPECT_EQ(final_states(threads + "filter (1:r0=1 \\/ 1:r0=2)\nexists (1:r0=1)"),
            "1:r0=1;|1:r0=2;");
  const auto run = [&](const std::string& condition) {
    return run_litmus(parse_litmus(threads + condition, "t"), explore::MemoryModel::Sc);
  };
  EXPECT_TRUE(run("exists (1:r0=1)").ok);
  EXPECT_FALSE(run("exists (1:r0=3)").ok);
  EXPECT_FALSE(run("~exists (1:r0=1)").ok);
  EXPECT_TRUE(run("~exists (1:r0=3)").ok);
  EXPECT_TRUE(run("forall (x=2)").ok);
  EXPECT_FALSE(run("forall (1:r0=2)").ok);
  EXPECT_EQ(run("exists (1:r0=1)").observation, Observation::Sometimes);
  EXPECT_EQ(run("exists (x=2)").observation, Observation::Always);
  EXPECT_EQ(run("forall (x=1)").observation, Observation::Never);
}

}  // namespace
}  // namespace mmcheck::workload

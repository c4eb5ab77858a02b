// SPDX-License-Identifier: Apache-2.0
// The classic shapes on sequentially consistent memory: all final states, no others.
#include <gtest/gtest.h>

#include <algorithm>

#include "litmus/final_states.h"

namespace mmcheck::workload {
namespace {

TEST(Shapes, StoreBuffering) {
  EXPECT_EQ(final_states(R"(C SB
{}
P0(int *x, int *y)
{
  int r0;
  WRITE_ONCE(*x, 1);
  r0 = READ_ONCE(*y);
}
P1(int *x, int *y)
{
  int r0;
  WRITE_ONCE(*y, 1);
  r0 = READ_ONCE(*x);
}
exists (0:r0=0 /\ 1:r0=0)
)"),
            "0:r0=0; 1:r0=1;|0:r0=1; 1:r0=0;|0:r0=1; 1:r0=1;");
}

TEST(Shapes, MessagePassing) {
  EXPECT_EQ(final_states(R"(C MP
{ buf = 7; flag = 0; }
P0(int *buf, int *flag) // writer
{
  WRITE_ONCE(*buf, 8);
  smp_wmb();
  smp_store_release(flag, 1);
}
P1(int *buf, int *flag) // reader
{
  int r0 = smp_load_acquire(flag);
  smp_rmb();
  int r1 = READ_ONCE(*buf);
}
exists (1:r0=1 /\ 1:r1=7)
)"),
            "1:r0=0; 1:r1=7;|1:r0=0; 1:r1=8;|1:r0=1; 1:r1=8;");
}

TEST(Shapes, LoadBuffering) {
  EXPECT_EQ(final_states_of("",
                            "P0(int *x, int *y) { int r0 = *x; smp_mb(); *y = 1; }\n"
                            "P1(int *x, int *y) { int r0 = *y; if (r0) *x = 2; }",
                            "0:r0; 1:r0; x;"),
            "0:r0=0; 1:r0=0; [x]=0;|0:r0=0; 1:r0=1; [x]=2;");
}

TEST(Shapes, R) {
  EXPECT_EQ(final_states_of("",
                            "P0(int *x, int *y) { *x = 1; *y = 1; }\n"
                            "P1(int *x, int *y) { *y = 2; int r0 = *x; }",
                            "y; 1:r0;"),
            "1:r0=0; [y]=1;|1:r0=1; [y]=1;|1:r0=1; [y]=2;");
}

TEST(Shapes, S) {
  EXPECT_EQ(final_states_of("",
                            "P0(int *x, int *y) { *x = 2; *y = 1; }\n"
                            "P1(int *x, int *y) { int r0 = *y; *x = 1; }",
                            "x; 1:r0;"),
            "1:r0=0; [x]=1;|1:r0=0; [x]=2;|1:r0=1; [x]=1;");
}

TEST(Shapes, TwoPlusTwoW) {
  EXPECT_EQ(final_states_of("",
                            "P0(int *x, int *y) { *x = 2; *y = 1; }\n"
                            "P1(int *x, int *y) { *y = 2; *x = 1; }",
                            "x; y;"),
            "[x]=1; [y]=1;|[x]=1; [y]=2;|[x]=2; [y]=1;");
}

TEST(Shapes, IndependentReadsOfIndependentWrites) {
  const std::string states = final_states_of("",
                                             "P0(int *x) { *x = 1; }\n"
                                             "P1(int *x, int *y) { int a = *x; int b = *y; }\n"
                                             "P2(int *y) { *y = 1; }\n"
                                             "P3(int *x, int *y) { int c = *y; int d = *x; }",
                                             "1:a; 1:b; 3:c; 3:d;");
  EXPECT_EQ(std::count(states.begin(), states.end(), '|'), 14);  // all but one of 16
  EXPECT_EQ(states.find("1:a=1; 1:b=0; 3:c=1; 3:d=0;"), std::string::npos);
  EXPECT_NE(states.find("1:a=1; 1:b=1; 3:c=1; 3:d=0;"), std::string::npos);
}

TEST(Shapes, LocksOrderSections) {
  EXPECT_EQ(final_states_of("",
                            "P0(int *x, int *y, spinlock_t *l) {\n"
                            "  spin_lock(l); *x = 1; *y = 1; spin_unlock(l); }\n"
                            "P1(int *x, int *y, spinlock_t *l) {\n"
                            "  spin_lock(l); int a = *x; int b = *y; spin_unlock(l); }",
                            "1:a; 1:b;"),
            "1:a=0; 1:b=0;|1:a=1; 1:b=1;");
  EXPECT_EQ(final_states_of("",
                            "P0(int *x, int *y, spinlock_t *l) {\n"
                            "  spin_lock(l); *x = 1; *y = 1; spin_unlock(l); }\n"
                            "P1(int *x, int *y) { int a = *x; int b = *y; }",
                            "1:a; 1:b;"),
            "1:a=0; 1:b=0;|1:a=0; 1:b=1;|1:a=1; 1:b=0;|1:a=1; 1:b=1;");
}

/// What each shape may do under x86-TSO is published: only loads pass earlier stores.
TEST(Shapes, WhatTsoForbidsIsForbidden) {
  const std::string fenced = R"(C SB+mb
{}
P0(int *x, int *y) { *x = 1; smp_mb(); int r0 = *y; }
P1(int *x, int *y) { *y = 1; smp_mb(); int r0 = *x; }
exists (0:r0=0 /\ 1:r0=0)
)";
  EXPECT_EQ(final_states(fenced, explore::MemoryModel::Tso),
            "0:r0=0; 1:r0=1;|0:r0=1; 1:r0=0;|0:r0=1; 1:r0=1;");
}

}  // namespace
}  // namespace mmcheck::workload

// SPDX-License-Identifier: Apache-2.0
// What is wrong with a litmus test is said with its place: LINE:COLUMN: what was expected.
#include <gtest/gtest.h>

#include "litmus/final_states.h"

namespace mmcheck::workload {
namespace {

std::string x86(const std::string& rows) {
  return final_states("X86_64 t\n{}\nP0 | P1 ;\n" + rows + "\nexists (0:rax=1)\n");
}

TEST(LitmusErrors, C) {
  EXPECT_EQ(final_states("AArch64 MP\n{}\n"),
            "1:1: expected 'C', 'X86_64' or 'X86' and the test's name, as in 'C SB+mbonceonces', "
            "got 'AArch64'");
  EXPECT_EQ(final_states("C t\n{ file f; }\nP0() {}\n"),
            "2:3: expected a shared variable: files and processes are for scenarios");
  EXPECT_EQ(final_states("C t\n{}\nP0(int *x) { *3 = 1; }\n"),
            "3:14: expected an address: a mapping with a constant offset, or a shared variable");
  EXPECT_EQ(final_states("C t\n{}\nP0(spinlock_t *l) { *l = 1; }\n"),
            "3:21: expected a word: 'l' is a spinlock_t");
  EXPECT_EQ(final_states("C t\n{}\nP0(int *s) { synchronize_srcu(s); }\n"),
            "3:31: expected a variable that is declared as struct srcu_struct");
  EXPECT_EQ(final_states("C t\n{}\nP0(int *x) { munmap(x, 4096); }\n"),
            "3:14: expected a function on ordinary memory: munmap() is for scenarios");
  EXPECT_EQ(final_states("C t\n{}\nP0(int *x) { int r0 = *x; }\nexists (0:r0=y)\n"),
            "4:14: expected a number or a shared variable to compare with, got 'y'");
  EXPECT_EQ(
      final_states("C t\n{}\nP0(int *x) {}\nexpect { *: held; }\n"),
      "4:1: expected 'exists', 'locations' or the end of the file: 'expect' is for scenarios");
  EXPECT_EQ(final_states("C t\n{ x=&y; y=1; y=2; }\nP0(int *x) {}\n"),
            "2:14: expected a new name: 'y' is already the name of the variable in line 2");
}

TEST(LitmusErrors, PrimitivesOfLitmusTestsAreRefusedInScenarios) {
  try {
    parse_scenario("C t\n{}\nP0(kernel) { rcu_read_lock(); }\n", "t");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(),
                 "expected a litmus test around rcu_read_lock(): scenarios have none");
  }
}

TEST(LitmusErrors, Assembly) {
  EXPECT_EQ(x86("movl $1,(x) ;"), "4:1: expected 2 columns, as many as threads, got 1");
  EXPECT_EQ(x86("movl $1,(x) | jmp L0 ;"), "4:15: expected a known instruction, got 'jmp'");
  EXPECT_EQ(x86("mfenc | ;"),
            "4:1: expected a known instruction, got 'mfenc': did you mean 'mfence'?");
  EXPECT_EQ(x86("movl $1 | ;"), "4:1: expected 2 operands of 'mov', got 1");
  EXPECT_EQ(x86("movl $1,(x | ;"), "4:12: expected ')' after the address, got '|'");
  EXPECT_EQ(x86("movl (x),(y) | ;"), "4:6: expected one operand in memory only");
  EXPECT_EQ(x86("movl (x),$1 | ;"), "4:10: expected a register or an address to write to");
  EXPECT_EQ(x86("movl $1,%zax | ;"),
            "4:9: expected a register such as %eax, $1 or (x), got '%zax'");
  EXPECT_EQ(x86("movl $1,eax | ;"), "4:9: expected a register such as %eax, $1 or (x), got 'eax'");
  EXPECT_EQ(x86("lock movl $1,(x) | ;"), "4:1: expected no 'lock' before 'mov'");
  EXPECT_EQ(x86("lock andl $1,(x) | ;"),
            "4:1: expected add, sub, inc, dec, xadd, xchg or cmpxchg of a word in memory after "
            "'lock'");
  EXPECT_EQ(x86("xaddl %eax,(x) | ;"),
            "4:1: expected 'lock xadd' of a register and a word in memory");
  EXPECT_EQ(x86("movl $1,(x) | movl $1,(y)"),
            "5:1: expected an instruction, '|' or ';', got 'exists'");
  EXPECT_EQ(final_states("X86_64 t\n{ 0:foo=1; }\nP0 ;\n"), "2:5: expected a register, got 'foo'");
  EXPECT_EQ(final_states("X86_64 t\n{ 3:rax=1; }\nP0 ;\n"),
            "2:3: expected the number of a thread, 0 to 0, got 3");
  EXPECT_EQ(final_states("X86_64 t\n{}\nP1 ;\n"),
            "3:1: expected 'P0': threads are numbered in order, got 'P1'");
}

}  // namespace
}  // namespace mmcheck::workload

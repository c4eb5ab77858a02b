// SPDX-License-Identifier: Apache-2.0
// Assembly for x86, in AT&T's order of operands and in Intel's.
#include <gtest/gtest.h>

#include "litmus/final_states.h"

namespace mmcheck::workload {
namespace {

TEST(X86, StoreBufferingInBothDialects) {
  EXPECT_EQ(final_states(R"(X86_64 SB+one
"PodWR Fre PodWR Fre"
Generator=by hand
Orig=PodWR Fre
{
}
 P0            | P1            ;
 movl $1,(x)   | movl $1,(y)   ;
 movl (y),%eax | movl (x),%eax ;
exists (0:rax=0 /\ 1:rax=0)
)"),
            "0:rax=0; 1:rax=1;|0:rax=1; 1:rax=0;|0:rax=1; 1:rax=1;");
  EXPECT_EQ(final_states(R"(X86 SB+two
{ x=0; }
 P0          | P1          ;
 MOV [x],$1  | MOV [y],$1  ;
 MOV EAX,[y] | MOV EAX,[x] ;
exists
(0:EAX=0 /\ 1:EAX=0)
)"),
            "0:EAX=0; 1:EAX=1;|0:EAX=1; 1:EAX=0;|0:EAX=1; 1:EAX=1;");
}

TEST(X86, ColumnsMayHaveEmptyCells) {
  EXPECT_EQ(final_states(R"(X86_64 WRC
{}
 P0          | P1            | P2            ;
 movl $1,(x) | movl (x),%eax | movl (y),%eax ;
             | movl $1,(y)   | mfence        ;
             |               | movl (x),%ebx ;
exists (1:rax=1 /\ 2:rax=1 /\ 2:rbx=0)
)")
                .find("1:rax=1; 2:rax=1; 2:rbx=0;"),
            std::string::npos);
}

/// Of one thread, in AT&T's order; x starts as 5, rbx as 2, rdi as the address of x.
std::string after(const std::string& rows) {
  return final_states("X86_64 t\n{ int x = 5; uint64_t 0:rbx = 2; 0:rdi = x; }\nP0 ;\n" + rows +
                      "\nlocations [0:rax; 0:RBX; x]\n");
}

TEST(X86, Instructions) {
  EXPECT_EQ(after("movq (%rdi),%rax ; addl $3,%eax ; nop ;"), "0:rax=8; 0:rbx=2; [x]=5;");
  EXPECT_EQ(after("xchgl %ebx,(x) ; mfence ; MOVL (x),%EAX ;"), "0:rax=2; 0:rbx=5; [x]=2;");
  EXPECT_EQ(after("lock xaddl %ebx,(%rdi) ; lock incl (x) ;"), "0:rax=0; 0:rbx=5; [x]=8;");
  EXPECT_EQ(after("lock subl $7,(x) ; decl (x) ; orq %rbx,%rax ;"), "0:rax=2; 0:rbx=2; [x]=-3;");
  EXPECT_EQ(after("movl $5,%eax ; lock cmpxchgl %ebx,(x) ;"), "0:rax=5; 0:rbx=2; [x]=2;");
  EXPECT_EQ(after("movl $4,%eax ; lock cmpxchgl %ebx,(x) ;"), "0:rax=5; 0:rbx=2; [x]=5;");
  EXPECT_EQ(after("movl %ebx,(x) ; xorl (x),%ebx ;"), "0:rax=0; 0:rbx=0; [x]=2;");
}

TEST(X86, LockMakesUpdatesAtomic) {
  const auto twice = [](const std::string& instruction) {
    return final_states("X86_64 t\n{}\nP0 | P1 ;\n" + instruction + " | " + instruction +
                        " ;\nlocations [x;]");
  };
  EXPECT_EQ(twice("lock addl $1,(x)"), "[x]=2;");
  EXPECT_EQ(twice("addl $1,(x)"), "[x]=1;|[x]=2;");
}

}  // namespace
}  // namespace mmcheck::workload

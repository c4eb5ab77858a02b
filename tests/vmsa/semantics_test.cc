// SPDX-License-Identifier: Apache-2.0
// What the machine lets happen, as small tests in the form of the suite litmus-tests/
// litmus-tests-armv8a-system-vmsa (Simner et al., "Relaxed virtual memory in Armv8-A", ESOP 2022),
// in its notation but our own. `allowed` is what the paper's model says, unless the comment says
// otherwise. Each is searched twice: by classes and in every interleaving.
#include <gtest/gtest.h>

#include "workload/vmsa.h"

namespace mmcheck::workload::vmsa {
namespace {

struct Case {
  const char* name;
  Source source;
  bool allowed;
};

void PrintTo(const Case& test, std::ostream* out) { *out << test.name; }

const Case kCases[] = {
    {"an_unmapped_page_may_still_be_read",
     {"x->pa1 ; pa1=7", {"P0: PTE(x):=INV; DSB; ISB; X1=[x] {fault: X1=0; skip}"}, "0:X1 = 7"},
     true},
    {"an_entry_that_was_not_present_is_not_remembered",
     {"x->INV ; pa1=7", {"P0: PTE(x):=pa1; DSB; ISB; X1=[x] {fault: X1=9; skip}"}, "0:X1 = 9"},
     false},
    {"an_invalidation_removes_the_entry",
     {"x->pa1 ; pa1=7",
      {"P0: PTE(x):=INV; DSB; TLBI.local(x); DSB; ISB; X1=[x] {fault: X1=0; skip}"},
      "0:X1 = 7"},
     false},
    {"without_a_barrier_it_is_not_complete",
     {"x->pa1 ; pa1=7",
      {"P0: PTE(x):=INV; DSB; TLBI.local(x); X1=[x] {fault: X1=0; skip}"},
      "0:X1 = 7"},
     true},
    {"a_barrier_for_stores_does_not_complete_it",
     {"x->pa1 ; pa1=7",
      {"P0: PTE(x):=INV; DSB; TLBI.local(x); DSB.st; X1=[x] {fault: X1=0; skip}"},
      "0:X1 = 7"},
     true},
    {"of_another_page_it_removes_nothing",
     {"x->pa1 ; pa1=7",
      {"P0: PTE(x):=INV; DSB; TLBI.bcast(other); DSB; X1=[x] {fault: X1=0; skip}"},
      "0:X1 = 7"},
     true},
    {"of_all_pages_it_removes_everything",
     {"x->pa1 ; pa1=7",
      {"P0: PTE(x):=INV; DSB; TLBI.bcast(ALL); DSB; X1=[x] {fault: X1=0; skip}"},
      "0:X1 = 7"},
     false},
    {"a_local_one_leaves_other_cpus_alone",
     {"x->pa1, f->pa2 ; pa1=7",
      {"P0: PTE(x):=INV; DSB; TLBI.local(x); DSB; [f]:=1",
       "P1: X0=[f]; DSB; ISB; X1=[x] {fault: X1=0; skip}"},
      "1:X0=1 & 1:X1=7"},
     true},
    {"a_broadcast_one_reaches_them",
     {"x->pa1, f->pa2 ; pa1=7",
      {"P0: PTE(x):=INV; DSB; TLBI.bcast(x); DSB; [f]:=1",
       "P1: X0=[f]; DSB; ISB; X1=[x] {fault: X1=0; skip}"},
      "1:X0=1 & 1:X1=7"},
     false},
    {"a_broadcast_one_is_complete_only_at_the_barrier",
     {"x->pa1, f->pa2 ; pa1=7",
      {"P0: PTE(x):=INV; DSB; TLBI.bcast(x); [f]:=1; DSB",
       "P1: X0=[f]; DSB; ISB; X1=[x] {fault: X1=0; skip}"},
      "1:X0=1 & 1:X1=7"},
     true},
    {"what_is_present_between_issue_and_completion_may_stay",
     {"x->pa1, f->pa3 ; pa1=7, pa2=8",
      {"P0: PTE(x):=INV; DSB; TLBI.bcast(x); PTE(x):=pa2; PTE(x):=INV; DSB; [f]:=1",
       "P1: X0=[f]; X1=[x] {fault: X1=0; skip}"},
      "1:X0=1 & 1:X1=8"},
     true},
    {"what_was_replaced_before_the_issue_may_not",
     {"x->pa1, f->pa3 ; pa1=7, pa2=8",
      {"P0: PTE(x):=INV; DSB; TLBI.bcast(x); PTE(x):=pa2; PTE(x):=INV; DSB; [f]:=1",
       "P1: X0=[f]; X1=[x] {fault: X1=0; skip}"},
      "1:X0=1 & 1:X1=7"},
     false},
    {"a_store_in_flight_lands_before_completion",
     {"x->pa1, y->pa1",
      {"P0: PTE(x):=INV; DSB; TLBI.bcast(x); DSB; [y]:=2", "P1: [x]:=1 {fault: skip}"},
      "*pa1 = 1"},
     false},
    {"a_stale_entry_sees_new_contents",
     {"x->pa1, y->pa1",
      {"P0: PTE(x):=INV; DSB; [y]:=2", "P1: X1=[x] {fault: X1=9; skip}"},
      "1:X1 = 2"},
     true},
    {"a_fault_does_not_clean_the_tlb",
     {"x->pa1 ; pa1=7",
      {"P0: PTE(x):=INV", "P1: X1=[x]; X2=X1; X1=[x] {fault: X1=0; skip}"},
      "1:X2=0 & 1:X1=7"},
     true},
    {"old_permissions_fault_as_such",
     {"x->pa1[RO]",
      {"P0: PTE(x):=INV; DSB; X13=0; [x]:=1 {fault: X15=1,X16=2; skip}"},
      "0:X13 = 1"},
     true},
    {"an_entry_for_el1_only_is_a_permission_fault",
     {"x->pa1[EL1-RW,EL0-none]", {"P0: X13=[x] {fault: X15=1,X16=2; skip}"}, "~0:X13 = 1"},
     false},
    {"stop_ends_the_thread",
     {"x->INV, y->pa1", {"P0: X0=[x]; [y]:=1 {fault: stop}"}, "*y = 1"},
     false},
    {"a_branch_that_is_taken_skips",
     {"x->pa1", {"P0: X0=1; CBNZ X0,L; X0=2; L:; ORR X0,X0,4"}, "~(0:X0 = 5) | 0:X0 = 2"},
     false},
    {"an_entry_is_read_as_memory",
     {"x->INV, y->pa1", {"P0: PTE(x):=pa1", "P1: X1=PTE(x)"}, "1:X1 = desc3(y, page_table_base)"},
     true},
    // Not in the suite, whose files set the register: it may hold what makes the difference.
    {"a_register_that_nothing_sets_may_hold_anything", {"x->pa1", {"P0: [x]:=X3"}, "*x = 5"}, true},
    {"but_not_what_the_fault_handler_says",
     {"x->pa1", {"P0: [x]:=X3 {fault: X3=0; skip}"}, "0:X3 = 0"},
     false},
};

class Semantics : public ::testing::TestWithParam<Case> {};

TEST_P(Semantics, Verdict) {
  const vmsa::Test test = parse(GetParam().source);
  ASSERT_EQ(test.cannot, "");
  EXPECT_EQ(run(test).allowed, GetParam().allowed);
  EXPECT_EQ(run(test, explore::Strategy::Naive).allowed, GetParam().allowed) << "naive";
}

INSTANTIATE_TEST_SUITE_P(Vmsa, Semantics, ::testing::ValuesIn(kCases),
                         [](const auto& parameter) { return parameter.param.name; });

}  // namespace
}  // namespace mmcheck::workload::vmsa

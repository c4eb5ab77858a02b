// SPDX-License-Identifier: Apache-2.0
// What is not of the form is an error that says where; what the machine cannot do is a reason.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "workload/vmsa.h"

namespace mmcheck::workload::vmsa {
namespace {

std::string error_of(const Source& source) {
  try {
    static_cast<void>(parse(source));
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

std::string error_of_thread(const std::string& thread) {
  return error_of({"x->pa1", {thread}, "*x=0"});
}

std::string reason_of_thread(const std::string& thread) {
  return parse({"x->pa1", {thread}, "*x=0"}).cannot;
}

TEST(Form, ErrorsSayWhere) {
  EXPECT_EQ(error_of({"x->", {"P0:"}, "*x=0"}),
            "init: expected INV or a physical page (pa1, pa2 ...), found the end");
  EXPECT_EQ(error_of({"x->pa1 y->pa2", {"P0:"}, "*x=0"}),
            "init: expected ',' or ';', found 'y->pa2'");
  EXPECT_EQ(error_of({"x->pa1, x->pa2", {"P0:"}, "*x=0"}), "init: 'x' is mapped twice");
  EXPECT_EQ(error_of({"x->pa1", {}, "*x=0"}), "threads: expected at least one");
  EXPECT_EQ(error_of_thread("P1: X0=1"), "threads[0]: expected 'P0:', found 'P1: X0=1'");
  EXPECT_EQ(error_of_thread("P0: X0=[z]"),
            "threads[0]: `X0=[z]`: expected a virtual address that init maps, found 'z]'");
  EXPECT_EQ(error_of_thread("P0: X0=[x"), "threads[0]: `X0=[x`: expected ']', found the end");
  EXPECT_EQ(error_of_thread("P0: X31=1"),
            "threads[0]: `X31=1`: expected a register, X0 to X30, found 'X31=1'");
  EXPECT_EQ(error_of_thread("P0: X0=1048576"),
            "threads[0]: `X0=1048576`: expected a number up to 1048575, found '1048576'");
  EXPECT_EQ(error_of_thread("P0: PTE(x):=page"),
            "threads[0]: `PTE(x):=page`: expected INV or a physical page (pa1, pa2 ...), "
            "found 'page'");
  EXPECT_EQ(error_of_thread("P0: DSB.huh"),
            "threads[0]: `DSB.huh`: expected a barrier, found 'DSB.huh'");
  EXPECT_EQ(error_of_thread("P0: CBNZ X0,L"), "threads[0]: there is no label 'L'");
  EXPECT_EQ(error_of_thread("P0: X0=1 {fault: retry}"),
            "threads[0]: expected 'stop', found 'retry}'");
}

TEST(Form, ErrorsInTheCondition) {
  const auto error = [](const std::string& final) {
    return error_of({"x->pa1", {"P0: X0=[x]"}, final});
  };
  EXPECT_EQ(error(""), "final: expected a number, found the end");
  EXPECT_EQ(error("0:X0=1 0:X0=2"), "final: expected '&', '|' or the end, found '0:X0=2'");
  EXPECT_EQ(error("1:X0=1"), "final: expected a thread of the test, found '1:X0=1'");
  EXPECT_EQ(error("*q=1"), "final: expected a virtual address that init maps, found 'q=1'");
  EXPECT_THAT(error(std::string(1000, '(')), ::testing::HasSubstr("fewer nested conditions"));
  EXPECT_THAT(error(std::string(1000, '~')), ::testing::HasSubstr("fewer nested conditions"));
}

TEST(Form, ReasonsNotToRun) {
  EXPECT_EQ(reason_of_thread("P0: MRS X0,ESR_EL1"), "`MRS X0,ESR_EL1` cannot be expressed");
  EXPECT_EQ(reason_of_thread("P0: TLBI.aside1(x)"), "`TLBI.aside1(x)` cannot be expressed");
  EXPECT_EQ(reason_of_thread("P0: L:; CBNZ X0,L"), "loops cannot be expressed");
  EXPECT_EQ(reason_of_thread("P0: PTE(x):=pa1[XN]"), "permissions [XN] cannot be expressed");
  EXPECT_EQ(parse({"x->pa1", {"P0: X0=1"}, "0:X1=1"}).cannot,
            "the condition reads 0:X1, which nothing sets");
  EXPECT_EQ(parse({"x->INV", {"P0: X0=1"}, "*x=1"}).cannot, "*x in the condition is not mapped");
  EXPECT_EQ(
      parse({"x->pa1", {"P0:", "P1:", "P2:", "P3:", "P4:", "P5:", "P6:", "P7:", "P8:"}, "*x=0"})
          .cannot,
      "it has too many threads");
  std::string stores = "P0:";
  for (int i = 0; i < 40; ++i) stores += " PTE(x):=INV;";
  EXPECT_EQ(reason_of_thread(stores), "it stores too often to one entry");
}

}  // namespace
}  // namespace mmcheck::workload::vmsa

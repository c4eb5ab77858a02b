// SPDX-License-Identifier: Apache-2.0
// The exact words of every error: they are part of the interface.
#include <gtest/gtest.h>

#include "workload/dump.h"
#include "workload/errors_cases.h"

namespace mmcheck::workload {
namespace {

const std::string kInitial =
    "C t\n"
    "{ file f, 2 pages; process A { x = mmap(f, 2 pages, MAP_SHARED); }\n"
    "  process B { y = mmap(f, 1 page, MAP_SHARED); } flag = 0; spinlock_t l; }\n";

std::string in_process_thread(const std::string& statement) {
  return kInitial + "P0(A) {\n" + statement + "\n}\n";
}

std::string in_kernel_thread(const std::string& statement) {
  return kInitial + "P0(kernel) {\n" + statement + "\n}\n";
}

std::string after_threads(const std::string& ending) {
  return kInitial + "P0(A) { r0 = 0; }\n" + ending + "\n";
}

void expect_error(const std::string& text, const std::string& message) {
  try {
    parse_scenario(text, "f.litmus");
    ADD_FAILURE() << "no error in\n" << text;
  } catch (const InputError& error) {
    EXPECT_EQ(describe(error), "f.litmus:" + message) << text;
  }
}

TEST(Errors, WholeFiles) {
  for (const Case& test : kWholeFiles) {
    expect_error(test.input, test.message);
  }
}

TEST(Errors, Statements) {
  for (const Case& test : kStatements) {
    expect_error(in_process_thread(test.input), test.message);
  }
}

TEST(Errors, KernelStatements) {
  for (const Case& test : kKernelStatements) {
    expect_error(in_kernel_thread(test.input), test.message);
  }
}

TEST(Errors, Endings) {
  for (const Case& test : kEndings) {
    expect_error(after_threads(test.input), test.message);
  }
}

}  // namespace
}  // namespace mmcheck::workload

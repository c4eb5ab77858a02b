// SPDX-License-Identifier: Apache-2.0
// Inputs that are too large, too deep or too long: refused, quickly and without a deep stack.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>

#include "workload/dump.h"
#include "workload/parse_limits.h"

namespace mmcheck::workload {
namespace {

std::string repeated(std::size_t count, const std::function<std::string(std::size_t)>& part) {
  std::string result;
  for (std::size_t i = 0; i < count; ++i) {
    result += part(i);
  }
  return result;
}

std::string repeated(std::size_t count, const std::string& part) {
  return repeated(count, [&](std::size_t) { return part; });
}

/// "ok" or the error.
std::string outcome(const std::string& text) {
  try {
    parse_scenario(text, "f.litmus");
    return "ok";
  } catch (const InputError& error) {
    return describe(error);
  }
}

std::string in_initial(const std::string& text) {
  return fmt::format("C t\n{{\n{}\n}}\nP0() {{}}\n", text);
}
std::string in_thread(const std::string& text) {
  return fmt::format("C t\n{{}}\nP0() {{\n{}\n}}\n", text);
}

TEST(Limits, NumberOfDeclarations) {
  const auto files = [](std::size_t i) { return fmt::format("file f{};\n", i); };
  EXPECT_EQ(outcome(in_initial(repeated(kFilesMax, files))), "ok");
  EXPECT_EQ(outcome(in_initial(repeated(kFilesMax + 1, files))),
            "f.litmus:7:6: expected at most 4 files");
  const auto processes = [](std::size_t i) { return fmt::format("process p{};\n", i); };
  EXPECT_EQ(outcome(in_initial(repeated(kProcessesMax, processes))), "ok");
  EXPECT_EQ(outcome(in_initial(repeated(kProcessesMax + 1, processes))),
            "f.litmus:7:9: expected at most 4 processes");
  const auto variables = [](std::size_t i) { return fmt::format("v{};\n", i); };
  EXPECT_EQ(outcome(in_initial(repeated(kVariablesMax, variables))), "ok");
  EXPECT_EQ(outcome(in_initial(repeated(kVariablesMax + 1, variables))),
            "f.litmus:35:1: expected at most 32 variables");
  const auto mappings = [](std::size_t i) {
    return fmt::format("m{} = mmap(1 page, MAP_PRIVATE|MAP_ANONYMOUS);\n", i);
  };
  EXPECT_EQ(outcome(in_initial("process A {\n" + repeated(kMappingsMax, mappings) + "}")), "ok");
  EXPECT_EQ(outcome(in_initial("process A {\n" + repeated(kMappingsMax + 1, mappings) + "}")),
            "f.litmus:12:1: expected at most 8 mappings in a process");
}

TEST(Limits, NumberOfThreadsAndStatements) {
  const auto threads = [](std::size_t i) { return fmt::format("P{}() {{}}\n", i); };
  EXPECT_EQ(outcome("C t\n{}\n" + repeated(kThreadsMax, threads)), "ok");
  EXPECT_EQ(outcome("C t\n{}\n" + repeated(kThreadsMax + 1, threads)),
            "f.litmus:11:1: expected at most 8 threads");
  EXPECT_EQ(outcome(in_thread(repeated(kStatementsMax, "smp_mb();\n"))), "ok");
  EXPECT_EQ(outcome(in_thread(repeated(kStatementsMax + 1, "smp_mb();\n"))),
            "f.litmus:260:1: expected at most 256 statements in a thread");
  const auto registers = [](std::size_t i) { return fmt::format("r{} = 0;\n", i); };
  EXPECT_EQ(outcome(in_thread(repeated(kRegistersMax, registers))), "ok");
  EXPECT_EQ(outcome(in_thread(repeated(kRegistersMax + 1, registers))),
            "f.litmus:36:1: expected at most 32 local variables in a thread");
}

TEST(Limits, Lengths) {
  const std::string name(kNameLengthMax, 'n');
  EXPECT_EQ(outcome(in_initial(name + ";")), "ok");
  EXPECT_EQ(outcome(in_initial(name + "n;")),
            "f.litmus:3:1: expected the name of a variable of at most 32 characters, got 33");
  EXPECT_EQ(outcome("C t\n{}\nP0() \"" + name + "n\" {}\n"),
            "f.litmus:3:7: expected a title of at most 32 characters, got 33");
  EXPECT_EQ(outcome("C " + std::string(81, 't') + "\n{}\nP0() {}\n"),
            "f.litmus:1:3: expected a name of at most 80 characters, got 81");
  EXPECT_EQ(outcome(std::string(kFileBytesMax + 1, ' ')),
            "f.litmus:1:1: expected at most 65536 bytes, got 65537");
}

TEST(Limits, Depth) {
  const auto parentheses = [](std::size_t depth) {
    return in_thread("r0 = " + repeated(depth, "(") + "1" + repeated(depth, ")") + ";");
  };
  EXPECT_EQ(outcome(parentheses(kNestingMax - 2)), "ok");
  EXPECT_EQ(outcome(parentheses(kNestingMax)),
            "f.litmus:4:37: expected at most 32 levels of nesting here");
  EXPECT_EQ(outcome(in_thread(repeated(kNestingMax + 1, "{"))),
            "f.litmus:4:33: expected at most 32 levels of nesting here");
  EXPECT_EQ(outcome(in_thread(repeated(kNestingMax + 1, "if (1) {} else "))),
            "f.litmus:4:470: expected at most 32 levels of nesting here");
  EXPECT_EQ(outcome("C t\n{ x; }\nP0() {}\nexists " + repeated(40, "(") + "x=1"),
            "f.litmus:4:40: expected at most 32 levels of nesting here");
}

TEST(Limits, Operators) {
  EXPECT_EQ(outcome(in_thread("r0 = 1" + repeated(kOperatorsMax, "+1") + ";")), "ok");
  EXPECT_EQ(outcome(in_thread("r0 = 1" + repeated(kOperatorsMax + 1, "+1") + ";")),
            "f.litmus:4:6: expected at most 64 operators in an expression, got 65");
  EXPECT_EQ(outcome(in_thread("r0 = " + repeated(kOperatorsMax + 1, "!") + "1;")),
            "f.litmus:4:6: expected at most 64 operators in an expression, got 65");
  EXPECT_EQ(outcome(in_thread(repeated(kOperatorsMax + 1, "*") + "x = 1;")),
            "f.litmus:4:1: expected at most 64 operators in an expression, got 65");
  EXPECT_EQ(outcome("C t\n{ x; }\nP0() {}\nexists " + repeated(65, "~") + "x=1"),
            "f.litmus:4:8: expected at most 64 operators in a condition, got 65");
}

TEST(Limits, FullFilesOfOneSignEndSoon) {
  constexpr std::string_view kHeads[] = {"",
                                         "C t\n",
                                         "C t\n{",
                                         "C t\n{}\nP0() {",
                                         "C t\n{}\nP0() {r0=",
                                         "C t\n{}\nP0() {f(",
                                         "C t\n{}\nP0() {}\nexists ",
                                         "C t\n{}\nP0() {}\nexpect {"};
  constexpr std::string_view kFillers[] = {"(",      "{",
                                           "*",      "!",
                                           "~",      "-",
                                           "a",      "0",
                                           "(*",     "/*",
                                           "//\n",   "\n",
                                           ";",      "[",
                                           "f(",     "x=",
                                           "A:",     "\"",
                                           "if(1)",  "else ",
                                           "int a,", std::string_view("\0", 1),
                                           "\xff"};
  for (const std::string_view head : kHeads) {
    for (const std::string_view filler : kFillers) {
      std::string text(head);
      while (text.size() + filler.size() <= kFileBytesMax) {
        text += filler;
      }
      EXPECT_TRUE(outcome(text).starts_with("f.litmus:")) << head << filler;
    }
  }
}

TEST(Limits, FilesThatCannotBeRead) {
  try {
    load_scenario("catalog/no-such-file.litmus");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_EQ(
        describe(error),
        "catalog/no-such-file.litmus:0:0: expected a scenario file: No such file or directory");
  }
  EXPECT_THROW(load_scenario("catalog"), InputError);
}

}  // namespace
}  // namespace mmcheck::workload

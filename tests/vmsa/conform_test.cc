// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "cli/session.h"

namespace mmcheck::cli {
namespace {

using ::testing::HasSubstr;

struct Outcome {
  int exit_code = 0;
  std::string out;
  std::string err;
};

/// `mmcheck conform arm-vmsa` of a file with this text. FILE stands for its path in what comes out.
Outcome conform(const std::string& text, bool json = false) {
  std::string folder = (std::filesystem::temp_directory_path() / "mmcheck-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no temporary folder");
  const std::string path = folder + "/tests.json";
  std::ofstream(path) << text;
  const char* const arguments[] = {"mmcheck", "conform", "arm-vmsa", path.c_str(), "--json"};
  std::ostringstream out;
  std::ostringstream err;
  const ExitCode code = run(json ? 5 : 4, arguments, Console{.out = out, .err = err});
  std::filesystem::remove_all(folder);
  Outcome outcome{static_cast<int>(code), out.str(), err.str()};
  if (const std::size_t at = outcome.err.find(path); at != std::string::npos) {
    outcome.err.replace(at, path.size(), "FILE");
  }
  return outcome;
}

std::string published(const std::string& name, const std::string& verdict,
                      const std::string& conflict = "\"False\"") {
  return '"' + name + R"(": {"init": "x->pa1 ; pa1=7", "final": "0:X1=7",
  "threads": ["P0: PTE(x):=INV; X1=[x] {fault: X1=0; skip}"],
  "published": )" +
         verdict + R"(, "conflict": )" + conflict + "}";
}

TEST(Conform, ComparesWithThePublishedVerdict) {
  const Outcome outcome =
      conform("{" + published("a", "\"allowed\"") + "," + published("b", "\"\"") + "," +
              published("c", "\"forbidden\"", "true") + "}");
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.out,
            "test  published  own        result\n"
            "a     allowed    allowed    agree\n"
            "b     -          allowed    skipped: no published verdict\n"
            "c     forbidden  allowed    skipped: the published logs disagree\n"
            "agree 1, weaker 0, stronger 0, skipped 2\n");
  EXPECT_EQ(outcome.exit_code, 0);
}

TEST(Conform, WeakerIsNotMet) {
  const Outcome outcome = conform("{" + published("a", "\"forbidden\"") + "}");
  EXPECT_THAT(outcome.out, HasSubstr("agree 0, weaker 1, stronger 0, skipped 0\n"));
  EXPECT_EQ(outcome.exit_code, 1);
}

TEST(Conform, StrongerIsMet) {
  const Outcome outcome = conform(
      R"({"a": {"init": "x->INV", "final": "0:X1=9", "published": "allowed",
          "threads": ["P0: PTE(x):=pa1; X1=[x] {fault: X1=9; skip}"]}})");
  EXPECT_THAT(outcome.out, HasSubstr("agree 0, weaker 0, stronger 1, skipped 0\n"));
  EXPECT_EQ(outcome.exit_code, 0);
}

TEST(Conform, WhatCannotBeExpressedIsSkipped) {
  const Outcome outcome = conform(
      R"({"a": {"init": "x->pa1", "final": "*x=0", "published": "allowed",
          "threads": ["P0: WFE"]}})",
      true);
  EXPECT_EQ(outcome.out, R"({"test":"a","published":"allowed","own":null,"result":"skipped",)"
                         R"("reason":"`WFE` cannot be expressed"})"
                         "\n"
                         R"({"agree":0,"weaker":0,"stronger":0,"skipped":1})"
                         "\n");
  EXPECT_EQ(outcome.exit_code, 0);
}

TEST(Conform, BadFilesAreErrorsWithAPlace) {
  const auto error = [](const std::string& text) {
    const Outcome outcome = conform(text);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.out, "");
    return outcome.err;
  };
  EXPECT_EQ(error(""), "mmcheck: FILE:1:1: this is not JSON\n");
  EXPECT_EQ(error("{\n \"a\": }"), "mmcheck: FILE:2:7: this is not JSON\n");
  EXPECT_EQ(error("[]"), "mmcheck: FILE:1:1: expected an object: a test for each name\n");
  EXPECT_EQ(error("{\n\"a\": 1}"), "mmcheck: FILE:2: test 'a': expected an object\n");
  EXPECT_EQ(error(R"({"a": {"init": 5}})"),
            "mmcheck: FILE:1: test 'a': expected \"init\": a text\n");
  EXPECT_EQ(error(R"({"a": {"init": "", "final": "", "threads": "P0:"}})"),
            "mmcheck: FILE:1: test 'a': expected \"threads\": an array of texts\n");
  EXPECT_EQ(error("{" + published("a", "\"maybe\"") + "}"),
            "mmcheck: FILE:1: test 'a': expected \"published\": \"allowed\", \"forbidden\" or "
            "\"\"\n");
  EXPECT_EQ(error("{" + published("a", "null", "1") + "}"),
            "mmcheck: FILE:1: test 'a': expected \"conflict\": true or false\n");
  EXPECT_EQ(error(R"({"a": {"init": "", "final": "", "threads": ["X"]}})"),
            "mmcheck: FILE:1: test 'a': threads[0]: expected 'P0:', found 'X'\n");
  EXPECT_THAT(error(std::string(100, '[')), HasSubstr("mmcheck: FILE: nested too deeply\n"));
  EXPECT_THAT(error("{" + published("a", "null") + "," + published("a", "null") + "}"),
              HasSubstr("test 'a' stands there twice"));
}

TEST(Conform, UnknownSuitesAndFilesAreErrors) {
  std::ostringstream out;
  std::ostringstream err;
  const Console console{.out = out, .err = err};
  const char* const no_suite[] = {"mmcheck", "conform", "arm", "f"};
  EXPECT_EQ(static_cast<int>(run(4, no_suite, console)), 2);
  EXPECT_THAT(err.str(), HasSubstr("arm-vmsa"));
  err.str("");
  const char* const no_file[] = {"mmcheck", "conform", "arm-vmsa", "no-such-file.json"};
  EXPECT_EQ(static_cast<int>(run(4, no_file, console)), 2);
  EXPECT_EQ(err.str(), "mmcheck: no-such-file.json: cannot open the file\n");
}

}  // namespace
}  // namespace mmcheck::cli

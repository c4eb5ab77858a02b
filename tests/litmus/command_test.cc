// SPDX-License-Identifier: Apache-2.0
// `mmcheck litmus`: what it prints, how it exits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/session.h"

namespace mmcheck::cli {
namespace {

using ::testing::HasSubstr;

constexpr const char* kTest = R"(C SB+mine
{}
P0(int *x, int *y) { WRITE_ONCE(*x, 1); int r0 = READ_ONCE(*y); }
P1(int *x, int *y) { WRITE_ONCE(*y, 1); int r0 = READ_ONCE(*x); }
exists (0:r0=0 /\ 1:r0=0) (* a remark *)
)";
constexpr const char* kStates = R"(["1:r0=1; 0:r0=0", "0:r0=1; 1:r0=0;", "0:r0=1; 1:r0=1;"])";

struct Outcome {
  int exit_code = 0;
  std::string out;
  std::string err;
};

class LitmusCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = (std::filesystem::temp_directory_path() / "mmcheck-XXXXXX").string();
    if (mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("no temporary folder");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = std::filesystem::path(folder_) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path.string();
  }

  /// `mmcheck litmus` with these words. FOLDER stands for the folder in what comes out.
  Outcome litmus(const std::vector<std::string>& words) const {
    std::vector<const char*> arguments = {"mmcheck", "litmus"};
    for (const std::string& word : words) arguments.push_back(word.c_str());
    std::ostringstream out;
    std::ostringstream err;
    const ExitCode code =
        run(static_cast<int>(arguments.size()), arguments.data(), Console{.out = out, .err = err});
    return {static_cast<int>(code), without_folder(out.str()), without_folder(err.str())};
  }

 private:
  std::string without_folder(std::string text) const {
    for (std::size_t at = text.find(folder_); at != std::string::npos; at = text.find(folder_)) {
      text.replace(at, folder_.size(), "FOLDER");
    }
    return text;
  }

  std::string folder_;
};

TEST_F(LitmusCommand, PrintsWhatHerdPrints) {
  const Outcome outcome = litmus({write("a.litmus", kTest)});
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.out, R"(Test SB+mine Allowed
States 3
0:r0=0; 1:r0=1;
0:r0=1; 1:r0=0;
0:r0=1; 1:r0=1;
No
Witnesses
Positive: 0 Negative: 3
Condition exists (0:r0=0 /\ 1:r0=0)
Observation SB+mine Never 0 3

)");
  EXPECT_EQ(outcome.exit_code, 0);
}

TEST_F(LitmusCommand, OfNotExistsPositiveIsWhatTheConditionDoesNotHoldIn) {
  const std::string test =
      "C t\n{}\nP0(int *x) { *x = 1; }\nP1(int *x) { int r0 = *x; }\n~exists (1:r0=1)\n";
  EXPECT_EQ(litmus({write("a.litmus", test)}).out,
            "Test t Required\nStates 2\n1:r0=0;\n1:r0=1;\nNo\nWitnesses\nPositive: 1 Negative: 1\n"
            "Condition ~exists (1:r0=1)\nObservation t Sometimes 1 1\n\n");
}

TEST_F(LitmusCommand, SaysThatThereIsADeadlock) {
  const std::string test =
      "C t\n{}\nP0(spinlock_t *l) { spin_lock(l); spin_lock(l); int r0 = 1; }\nexists (0:r0=1)\n";
  EXPECT_THAT(litmus({write("a.litmus", test)}).out,
              HasSubstr("Deadlock: in some executions, which have no final state\n"));
}

TEST_F(LitmusCommand, PrintsJson) {
  const Outcome outcome = litmus({"--json", write("a.litmus", kTest)});
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json.at("test"), "SB+mine");
  EXPECT_EQ(json.at("memory"), "sc");
  EXPECT_EQ(json.at("states").size(), 3u);
  EXPECT_EQ(json.at("result"), "No");
  EXPECT_EQ(json.at("observation"), "Never");
  EXPECT_EQ(json.at("deadlock"), false);
}

TEST_F(LitmusCommand, ComparesWithStates) {
  const std::string a = write("a.litmus", kTest);
  const std::string b = write("b.litmus", kTest);
  const std::string c = write("c.litmus", kTest);
  const std::string d = write("d.litmus", kTest);
  const std::string expected = write(
      "states.json",
      std::string(R"({"suite/a.litmus": {"published": "Never", "sc": {"states": )") + kStates +
          R"(}}, "suite/b": {"sc": {"states": ["0:r0=0; 1:r0=0;", "0:r0=0; 1:r0=1;"]}},
              "c": {"published": "Sometimes"}})");
  const Outcome outcome = litmus({"--expect", expected, a, b, c, d});
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.out, R"(agree    SB+mine
differ   SB+mine
         missing: 0:r0=0; 1:r0=0;
         unexpected: 0:r0=1; 1:r0=0;
         unexpected: 0:r0=1; 1:r0=1;
skipped  SB+mine: no states for sc, and not published as never observed
skipped  SB+mine: the file has nothing on it
agree 1, differ 1, skipped 2
)");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(litmus({"--expect", expected, a}).exit_code, 0);
  EXPECT_THAT(litmus({"--json", "--expect", expected, b}).out,
              HasSubstr(R"({"agree":0,"differ":1,"skipped":0})"));
}

TEST_F(LitmusCommand, WhatIsPublishedAsNeverObservedMustNotBe) {
  const std::string test = "C t\n{}\nP0(int *x) { int r0 = *x; }\nexists (0:r0=0)\n";
  const std::string expected = write("states.json", R"({"a": {"published": "Never"}})");
  const Outcome outcome = litmus({"--expect", expected, write("a.litmus", test)});
  EXPECT_THAT(outcome.out, HasSubstr("differ   t: published as never observed\n"));
  EXPECT_EQ(outcome.exit_code, 1);
}

TEST_F(LitmusCommand, TellsTestsOfOneNameApartByTheirFolder) {
  const std::string expected = write("states.json", std::string(R"({"x86/a": {"sc": {"states": []}},
              "x86_64/a": {"sc": {"states": )") + kStates +
                                                        "}}}");
  EXPECT_EQ(litmus({"--expect", expected, write("x86_64/a.litmus", kTest)}).exit_code, 0);
  EXPECT_EQ(litmus({"--expect", expected, write("x86/a.litmus", kTest)}).exit_code, 1);
  const Outcome outcome = litmus({"--expect", expected, write("a.litmus", kTest)});
  EXPECT_THAT(outcome.err, HasSubstr("states.json:1: 'x86/a' and 'x86_64/a' may both be FOLDER"));
  EXPECT_EQ(outcome.exit_code, 2);
}

TEST_F(LitmusCommand, WrongInputIsSaidOnce) {
  Outcome outcome = litmus({write("a.litmus", "C t\n{}\nP0() { foo(); }\n")});
  EXPECT_EQ(outcome.err, "mmcheck: FOLDER/a.litmus:3:8: expected a known function, got 'foo'\n");
  EXPECT_EQ(outcome.exit_code, 2);
  outcome = litmus({"nowhere.litmus"});
  EXPECT_EQ(outcome.err,
            "mmcheck: nowhere.litmus: expected a litmus file: No such file or directory\n");
  EXPECT_EQ(outcome.exit_code, 2);
  const std::string test = write("a.litmus", kTest);
  outcome = litmus({"--expect", write("s.json", R"({"a": {"sc": {"states": 1}}})"), test});
  EXPECT_EQ(outcome.err,
            "mmcheck: FOLDER/s.json:1: test 'a': expected \"states\": an array of texts\n");
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(litmus({"--memory", "pso", test}).exit_code, 2);
  EXPECT_EQ(litmus({}).exit_code, 2);
}

}  // namespace
}  // namespace mmcheck::cli

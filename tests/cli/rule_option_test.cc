// SPDX-License-Identifier: Apache-2.0
// `--rule`: only violations of this rule are reported.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "run_cli.h"

namespace mmcheck::cli {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kBoth =
    "expect linux-6.1 violated R-FREE\n"
    "expect * held\n"
    "behave linux-6.1 violated R-FREE R-WRITE 37\n"
    "behave * held 5\n";

json first_line(const Outcome& outcome) {
  return json::parse(outcome.out.substr(0, outcome.out.find('\n')));
}

TEST(RuleOption, GoesOnPastViolationsOfOtherRules) {
  TemporaryCatalog catalog;
  catalog.add("a", kBoth);
  EXPECT_EQ(first_line(catalog.run({"check", "--json"}))["rule"], "R-FREE");
  EXPECT_EQ(first_line(catalog.run({"check", "--json"}))["only_rule"], nullptr);
  for (const char* command : {"check", "matrix"}) {
    const json write = first_line(catalog.run({command, "--json", "--rule", "R-WRITE"}));
    EXPECT_EQ(write["rule"], "R-WRITE") << command;
    EXPECT_EQ(write["only_rule"], "R-WRITE") << command;
  }
}

TEST(RuleOption, LeavesUndecidedWhatSpeaksOfOtherRules) {
  TemporaryCatalog catalog;
  catalog.add("a", kBoth);
  const Outcome outcome = catalog.run({"check", "a", "--rule", "write"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out,
            "a\n"
            "  linux-6.1  R-WRITE          37 executions\n"
            "  linux-6.2  held              5 executions  complete\n"
            "\n"
            "a on linux-6.1: R-WRITE broken at step 3, after 1 context switch\n"
            "(the search stops at the first, after 37 executions; this is the shortest of all "
            "42)\n"
            "\n"
            "     CPU0 munmap            CPU1 store   what changed\n"
            "  2  ptep_get_and_clear(x)               pte(x): page 1 -> none\n"
            "  3                         store x = 2  <-- R-WRITE broken: the store is lost\n"
            "why:       the flush comes too late\n"
            "replay:    mmcheck replay --rule R-WRITE 'a@linux-6.1:0*2.1'\n"
            "not shown: 1 minor step (--all-steps shows them)\n"
            "\n"
            "2 cells: 1 held, 1 violated; 42 executions\n"
            "only R-WRITE was watched\n"
            "2 expectations are undecided: other rules would have to be watched\n");
  EXPECT_EQ(first_line(catalog.run({"check", "--json", "--rule", "R-WRITE"}))["met"], nullptr);
  EXPECT_EQ(first_line(catalog.run({"check", "--json", "--rule", "R-FREE"}))["met"], true);
}

TEST(RuleOption, StillFailsWhereTheFileSaysOtherwiseOrNothing) {
  TemporaryCatalog catalog;
  catalog.add("found", "expect * held\nbehave * violated R-WRITE 5\n");
  catalog.add("missed", "expect * violated R-WRITE\nbehave * violated R-FREE 5\n");
  catalog.add("none", "behave * violated R-WRITE 5\n");
  for (const char* name : {"found", "missed", "none"}) {
    EXPECT_EQ(catalog.run({"check", name, "--rule", "R-WRITE"}).exit_code, 1) << name;
  }
}

TEST(RuleOption, DoesNotSilenceWhatTheExplorerFindsItself) {
  TemporaryCatalog catalog;
  catalog.add("a", "behave * violated R-LIVE 5\n");
  EXPECT_EQ(first_line(catalog.run({"check", "--json", "--rule", "R-FREE"}))["rule"], "R-LIVE");
}

TEST(RuleOption, SpeaksOfThisRuleOnlyWhereItWasNotExercised) {
  TemporaryCatalog catalog;
  catalog.add("a", "behave * held 5\n");
  const auto vacuous = [&](const char* rule) {
    return first_line(catalog.run({"check", "--json", "--rule", rule}))["vacuous"];
  };
  EXPECT_THAT(vacuous("R-FREE"), ElementsAre("R-FREE"));
  EXPECT_THAT(vacuous("R-WRITE"), IsEmpty());
}

TEST(RuleOption, IsPassedOnInHints) {
  TemporaryCatalog catalog;
  catalog.add("a", kBoth);
  const std::string matrix = catalog.run({"matrix", "--rule", "R-FREE"}).out;
  EXPECT_THAT(matrix, HasSubstr("replay:    mmcheck replay --rule R-FREE 'a@linux-6.1:0*2.1'\n"));
  EXPECT_THAT(matrix, HasSubstr("  mmcheck check a --rule R-FREE   "));
  EXPECT_THAT(matrix, HasSubstr("\nonly R-FREE was watched\n"));
  EXPECT_THAT(catalog.run({"check", "--rule", "R-FREE"}).out,
              HasSubstr("`mmcheck check SCENARIO --rule R-FREE` shows"));
  EXPECT_THAT(catalog.run({"matrix"}).out, Not(HasSubstr("--rule")));
  EXPECT_THAT(catalog.run({"matrix"}).out, Not(HasSubstr("was watched")));
}

TEST(RuleOption, OfReplayGoesOnPastViolationsOfOtherRules) {
  TemporaryCatalog catalog;
  catalog.add("a", kBoth);
  const std::string target = "a@linux-6.1:0*2.1";
  EXPECT_THAT(catalog.run({"replay", target}).out, HasSubstr("<-- R-FREE broken"));
  const Outcome write = catalog.run({"replay", target, "--rule", "write"});
  EXPECT_EQ(write.exit_code, 0);  // the file expects R-FREE: not judged
  EXPECT_THAT(write.out, testing::StartsWith("a on linux-6.1 (only R-WRITE was watched)\n\n"));
  EXPECT_THAT(write.out, HasSubstr("<-- R-WRITE broken"));
  EXPECT_EQ(first_line(catalog.run({"replay", "--json", target}))["only_rule"], nullptr);
  const json trace = first_line(catalog.run({"replay", "--json", target, "--rule", "R-WRITE"}));
  EXPECT_EQ(trace["only_rule"], "R-WRITE");
  EXPECT_EQ(trace["violation"]["rule"], "R-WRITE");
}

TEST(RuleOption, OfReplayNamesTheRuleThatIsNotBroken) {
  TemporaryCatalog catalog;
  catalog.add("a", "expect * violated R-FREE\nbehave * violated R-FREE 5\n");
  const Outcome outcome = catalog.run({"replay", "a@linux-6.1:0", "--rule", "R-WRITE"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("verdict:   R-WRITE is not broken in this execution\n"));
}

TEST(RuleOption, OfReplayExitsWith1WhereTheFileDoesNotExpectIt) {
  TemporaryCatalog catalog;
  catalog.add("held", "expect * held\nbehave * violated R-FREE R-WRITE 5\n");
  catalog.add("none", "behave * violated R-FREE R-WRITE 5\n");
  for (const char* target : {"held@linux-6.1:0", "none@linux-6.1:0"}) {
    EXPECT_EQ(catalog.run({"replay", target, "--rule", "R-WRITE"}).exit_code, 1) << target;
  }
}

TEST(RuleOption, SuggestsANearName) {
  TemporaryCatalog catalog;
  catalog.add("a", kBoth);
  const std::vector<std::vector<std::string>> lines = {
      {"check"}, {"matrix"}, {"replay", "a@linux-6.1:0"}};
  for (std::vector<std::string> line : lines) {
    line.insert(line.end(), {"--rule", "R-WRIT"});
    const Outcome outcome = catalog.run(line);
    EXPECT_EQ(outcome.exit_code, 2) << line[0];
    EXPECT_EQ(outcome.err,
              "mmcheck: unknown rule 'R-WRIT' (did you mean 'R-WRITE'?); `mmcheck rules` names "
              "them\n")
        << line[0];
  }
}

// `--memory`: the report says which model was searched, and so does the replay line.
TEST(MemoryOption, IsNamedWhereTheVerdictIs) {
  TemporaryCatalog catalog;
  catalog.add("a", kBoth);
  EXPECT_EQ(first_line(catalog.run({"check", "--json"}))["memory"], "sc");
  EXPECT_EQ(first_line(catalog.run({"matrix", "--json", "--memory", "tso"}))["memory"], "tso");
  const std::string out = catalog.run({"check", "a", "--memory", "tso"}).out;
  EXPECT_THAT(out, HasSubstr("complete (tso)"));
  EXPECT_THAT(out, HasSubstr("replay --memory tso 'a@linux-6.1:"));
  EXPECT_THAT(out, HasSubstr("\nmemory: tso\n"));
  EXPECT_THAT(catalog.run({"check", "a", "--memory", "sc"}).out, Not(HasSubstr("memory")));
  EXPECT_EQ(catalog.run({"check", "a", "--memory", "pso"}).exit_code, 2);
}

}  // namespace
}  // namespace mmcheck::cli

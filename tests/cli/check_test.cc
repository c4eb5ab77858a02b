// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "run_cli.h"

namespace mmcheck::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

std::vector<json> json_lines(const std::string& text) {
  std::vector<json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
  return lines;
}

TEST(CheckCommand, ShowsVerdictsThenCounterexamples) {
  TemporaryCatalog catalog;
  catalog.add("munmap+store", kRace);
  const Outcome outcome = catalog.run({"check", "munmap+store"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.out,
            "munmap+store\n"
            "  linux-6.1  R-WRITE          37 executions\n"
            "  linux-6.2  held           2184 executions  complete; not exercised: R-FREE\n"
            "\n"
            "munmap+store on linux-6.1: R-WRITE broken at step 3, after 1 context switch\n"
            "(the search stops at the first, after 37 executions; this is the shortest of all "
            "42)\n"
            "\n"
            "     CPU0 munmap            CPU1 store   what changed\n"
            "  2  ptep_get_and_clear(x)               pte(x): page 1 -> none\n"
            "  3                         store x = 2  <-- R-WRITE broken: the store is lost\n"
            "why:       the flush comes too late\n"
            "replay:    mmcheck replay 'munmap+store@linux-6.1:0*2.1'\n"
            "not shown: 1 minor step (--all-steps shows them)\n"
            "\n"
            "2 cells: 1 held, 1 violated; 2221 executions\n"
            "every expectation is met\n"
            "never exercised, so nothing is said about them: R-FREE\n");
}

TEST(CheckCommand, OfTheWholeCatalogShowsOnlyWhatWasNotExpected) {
  TemporaryCatalog catalog;
  catalog.add("a", kRace);
  catalog.add("b", "behave linux-6.2 violated R-FREE 3\n");
  const Outcome outcome = catalog.run({"check"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.out, Not(HasSubstr("a on linux-6.1:")));
  EXPECT_THAT(outcome.out, HasSubstr("b on linux-6.2: R-FREE broken"));
  EXPECT_THAT(outcome.out, HasSubstr("shows the expected counterexamples too"));
}

TEST(CheckCommand, ExitsWith0WhereExpectationsAreMetOrThereIsNone) {
  TemporaryCatalog catalog;
  catalog.add("met", kRace);
  catalog.add("none", "behave * held 5\n");
  EXPECT_EQ(catalog.run({"check"}).exit_code, 0);
  EXPECT_EQ(json_lines(catalog.run({"check", "none", "--json"}).out)[0]["met"], nullptr);
}

TEST(CheckCommand, ExitsWith1WhereAnExpectationIsNotMet) {
  TemporaryCatalog catalog;
  catalog.add("found", "expect * held\nbehave * violated R-FREE 5\n");
  catalog.add("missed", "expect * violated R-FREE\nbehave * held 5\n");
  catalog.add("other", "expect * violated R-FREE\nbehave * violated R-WRITE 5\n");
  for (const char* name : {"found", "missed", "other"}) {
    EXPECT_EQ(catalog.run({"check", name}).exit_code, 1) << name;
  }
  EXPECT_THAT(catalog.run({"check", "found"}).out, HasSubstr("<-- expected: held"));
  EXPECT_THAT(catalog.run({"check", "missed"}).out, HasSubstr("<-- expected: R-FREE"));
}

TEST(CheckCommand, ExitsWith1WhereARuleIsBrokenOfWhichTheFileSaysNothing) {
  TemporaryCatalog catalog;
  catalog.add("none", "behave * violated R-FREE 5\n");
  const Outcome outcome = catalog.run({"check", "none", "--json"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(json_lines(outcome.out)[0]["met"], nullptr);
  EXPECT_EQ(json_lines(outcome.out)[0]["expected"], nullptr);
}

TEST(CheckCommand, ExitsWith3WhereCompletenessIsAskedForAndNotReached) {
  TemporaryCatalog catalog;
  catalog.add("a", "expect * held\nbehave * held 100\n");
  const std::vector<std::string> cut = {"check", "--max-executions", "10"};
  EXPECT_EQ(catalog.run(cut).exit_code, 0);
  EXPECT_EQ(catalog.run({"check", "--max-executions", "10", "--require-complete"}).exit_code, 3);
  EXPECT_EQ(catalog.run({"check", "--max-executions", "100", "--require-complete"}).exit_code, 0);
  EXPECT_EQ(
      json_lines(catalog.run({"check", "--max-executions", "10", "--json"}).out)[0]["verdict"],
      "incomplete");
}

TEST(CheckCommand, AnUnmetExpectationOutweighsIncompleteness) {
  TemporaryCatalog catalog;
  catalog.add("a", "expect * violated R-FREE\nbehave * violated R-FREE 100\n");
  EXPECT_EQ(catalog.run({"check", "--max-executions", "10", "--require-complete"}).exit_code, 1);
}

TEST(CheckCommand, ExitsWith2OnInputThatCannotBeChecked) {
  TemporaryCatalog catalog;
  const std::string path = catalog.add("a", "behave * unsupported\n");
  const Outcome unsupported = catalog.run({"check", "a"});
  EXPECT_EQ(unsupported.exit_code, 2);
  EXPECT_EQ(unsupported.err, "mmcheck: " + path + ":3:5: the model has no huge pages\n");
  catalog.add("b", "nonsense\n");
  EXPECT_EQ(catalog.run({"check", "b"}).err,
            "mmcheck: " + catalog.directory() + "/b.litmus:2:1: expected 'name'\n");
  EXPECT_EQ(catalog.run({"check", "nofile.litmus"}).err,
            "mmcheck: nofile.litmus: cannot open the file\n");
}

TEST(CheckCommand, ExitsWith4OnAnErrorOfItsOwn) {
  TemporaryCatalog catalog;
  catalog.add("a", "behave * internal\n");
  const Outcome outcome = catalog.run({"check", "a"});
  EXPECT_EQ(outcome.exit_code, 4);
  EXPECT_EQ(outcome.err, "mmcheck: internal error: the fake is broken\n");
}

TEST(CheckCommand, ResultsDoNotDependOnTheNumberOfJobs) {
  TemporaryCatalog catalog;
  for (int i = 0; i < 24; ++i) {
    catalog.add("s" + std::to_string(100 + i),
                i % 3 == 0 ? kRace : "behave * held " + std::to_string(97 - i) + "\n");
  }
  catalog.add("s999", "behave * unsupported\n");
  const Outcome one = catalog.run({"check", "-j", "1"});
  EXPECT_EQ(one.exit_code, 2);
  EXPECT_THAT(one.out, HasSubstr("s123"));
  for (const char* jobs : {"2", "7", "64"}) {
    const Outcome many = catalog.run({"check", "-j", jobs});
    EXPECT_EQ(many.out, one.out) << jobs;
    EXPECT_EQ(many.err, one.err) << jobs;
    EXPECT_EQ(many.exit_code, one.exit_code) << jobs;
  }
}

TEST(CheckCommand, TakesScenariosOnceAndDesignsInTheOrderOfTheMatrix) {
  TemporaryCatalog catalog;
  catalog.add("a", kRace);
  const auto lines = json_lines(catalog
                                    .run({"check", "a", "a", "--json", "--design", "linux-6.2",
                                          "--design", "linux-6.1", "--design", "linux-6.2"})
                                    .out);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["design"], "linux-6.1");
  EXPECT_EQ(lines[1]["design"], "linux-6.2");
}

TEST(CheckCommand, ChecksMutationsOnlyWhereAsked) {
  TemporaryCatalog catalog;
  catalog.add("a", "expect * held\nbehave linux-6.12/no-flush violated R-WRITE 2\n");
  EXPECT_EQ(json_lines(catalog.run({"check", "--json"}).out).size(), 2u);
  const Outcome all = catalog.run({"check", "--json", "--mutations"});
  EXPECT_EQ(json_lines(all.out).size(), 3u);
  // `expect *` does not speak of mutations, which are wrong on purpose.
  EXPECT_EQ(json_lines(all.out)[2]["expected"], nullptr);
  EXPECT_EQ(all.exit_code, 0);
  EXPECT_EQ(
      json_lines(catalog.run({"check", "--json", "--design", "linux-6.12/no-flush"}).out).size(),
      1u);
}

TEST(CheckCommand, RefusesAnExpectationOfADesignThatDoesNotExist) {
  TemporaryCatalog catalog;
  catalog.add("a", "expect linux-6.21 held\n");
  const Outcome outcome = catalog.run({"check"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("unknown design 'linux-6.21' (did you mean"));
}

TEST(CheckCommand, ChecksTheMutationsThatAScenarioNames) {
  TemporaryCatalog catalog;
  catalog.add("a", "expect * held\n");
  catalog.add("b",
              "expect * held\nexpect linux-6.12/no-flush violated R-WRITE\n"
              "behave linux-6.12/no-flush violated R-WRITE 2\n");
  const Outcome outcome = catalog.run({"check", "--json"});
  const auto lines = json_lines(outcome.out);
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[4]["scenario"], "b");
  EXPECT_EQ(lines[4]["design"], "linux-6.12/no-flush");
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(json_lines(catalog.run({"check", "--json", "--design", "linux-6.2"}).out).size(), 2u);

  const std::string matrix = catalog.run({"matrix"}).out;
  EXPECT_THAT(matrix, HasSubstr("under the scenarios that name them"));
  EXPECT_THAT(matrix, HasSubstr("linux-6.12/no-flush  R-WRITE       2  b\n"));

  catalog.add("c",
              "expect linux-6.12/no-flush violated R-FREE\n"
              "behave linux-6.12/no-flush violated R-WRITE 2\n");
  EXPECT_EQ(catalog.run({"check"}).exit_code, 1);
}

TEST(CheckCommand, ReportsTheStopSearchAndTheMinimisedSchedule) {
  TemporaryCatalog catalog;
  const std::string path = catalog.add("a", kRace);
  json first = json_lines(catalog.run({"check", path, "--json", "--first"}).out)[0];
  EXPECT_EQ(first["executions"], 37);
  EXPECT_EQ(first["counterexample"]["minimality"], "first");
  json shortest = json_lines(catalog.run({"check", path, "--json"}).out)[0];
  EXPECT_EQ(shortest["executions"], 37);
  EXPECT_EQ(shortest["counterexample"]["minimality"], "shortest");
  EXPECT_EQ(shortest["schedule"], "0*2.1");
  EXPECT_EQ(shortest["replay"], path + "@linux-6.1:0*2.1");
}

TEST(CheckCommand, NamesTheSampleOfTheRandomStrategy) {
  TemporaryCatalog catalog;
  catalog.add("a", "behave * held 5\n");
  const std::vector<std::string> random = {"check", "--strategy", "random", "--seed", "7"};
  const Outcome outcome = catalog.run(random);
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("a random sample (seed 7)"));
  const auto lines =
      json_lines(catalog.run({"check", "--strategy", "random", "--seed", "7", "--json"}).out);
  EXPECT_EQ(lines[0]["verdict"], "sampled");
  EXPECT_EQ(lines[0]["seed"], 7);
  EXPECT_EQ(lines[0]["bounds"]["executions_max"], 10'000);
  EXPECT_EQ(lines[0]["sample"]["classes"], 7);
  EXPECT_EQ(lines[0]["sample"]["schedules"], 212'345);
  EXPECT_EQ(lines[0]["sample"]["guarantee"], nullptr);
}

TEST(CheckCommand, SaysThatASearchWasBoundedOrASample) {
  TemporaryCatalog catalog;
  catalog.add("a", "expect * held\nbehave * held 5\n");
  const auto run = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"check", "--design", "linux-6.2", "--strategy"});
    const Outcome outcome = catalog.run(options);
    EXPECT_EQ(outcome.exit_code, 0);
    options.emplace_back("--require-complete");
    EXPECT_EQ(catalog.run(options).exit_code, 3);
    EXPECT_THAT(outcome.out, Not(HasSubstr("complete")));
    EXPECT_THAT(outcome.out, Not(HasSubstr("exhaust")));
    return outcome.out;
  };
  EXPECT_EQ(
      run({"bounded", "--preemptions", "1"}),
      "a\n"
      "  linux-6.2  held, bounded        5 executions  all schedules with at most 1 preemption; "
      "not\n"
      "                                                exercised: R-FREE\n"
      "\n"
      "1 cell: 0 held, 0 violated, 1 bounded; 5 executions\n"
      "1 expectation is undecided: the search was bounded\n"
      "bounded: what takes more than 1 preemption was not searched\n"
      "never exercised, so nothing is said about them: R-FREE\n");
  EXPECT_THAT(run({"random"}),
              HasSubstr("random walks: 7 classes seen of about 8 or more;\n"
                        "                                                about 2.1e5 schedules in "
                        "all (+- 3.1e4); not\n"));
  EXPECT_THAT(
      run({"pct", "--depth", "4"}),
      HasSubstr("PCT: 7 classes seen of about 8 or more; finds a bug\n"
                "                                                of depth 4 with probability "
                "2.0e-4 or more, 0.123 in\n"));
}

}  // namespace
}  // namespace mmcheck::cli

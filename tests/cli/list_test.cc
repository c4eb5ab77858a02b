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
using testing::StartsWith;

TEST(ListCommand, ShowsTheFirstSentenceOfEachComment) {
  TemporaryCatalog catalog;
  catalog.add("b+c", "comment The race of linux-6.1, found in 2022. It took long.\n");
  catalog.add("a", "");
  EXPECT_EQ(catalog.run({"list"}).out, "a\nb+c  The race of linux-6.1, found in 2022\n");
}

TEST(ListCommand, GivesALineOfJsonPerScenario) {
  TemporaryCatalog catalog;
  const std::string path = catalog.add("a", "expect linux-6.1 violated R-WRITE\nexpect * held\n");
  const Outcome outcome = catalog.run({"list", "--json"});
  const json line = json::parse(outcome.out);
  EXPECT_EQ(line["schema"], "mmcheck.scenario/1");
  EXPECT_EQ(line["scenario"], "a");
  EXPECT_EQ(line["file"], path);
  EXPECT_EQ(line["expectations"][0]["rule"], "R-WRITE");
  EXPECT_EQ(line["expectations"][1]["rule"], nullptr);
}

TEST(DesignsCommand, ListsDesignsAndMutations) {
  const Outcome outcome = run_cli({"designs"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("linux-6.1            removes the rmap before the flush\n"));
  EXPECT_THAT(outcome.out, HasSubstr("linux-6.12/no-flush  drops the flush\n"));
  std::istringstream lines(run_cli({"designs", "--json"}).out);
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(json::parse(line)["kind"], "design");
}

TEST(RulesCommand, ListsRules) {
  const std::string rules = run_cli({"rules"}).out;
  EXPECT_THAT(rules, StartsWith("R-WRITE   no store is lost\nR-FREE    no translation survives\n"));
  EXPECT_THAT(rules, HasSubstr("\nmodel:    docs/model.md lists the functions of Linux"));
  EXPECT_THAT(run_cli({"rules", "--json"}).out, HasSubstr("\"upheld_by\":\"the flush\""));
}

TEST(ExplainCommand, TakesTheNameInAnyCase) {
  const Outcome outcome = run_cli({"explain", "R-WRITE"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out,
            "R-WRITE:   no store is lost\n"
            "why:       data would be lost\n"
            "upheld by: the flush\n"
            "page:      docs/rules/R-WRITE.md\n"
            "mutation:  linux-6.12/no-flush drops that step\n"
            "see it:    mmcheck check --design linux-6.12/no-flush\n");
  EXPECT_EQ(run_cli({"explain", "write"}).out, outcome.out);
}

TEST(ExplainCommand, SuggestsANearName) {
  const Outcome outcome = run_cli({"explain", "R-WRITES"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.err,
            "mmcheck: unknown rule 'R-WRITES' (did you mean 'R-WRITE'?); `mmcheck rules` names "
            "them\n");
}

}  // namespace
}  // namespace mmcheck::cli

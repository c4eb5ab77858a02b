// SPDX-License-Identifier: Apache-2.0
// Hints name the program as the user called it: ./run is not in anybody's PATH.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "run_cli.h"

namespace mmcheck::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kRaceOf61 =
    "expect linux-6.1 violated R-WRITE\n"
    "behave linux-6.1 violated R-WRITE 37\n"
    "behave * held 2184\n";

TEST(Program, IsNamedInEveryHintAsItWasCalled) {
  TemporaryCatalog catalog;
  catalog.add("munmap+store", kRaceOf61);
  const std::vector<std::vector<std::string>> lines = {
      {"matrix"},
      {"check"},
      {"check", "munmap+store"},
      {"check", "nothing"},
      {"check", "--design", "nothing"},
      {"check", "--rule", "nothing"},
      {"explain", "R-WRITE"},
      {"explain", "nothing"},
      {"replay", "nothing@linux-6.1:0"},
      {"replay", "munmap+store@nothing:0"},
      {"nothing"},
      {"--help"},
      {"check", "--help"},
  };
  for (const std::vector<std::string>& line : lines) {
    const Outcome outcome = catalog.run(line, "./run");
    EXPECT_THAT(outcome.out + outcome.err, HasSubstr("./run ")) << line[0];
    EXPECT_THAT(outcome.out + outcome.err, Not(HasSubstr("mmcheck "))) << line[0];
  }
}

TEST(Program, IsNamedInTheReplayLineAndWhereToGoNext) {
  TemporaryCatalog catalog;
  catalog.add("munmap+store", kRaceOf61);
  const std::string matrix = catalog.run({"matrix"}, "./run").out;
  EXPECT_THAT(matrix, HasSubstr("\nreplay:    ./run replay 'munmap+store@linux-6.1:0*2.1'\n"));
  EXPECT_THAT(matrix,
              HasSubstr("\nnext:\n"
                        "  ./run check munmap+store                              this scenario "
                        "under every design\n"
                        "  ./run explain R-WRITE                                 the rule, "));
  EXPECT_THAT(catalog.run({"check"}, "./run").out,
              HasSubstr("\n`./run check SCENARIO` shows the expected counterexamples too\n"));
}

TEST(Program, WithALongNameKeepsTheHintsApartAndWithinAHundredCharacters) {
  TemporaryCatalog catalog;
  catalog.add("munmap+store", kRaceOf61);
  const std::string program = "/opt/kernel-tools/with/a/long/path/mmcheck";
  EXPECT_THAT(catalog.run({"matrix"}, program).out,
              HasSubstr("  " + program + " check munmap+store  this scenario under every design\n" +
                        "  " + program + " explain R-WRITE     the rule, why it is one, what\n" +
                        std::string(65, ' ') + "upholds it\n"));
}

TEST(Program, IsQuotedWhereItsNameHasBlanks) {
  TemporaryCatalog catalog;
  catalog.add("munmap+store", kRaceOf61);
  EXPECT_THAT(catalog.run({"check", "munmap+store"}, "my tools/run").out,
              HasSubstr("replay:    'my tools/run' replay 'munmap+store@linux-6.1:0*2.1'\n"));
  EXPECT_THAT(catalog.run({"explain", "write"}, "my tools/run").out,
              HasSubstr("see it:    'my tools/run' check --design linux-6.12/no-flush\n"));
  EXPECT_THAT(run_cli({"--help"}, "my tools/run").out, HasSubstr("Usage: 'my tools/run' "));
}

TEST(Program, WithoutANameIsMmcheck) {
  EXPECT_THAT(run_cli({"--help"}, "").out, HasSubstr("Usage: mmcheck "));
}

TEST(Program, DoesNotChangeThePrefixOfErrorsNorTheVersionNorTheJson) {
  TemporaryCatalog catalog;
  catalog.add("a", "behave * held 5\n");
  EXPECT_EQ(catalog.run({"chek"}, "./run").err,
            "mmcheck: unknown command 'chek' (did you mean 'check'?)\n"
            "mmcheck: `./run --help` and `./run COMMAND --help` tell the usage\n");
  EXPECT_THAT(run_cli({"--version"}, "./run").out, testing::StartsWith("mmcheck "));
  EXPECT_EQ(run_cli({"rules", "--json"}, "./run").out, run_cli({"rules", "--json"}).out);
  EXPECT_THAT(catalog.run({"check", "--json"}, "./run").out, Not(HasSubstr("./run")));
}

}  // namespace
}  // namespace mmcheck::cli

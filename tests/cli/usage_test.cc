// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <new>
#include <sstream>

#include "base/error.h"
#include "cli/session.h"
#include "run_cli.h"

namespace mmcheck::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(Usage, HelpAndVersionExitWith0) {
  const Outcome help = run_cli({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* command :
       {"matrix", "check", "list", "designs", "rules", "replay", "explain", "Exit codes: 0"}) {
    EXPECT_THAT(help.out, HasSubstr(command));
  }
  EXPECT_EQ(run_cli({"check", "--help"}).exit_code, 0);
  EXPECT_THAT(run_cli({"check", "--help"}).out, HasSubstr("--require-complete"));
  EXPECT_THAT(run_cli({"--version"}).out, StartsWith("mmcheck "));
}

TEST(Usage, MistakesExitWith2AndSayWhich) {
  const auto error = [](const std::vector<std::string>& arguments) {
    const Outcome outcome = run_cli(arguments);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, HasSubstr("`mmcheck --help`"));
    return outcome.err.substr(0, outcome.err.find('\n'));
  };
  EXPECT_EQ(error({}), "mmcheck: A subcommand is required");
  EXPECT_EQ(error({"chek"}), "mmcheck: unknown command 'chek' (did you mean 'check'?)");
  EXPECT_EQ(error({"--catalog", "dir", "frobnicate"}), "mmcheck: unknown command 'frobnicate'");
  EXPECT_EQ(error({"check", "--bogus"}),
            "mmcheck: The following argument was not expected: --bogus");
  EXPECT_EQ(error({"check", "--max-executions", "0"}),
            "mmcheck: --max-executions: '0' is not a number of at least 1");
  EXPECT_EQ(error({"check", "--max-executions", "-3"}),
            "mmcheck: --max-executions: '-3' is not a number of at least 1");
  EXPECT_EQ(error({"check", "-j", "many"}),
            "mmcheck: --jobs: 'many' is not a number of at least 1");
  EXPECT_EQ(error({"check", "--strategy", "best"}),
            "mmcheck: --strategy: best not in {dpor,naive,bounded,pct,random,stateful}");
  EXPECT_EQ(error({"check", "--strategy", "pct", "--depth", "0"}),
            "mmcheck: --depth: '0' is not a number of at least 1");
  EXPECT_EQ(error({"explain"}), "mmcheck: rule is required");
}

TEST(Usage, OptionsThatTheStrategyHasNoUseForExitWith2) {
  TemporaryCatalog catalog;
  catalog.add("a", "behave * held 5\n");
  const auto error = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "matrix");
    const Outcome matrix = catalog.run(arguments);
    arguments[0] = "check";
    const Outcome check = catalog.run(arguments);
    EXPECT_EQ(check.exit_code, 2);
    EXPECT_EQ(check.out, "");
    EXPECT_EQ(matrix.exit_code, 2);
    EXPECT_EQ(matrix.err, check.err);
    return check.err;
  };
  EXPECT_EQ(error({"--preemptions", "2"}),
            "mmcheck: --preemptions is for --strategy bounded; this search is dpor\n");
  EXPECT_EQ(error({"--strategy", "random", "--depth", "3"}),
            "mmcheck: --depth is for --strategy pct; this search is random\n");
  EXPECT_EQ(error({"--strategy", "bounded", "--seed", "3"}),
            "mmcheck: --seed is for --strategy pct or random; this search is bounded\n");
  EXPECT_EQ(error({"--strategy", "bounded", "--preemptions", "251"}),
            "mmcheck: --preemptions: 251 is more than 250\n");
  EXPECT_EQ(error({"--strategy", "pct", "--depth", "21"}),
            "mmcheck: --depth: 21 is more than 20\n");
}

TEST(Usage, UnknownNamesExitWith2AndASuggestion) {
  TemporaryCatalog catalog;
  catalog.add("munmap+store", "");
  const Outcome design = catalog.run({"check", "--design", "linux-6.11"});
  EXPECT_EQ(design.exit_code, 2);
  EXPECT_EQ(design.err,
            "mmcheck: unknown design 'linux-6.11' (did you mean 'linux-6.1'?); `mmcheck designs` "
            "names them\n");
  const Outcome scenario = catalog.run({"check", "munmap+stor"});
  EXPECT_EQ(scenario.exit_code, 2);
  EXPECT_EQ(scenario.err,
            "mmcheck: unknown scenario 'munmap+stor' (did you mean 'munmap+store'?); `mmcheck "
            "list` names them\n");
}

TEST(Usage, OutputThatCannotBeWrittenIsAnError) {
  std::ostringstream out;
  std::ostringstream err;
  out.setstate(std::ios::badbit);
  const char* const argv[] = {"mmcheck", "rules"};
  EXPECT_EQ(run(2, argv, {.out = out, .err = err}), ExitCode::Usage);
  EXPECT_EQ(err.str(), "mmcheck: cannot write to standard output\n");
}

template <typename Error>
std::pair<ExitCode, std::string> reported(const Error& error) {
  std::ostringstream err;
  try {
    throw error;
  } catch (...) {
    const ExitCode code = report_current_exception(err);
    return {code, err.str()};
  }
}

TEST(Errors, AreOneLineWithTheirPlace) {
  using Reported = std::pair<ExitCode, std::string>;
  EXPECT_EQ(reported(InputError({"a.litmus", 3, 7}, "expected ';'")),
            Reported(ExitCode::Usage, "mmcheck: a.litmus:3:7: expected ';'\n"));
  EXPECT_EQ(reported(InputError({"a.litmus", 3, 0}, "expected ';'")),
            Reported(ExitCode::Usage, "mmcheck: a.litmus:3: expected ';'\n"));
  EXPECT_EQ(reported(InputError("no such thing")),
            Reported(ExitCode::Usage, "mmcheck: no such thing\n"));
  EXPECT_EQ(reported(InternalError("lost a thread")),
            Reported(ExitCode::Internal, "mmcheck: internal error: lost a thread\n"));
  EXPECT_EQ(reported(std::bad_alloc()), Reported(ExitCode::Internal, "mmcheck: out of memory\n"));
  EXPECT_EQ(reported(7), Reported(ExitCode::Internal,
                                  "mmcheck: internal error: an exception of unknown type\n"));
}

}  // namespace
}  // namespace mmcheck::cli

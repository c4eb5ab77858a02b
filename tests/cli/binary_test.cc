// SPDX-License-Identifier: Apache-2.0
// Runs the program as users do, with the explorer, the model and the catalog. MMCHECK_BINARY is its
// path.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

namespace mmcheck {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

struct Ended {
  int exit_code = -1;
  std::string out;
};

/// The command goes to a shell: it may redirect and pipe.
Ended shell(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  Ended ended;
  char buffer[4096];
  for (std::size_t n = 0; (n = fread(buffer, 1, sizeof(buffer), pipe)) > 0;) {
    ended.out.append(buffer, n);
  }
  const int status = pclose(pipe);
  ended.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ended;
}

Ended mmcheck(const std::string& rest) {
  return shell("'" MMCHECK_BINARY "' --catalog catalog " + rest);
}

std::vector<json> json_lines(const std::string& text) {
  std::vector<json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
  return lines;
}

TEST(Binary, ListsTheCatalog) {
  const Ended ended = mmcheck("list --json");
  EXPECT_EQ(ended.exit_code, 0);
  bool found = false;
  for (const json& line : json_lines(ended.out)) {
    found = found || line["scenario"] == "munmap+store+msync";
  }
  EXPECT_TRUE(found);
}

TEST(Binary, FindsTheLostWriteAndReplaysIt) {
  const Ended check = mmcheck("check munmap+store+msync --design linux-6.1 --json");
  EXPECT_EQ(check.exit_code, 0);
  const std::vector<json> lines = json_lines(check.out);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["verdict"], "violated");
  EXPECT_EQ(lines[0]["rule"], "R-WRITE");
  EXPECT_EQ(lines[0]["met"], true);

  const std::string target = lines[0]["replay"];
  const Ended replay = mmcheck("replay --json '" + target + "'");
  EXPECT_EQ(replay.exit_code, 0);
  const json trace = json::parse(replay.out);
  EXPECT_EQ(trace["violation"]["rule"], "R-WRITE");
  EXPECT_EQ(trace["violation"]["broken_at"], lines[0]["counterexample"]["steps"]);
  EXPECT_EQ(mmcheck("replay --json '" + target + "'").out, replay.out);
}

TEST(Binary, WatchesOneRuleOnly) {
  const std::string cell = "check munmap+store+msync --design linux-6.12/no-pvmw-sync --json";
  EXPECT_EQ(json::parse(mmcheck(cell).out)["rule"], "R-FS");
  const json result = json::parse(mmcheck(cell + " --rule R-WRITE").out);
  EXPECT_EQ(result["rule"], "R-WRITE");
  EXPECT_EQ(result["only_rule"], "R-WRITE");
  const std::string target = result["replay"];
  const json trace = json::parse(mmcheck("replay --json --rule R-WRITE '" + target + "'").out);
  EXPECT_EQ(trace["violation"]["rule"], "R-WRITE");
  EXPECT_EQ(trace["violation"]["broken_at"], result["counterexample"]["steps"]);
  EXPECT_EQ(trace["schedule"], result["schedule"]);
}

TEST(Binary, HuntsTheLostWrite) {
  const Ended outcome =
      mmcheck("hunt --design linux-6.1 --start shared --calls store,munmap,fsync --json");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.out, HasSubstr(R"("program":"store+munmap+fsync","start":"shared")"));
  EXPECT_THAT(outcome.out, HasSubstr(R"("complete":true)"));
  EXPECT_EQ(mmcheck("hunt --design linux-6.12 --start shared --calls store,munmap,fsync").exit_code,
            0);
  EXPECT_EQ(mmcheck("hunt --design linux-6.12 --calls stor").exit_code, 2);
}

// What was found can be run alone: the scenario says so itself.
constexpr const char* kComposed = "examples/designs/clean-after-unlock.toml";

TEST(Binary, ChecksHuntsAndReplaysAComposedDesign) {
  const std::string file = kComposed;
  const Ended held = mmcheck("check munmap+store+msync --design " + file);
  EXPECT_EQ(held.exit_code, 0);
  EXPECT_THAT(held.out, HasSubstr("clean-after-unlock  held"));
  const std::string without = file + "/no-pvmw-sync";
  const std::vector<json> lines =
      json_lines(mmcheck("check munmap+store+msync --json --design " + without).out);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["verdict"], "violated");
  const std::string replay = lines[0]["replay"];
  EXPECT_THAT(replay, HasSubstr("@" + without + ":"));
  EXPECT_EQ(mmcheck("replay '" + replay + "'").exit_code, 1);
  const Ended hunt = mmcheck("hunt --operations 1 --calls store,munmap --design " + file);
  EXPECT_EQ(hunt.exit_code, 0);
  EXPECT_THAT(hunt.out, HasSubstr("clean-after-unlock: "));
  EXPECT_THAT(mmcheck("cost --design " + file).out, HasSubstr("\nclean-after-unlock "));
  EXPECT_EQ(mmcheck("check --design nothing.toml 2>/dev/null").exit_code, 2);
}

TEST(Binary, ListsPolicies) {
  EXPECT_THAT(mmcheck("designs --policies").out, HasSubstr("[kept, dropped; linux-6.12: kept]\n"));
  bool found = false;
  for (const json& line : json_lines(mmcheck("designs --policies --json").out)) {
    found = found || (line["policy"] == "zap_dirty.flush" && line["linux-6.12"] == "before-unlock");
  }
  EXPECT_TRUE(found);
}

TEST(Binary, SaysWhichStepsAHuntHasMade) {
  const std::string hunt =
      "hunt --design linux-6.12 --operations 2 --calls store,munmap --coverage";
  const Ended text = mmcheck(hunt);
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_THAT(text.out, HasSubstr("\nnever made:\n"));
  EXPECT_THAT(text.out, HasSubstr("msync({}): mmap_read_lock()"));
  EXPECT_THAT(text.out, Not(HasSubstr("munmap({}): mmap_write_lock()")));
  const json line = json_lines(mmcheck(hunt + " --json").out).back();
  EXPECT_EQ(line["schema"], "mmcheck.hunt.coverage/1");
  std::size_t nr_made = 0;
  for (const json& step : line["steps"]) nr_made += step["made"] ? 1 : 0;
  EXPECT_THAT(text.out, HasSubstr("steps  " + std::to_string(nr_made) + " of " +
                                  std::to_string(line["steps"].size()) + " were made"));
  EXPECT_THAT(line["pairs"], testing::Contains(json{{"first", "flush_tlb_mm_range({}): IPIs sent"},
                                                    {"then", "flush_tlb_func() for CPU{}"}}));
  EXPECT_THAT(mmcheck("hunt --design linux-6.12 --operations 1").out, Not(HasSubstr("coverage")));
}

TEST(Binary, WritesWhatItHasFoundAsScenarios) {
  const std::string directory = ::testing::TempDir() + "mmcheck-hunt-" + std::to_string(::getpid());
  EXPECT_EQ(mmcheck("hunt --design linux-6.12 --without force-flush --start shared --operations 1 "
                    "--output " +
                    directory)
                .exit_code,
            1);
  EXPECT_EQ(
      mmcheck("check " + directory + "/*.litmus --design linux-6.12/no-force-flush").exit_code, 0);
  std::filesystem::remove_all(directory);
}

TEST(Binary, NamesItselfAsItWasCalled) {
  const Ended ended = shell("bash -c 'exec -a \"./my run\" \"" MMCHECK_BINARY "\" --help'");
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_THAT(ended.out, HasSubstr("Usage: './my run' "));
}

// With an installation and a build that do nothing: this is about what ./run does after them.
TEST(Binary, IsNamedAsRunWasCalled) {
  const Ended ended = shell(
      "set -e; run=$(realpath run); d=$(mktemp -d); trap 'rm -rf \"$d\"' EXIT; cd \"$d\"\n"
      "mkdir -p 'a b/scripts' 'a b/build'; cp \"$run\" 'a b/run'\n"
      "echo 'install_packages() { :; }; configure() { :; }; build() { :; }' >'a "
      "b/scripts/steps.sh'\n"
      "ln -s '" MMCHECK_BINARY
      "' 'a b/build/mmcheck'\n"
      "'a b/run' --help | grep Usage; cd 'a b'; ./run --help | grep Usage\n"
      "bash run --help | grep Usage\n");
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(ended.out,
            "Usage: 'a b/run' [OPTIONS] SUBCOMMAND\n"
            "Usage: ./run [OPTIONS] SUBCOMMAND\n"
            "Usage: ./run [OPTIONS] SUBCOMMAND\n");
}

TEST(Binary, PrintsTheSameTextHoweverManyJobs) {
  const Ended one = mmcheck("check munmap+store+msync -j1");
  EXPECT_EQ(one.exit_code, 0);
  EXPECT_EQ(mmcheck("check munmap+store+msync -j3").out, one.out);
  EXPECT_THAT(one.out, HasSubstr("<-- R-WRITE broken"));
  EXPECT_THAT(one.out, Not(HasSubstr("\x1b")));
  std::istringstream lines(one.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
}

TEST(Binary, ExitsWithTheDocumentedCodes) {
  EXPECT_EQ(mmcheck("check nothing 2>&1").exit_code, 2);
  EXPECT_EQ(mmcheck("frobnicate 2>&1").exit_code, 2);
  EXPECT_EQ(mmcheck("check munmap+store+msync --design linux-6.2 --max-executions 1"
                    " --require-complete")
                .exit_code,
            3);
}

TEST(Binary, SaysThatOutputCannotBeWritten) {
  const Ended ended = mmcheck("rules 2>&1 >/dev/full");
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_EQ(ended.out, "mmcheck: cannot write to standard output\n");
}

TEST(Binary, EndsQuietlyWhereNobodyReads) {
  const Ended ended = mmcheck("check munmap+store+msync 2>&1 | head -n 1");
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(ended.out, "munmap+store+msync\n");
}

}  // namespace
}  // namespace mmcheck

// SPDX-License-Identifier: Apache-2.0
// `mmcheck rules --book`, on designs and verdicts of fake_model.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "run_cli.h"

namespace mmcheck::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* kProgram =
    "comment Found by mmcheck hunt --design linux-6.1\n"
    "expect linux-6.1 violated R-WRITE\n"
    "expect linux-6.2 held\n"
    "behave linux-6.1 violated R-WRITE 37\n"
    "behave linux-6.2 held 2184\n";

class Book : public testing::Test {
 protected:
  Book() {
    catalog_.add("munmap+store",
                 std::string(kRace) + "expect linux-6.12/no-flush violated R-FREE\n");
    fs::create_directories(fs::path(directory()) / "programs/R-WRITE");
    add_program("R-WRITE/linux-6.1", kProgram);
  }

  std::string directory() const { return files_.directory(); }

  void add_program(const std::string& name, const std::string& lines) {
    files_.add("programs/" + name, lines);
  }

  Outcome run(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"rules", "--book", directory()});
    return catalog_.run(more);
  }

  std::string read(const std::string& page) const {
    std::ostringstream text;
    text << std::ifstream(fs::path(directory()) / page).rdbuf();
    return text.str();
  }

  void replace(const std::string& page, const std::string& from, const std::string& to) const {
    std::string text = read(page);
    text.replace(text.find(from), from.size(), to);
    std::ofstream(fs::path(directory()) / page) << text;
  }

 private:
  TemporaryCatalog catalog_;
  TemporaryCatalog files_;
};

TEST_F(Book, MakesAPageForEachRuleAndOneOfAll) {
  const Outcome outcome = run();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("3 pages, 3 of them changed\n"));
  EXPECT_THAT(read("R-WRITE.md"), HasSubstr("> **R-WRITE** no store is lost\n"));
  EXPECT_THAT(read("R-WRITE.md"), HasSubstr("execution 37 | `linux-6.2` holds: 2184 executions |"));
  EXPECT_THAT(read("R-FREE.md"), HasSubstr("No program that hunt has found breaks this rule."));
  EXPECT_THAT(read("R-FREE.md"), HasSubstr("| `linux-6.12/no-flush` | drops the flush "));
  EXPECT_THAT(read("README.md"), HasSubstr("| [R-FREE](R-FREE.md) | "));
}

TEST_F(Book, DrawsTheProgramsThatAPageAsksFor) {
  run();
  replace("R-WRITE.md", "<!-- generated: programs -->",
          "<!-- generated: program linux-6.1 -->\n<!-- end -->\n<!-- generated: programs -->");
  EXPECT_EQ(run().exit_code, 0);
  const std::string page = read("R-WRITE.md");
  EXPECT_THAT(page, HasSubstr("<-- R-WRITE broken: the store is lost"));
  EXPECT_THAT(page, HasSubstr("'docs/rules/programs/R-WRITE/linux-6.1.litmus@linux-6.1:"));
}

TEST_F(Book, KeepsProse) {
  run();
  replace("R-WRITE.md", "## Why it is a rule\n", "## Why it is a rule\n\nBecause.\n");
  const std::string before = read("R-WRITE.md");
  EXPECT_EQ(run({"--check"}).exit_code, 0);
  EXPECT_EQ(run().exit_code, 0);
  EXPECT_EQ(read("R-WRITE.md"), before);
}

TEST_F(Book, CheckNamesEachStalePageAndWritesNothing) {
  run();
  replace("R-WRITE.md", "no store is lost", "no store is ever lost");
  fs::remove(fs::path(directory()) / "R-FREE.md");
  const std::string before = read("R-WRITE.md");
  const Outcome outcome = run({"--check"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("R-WRITE.md:3: the block 'rule' is not up to date\n"));
  EXPECT_THAT(outcome.err, HasSubstr("R-FREE.md: there is no such page\n"));
  EXPECT_THAT(outcome.err, HasSubstr("2 of 3 pages are not up to date; `mmcheck rules --book"));
  EXPECT_EQ(read("R-WRITE.md"), before);
  EXPECT_FALSE(fs::exists(fs::path(directory()) / "R-FREE.md"));
}

TEST_F(Book, CheckSeesAProgramThatIsNew) {
  run();
  fs::create_directories(fs::path(directory()) / "programs/R-FREE/linux-6.12");
  add_program("R-FREE/linux-6.12/no-flush",
              "comment mmcheck hunt --first\nexpect linux-6.12/no-flush violated R-FREE\n"
              "expect linux-6.2 held\nbehave linux-6.12/no-flush violated R-FREE 5\n"
              "behave linux-6.2 held 6\n");
  const Outcome outcome = run({"--check"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("R-FREE.md"));
  EXPECT_THAT(outcome.err, HasSubstr("README.md"));
}

TEST_F(Book, APageWithoutItsMarkersIsAnError) {
  run();
  replace("R-WRITE.md", "<!-- generated: rule -->\n", "");
  Outcome outcome = run({"--check"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("R-WRITE.md:4: <!-- end --> ends no block"));
  replace("R-WRITE.md", "<!-- end -->\n", "");
  outcome = run();
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("the page ends without the lines '<!-- generated: rule -->'"));
}

TEST_F(Book, ABlockOfSomethingUnknownIsAnError) {
  run();
  for (const char* name : {"program linux-6.2", "rumours", "rules", "cost", "cost linux-6.3"}) {
    const std::string before = read("R-WRITE.md");
    replace("R-WRITE.md", "## What it costs\n",
            "<!-- generated: " + std::string(name) + " -->\n<!-- end -->\n## What it costs\n");
    const Outcome outcome = run();
    EXPECT_EQ(outcome.exit_code, 2) << name;
    std::ofstream(fs::path(directory()) / "R-WRITE.md") << before;
  }
}

TEST_F(Book, AnInterleavingIsDrawnOnce) {
  run();
  const std::string block = "<!-- generated: program linux-6.1 -->\n<!-- end -->\n";
  replace("R-WRITE.md", "## What it costs\n", block + block + "## What it costs\n");
  const Outcome outcome = run();
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("'program linux-6.1' is drawn at line "));
}

TEST_F(Book, AProgramThatBreaksItsRuleNoMoreIsRefused) {
  add_program("R-WRITE/linux-6.1",
              "comment mmcheck hunt --first\n"
              "expect linux-6.1 violated R-WRITE\nexpect linux-6.2 held\n"
              "behave * held 12\n");
  const Outcome outcome = run({"--check"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("linux-6.1.litmus: linux-6.1 does not break R-WRITE with "
                                     "this program: held"));
}

TEST_F(Book, AProgramThatTheOtherDesignBreaksTooIsRefused) {
  add_program("R-WRITE/linux-6.1",
              "comment mmcheck hunt --first\n"
              "expect linux-6.1 violated R-WRITE\nexpect linux-6.2 held\n"
              "behave * violated R-WRITE 12\n");
  const Outcome outcome = run();
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("linux-6.2 does not keep R-WRITE with this program: R-WRITE"));
}

TEST_F(Book, AProgramSaysHowItWasFoundAndWhatItShows) {
  const std::string expectations =
      "expect linux-6.1 violated R-WRITE\nexpect linux-6.2 held\nbehave * held 1\n";
  add_program("R-WRITE/linux-6.1", expectations);
  EXPECT_THAT(run().err, HasSubstr("its comment does not say which `mmcheck hunt ...` has found"));
  for (const char* lines :
       {"expect linux-6.1 violated R-WRITE\n", "expect linux-6.2 held\n",
        "expect linux-6.1 violated R-FREE\nexpect linux-6.2 held\n",
        "expect linux-6.1 violated R-WRITE\nexpect linux-6.2 held\nexpect linux-6.2 held\n"}) {
    add_program("R-WRITE/linux-6.1", std::string("comment mmcheck hunt \n") + lines);
    EXPECT_THAT(run().err, HasSubstr("expects one design to break the rule of its folder"))
        << lines;
  }
}

TEST_F(Book, AFolderOrAPageOfNoRuleIsRefused) {
  fs::create_directories(fs::path(directory()) / "programs/R-OLD");
  add_program("R-OLD/linux-6.1", kProgram);
  EXPECT_THAT(run().err, HasSubstr("no rule is called 'R-OLD', as its folder is"));
  fs::remove_all(fs::path(directory()) / "programs/R-OLD");
  std::ofstream(fs::path(directory()) / "R-OLD.md") << "old\n";
  EXPECT_THAT(run().err, HasSubstr("R-OLD.md: the page is that of no rule"));
}

TEST_F(Book, AFolderThatIsNotThereIsAnError) {
  TemporaryCatalog catalog;
  catalog.add("munmap+store", kRace);
  const Outcome outcome = catalog.run({"rules", "--book", "/nonexistent"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("/nonexistent: there is no such folder"));
}

TEST_F(Book, CheckBelongsToBook) {
  EXPECT_EQ(run_cli({"rules", "--check"}).exit_code, 2);
  EXPECT_EQ(run({"--json"}).exit_code, 2);
}

}  // namespace
}  // namespace mmcheck::cli

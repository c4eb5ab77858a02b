// SPDX-License-Identifier: Apache-2.0
#include "book/chapter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "book/page.h"
#include "book/program_text.h"

namespace mmcheck::book {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kScenario =
    "C store+munmap\n"
    "\n"
    "(* Found by\n"
    "   mmcheck hunt --design linux-6.1 --first *)\n"
    "\n"
    "{\n"
    "  file f, 1 page;\n"
    "}\n"
    "\n"
    "P0(A) \"store\" {\n"
    "  WRITE_ONCE(*x, 2);\n"
    "}\n"
    "\n"
    "P1(A) \"both\" {\n"
    "  r0 = READ_ONCE(*x);\n"
    "  munmap(x, 4096);\n"
    "}\n"
    "\n"
    "expect {\n"
    "  linux-6.1: R-WRITE;\n"
    "}\n";

Chapter a_chapter() {
  Chapter chapter{.rule = rules::find_rule("R-WRITE")};
  HuntedProgram program;
  program.name = "linux-6.12/unforced";
  program.design = design::find_design("linux-6.12/unforced");
  program.keeper = design::find_design("linux-6.12");
  program.title = "store+munmap";
  program.text = program_text(kScenario);
  program.command = "mmcheck hunt --design linux-6.12/unforced";
  program.broken.rule = "R-WRITE";
  program.broken.executions = 17;
  program.kept.strategy = "dpor";
  program.kept.executions = 44;
  chapter.programs.push_back(program);
  chapter.missed.push_back({design::find_design("linux-6.12/no-flush"), "claim-99"});
  return chapter;
}

TEST(ProgramText, LeavesOutWhatIsNoPartOfTheProgram) {
  EXPECT_EQ(program_text(kScenario),
            "C store+munmap\n"
            "{\n"
            "  file f, 1 page;\n"
            "}\n"
            "P0(A) \"store\" { WRITE_ONCE(*x, 2); }\n"
            "P1(A) \"both\" {\n"
            "  r0 = READ_ONCE(*x);\n"
            "  munmap(x, 4096);\n"
            "}\n");
}

TEST(ProgramText, TakesWhateverTheIndentation) {
  EXPECT_EQ(program_text("P0(A) {\nmunmap(x, 4096);\n}\n"), "P0(A) { munmap(x, 4096); }\n");
  EXPECT_EQ(program_text("P0(A) {\n\tf();\n}\n"), "P0(A) { f(); }\n");
  EXPECT_EQ(program_text("P0(A) {\n \n}\n"), "P0(A) {\n}\n");
}

TEST(HuntCommand, IsThatOfTheComment) {
  EXPECT_EQ(hunt_command("Found by\n   mmcheck hunt --design linux-6.1 --first "),
            "mmcheck hunt --design linux-6.1 --first");
  EXPECT_EQ(hunt_command("mmcheck hunt --first \\\n   --operations 2"),
            "mmcheck hunt --first --operations 2");
  EXPECT_EQ(hunt_command("written by hand"), "");
}

TEST(Chapter, StatesTheRule) {
  EXPECT_EQ(rule_block(a_chapter()),
            "> **R-WRITE** A store that retired is on disk, or in a page that is still known to "
            "be dirty.\n");
}

TEST(Chapter, ListsProgramsAndWhatWasMissed) {
  const std::string block = programs_block(a_chapter());
  EXPECT_THAT(block, HasSubstr("| `linux-6.12/unforced` | dirty pages of files are zapped like "
                               "clean ones [drops delay_rmap and force_flush in mm/memory.c: "
                               "zap_present_folio_ptes] | "
                               "[store+munmap](programs/R-WRITE/linux-6.12/unforced.litmus) | "
                               "execution 17 | `linux-6.12` holds: 44 executions |\n"));
  EXPECT_THAT(block, HasSubstr("\nNot found by hunt"));
  EXPECT_THAT(block, HasSubstr("| `linux-6.12/no-flush` | "));
  EXPECT_THAT(block, HasSubstr(" | `claim-99` |\n"));
}

TEST(Chapter, SaysThatThereIsNoProgram) {
  const std::string block = programs_block({.rule = rules::find_rule("R-COW")});
  EXPECT_EQ(block, "No program that hunt has found breaks this rule.\n");
}

TEST(Chapter, DrawsAProgram) {
  Chapter chapter = a_chapter();
  chapter.programs[0].broken.counterexample = report::Counterexample{};
  const std::string block = program_block(chapter, chapter.programs[0]);
  EXPECT_THAT(block, HasSubstr("found by\n\n    mmcheck hunt --design linux-6.12/unforced\n\n"
                               "    C store+munmap\n"));
  EXPECT_THAT(block, HasSubstr("With the same program `linux-6.12` holds R-WRITE: 44 executions, "
                               "complete.\n"));
}

TEST(Chapter, SaysWhereStatesWereSearched) {
  Chapter chapter = a_chapter();
  chapter.programs[0].kept.strategy = "stateful";
  EXPECT_THAT(programs_block(chapter), HasSubstr("| `linux-6.12` holds: every state |\n"));
}

TEST(Chapter, CountsInTheTableOfRules) {
  const Chapter chapters[] = {a_chapter()};
  EXPECT_THAT(rules_block(chapters), HasSubstr("| [R-WRITE](R-WRITE.md) | "));
  EXPECT_THAT(rules_block(chapters), HasSubstr(" | 1 | 1 |\n"));
}

TEST(Chapter, ShowsTheCostsOfADesignInARow) {
  std::vector<report::CostLine> lines;
  for (const char* design : {"linux-6.1", "linux-6.12"}) {
    lines.push_back({.design = design, .work = "munmap of 1", .pages = 1, .flushes = 2, .ipis = 2});
    lines.push_back({.design = design,
                     .work = "munmap of 8",
                     .pages = 8,
                     .flushes = 3,
                     .ipis = 4,
                     .ptl_longest = 35});
    lines.push_back({.design = design, .work = "fork", .flushes = 5});
  }
  const std::string block = cost_block(lines);
  EXPECT_THAT(block, HasSubstr("| design | 1 | 8 | IPIs | longest under the PTL | fork |\n"
                               "| --- | --- | --- | --- | --- | --- |\n"
                               "| `linux-6.1` | 2 | 3 | 60 | 35 | 5 |\n"
                               "| `linux-6.12` | 2 | 3 | 60 | 35 | 5 |\n"));
}

TEST(Skeleton, HasTheBlocksThatAPageNeeds) {
  const Page page(skeleton(a_chapter()), "R-WRITE.md");
  EXPECT_NO_THROW(page.require("rule"));
  EXPECT_NO_THROW(page.require("programs"));
  // The program of the rule's own mutation is drawn; here there is none.
  EXPECT_THAT(page.text(), Not(HasSubstr("generated: program ")));
}

}  // namespace
}  // namespace mmcheck::book

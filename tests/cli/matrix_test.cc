// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "run_cli.h"

namespace mmcheck::cli {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(MatrixCommand, ShowsTheTableThenTheHeadlineThenWhereToGo) {
  TemporaryCatalog catalog;
  catalog.add("exit+store", kRace);
  catalog.add("munmap+store+msync", kRace);
  const Outcome outcome = catalog.run({"matrix"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, StartsWith("each cell: the verdict and the number of executions\n"
                                      "\n"
                                      "                         munmap+store+\n"
                                      "           exit+store    msync\n"
                                      "linux-6.1  R-WRITE   37  R-WRITE   37\n"
                                      "linux-6.2  held    2184  held    2184\n"
                                      "\n"
                                      "4 cells: 2 held, 2 violated; 4442 executions\n"
                                      "every expectation is met\n"));
  EXPECT_THAT(outcome.out, HasSubstr("\nmunmap+store+msync on linux-6.1: R-WRITE broken"));
  EXPECT_THAT(outcome.out, HasSubstr("replay:    mmcheck replay 'munmap+store+msync@linux-6.1:"));
  EXPECT_THAT(outcome.out, HasSubstr("\nnext:\n  mmcheck check munmap+store+msync "));
}

TEST(MatrixCommand, MarksWhatIsNotAsExpected) {
  TemporaryCatalog catalog;
  catalog.add("a", "expect * held\nbehave linux-6.2 violated R-FREE 3\n");
  const Outcome outcome = catalog.run({"matrix"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.out, HasSubstr("! not as expected"));
  EXPECT_THAT(outcome.out, HasSubstr("R-FREE! "));
  EXPECT_THAT(outcome.out, HasSubstr("a on linux-6.2: R-FREE broken"));
}

TEST(MatrixCommand, ShowsNoCounterexampleWhereThereIsNone) {
  TemporaryCatalog catalog;
  catalog.add("a", "expect * held\nbehave * held 3\n");
  const Outcome outcome = catalog.run({"matrix"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, Not(HasSubstr("replay:")));
}

TEST(MatrixCommand, ExplainsWhatIsBoundedOrASample) {
  TemporaryCatalog catalog;
  catalog.add("a", "expect linux-6.1 violated R-FREE\nbehave * held 3\n");
  EXPECT_THAT(catalog.run({"matrix", "--strategy", "bounded"}).out,
              StartsWith("each cell: the verdict and the number of executions; ! not as expected\n"
                         "held(2): in all schedules with at most 2 preemptions; more were not "
                         "searched\n"
                         "\n"
                         "           a\n"
                         "linux-6.1  held(2)! 3\n"
                         "linux-6.2  held(2)  3\n"));
  EXPECT_THAT(catalog.run({"matrix", "--strategy", "pct"}).out,
              StartsWith("each cell: the verdict and the number of executions; ! not as expected\n"
                         "held~: in a random sample; what it did not find may still be there\n"
                         "\n"
                         "           a\n"
                         "linux-6.1  held~! 3\n"
                         "linux-6.2  held~  3\n"));
}

TEST(MatrixCommand, GivesJsonLines) {
  TemporaryCatalog catalog;
  catalog.add("a", kRace);
  const Outcome outcome = catalog.run({"matrix", "--json"});
  EXPECT_THAT(outcome.out, StartsWith("{\"schema\":\"mmcheck.result/1\",\"scenario\":\"a\""));
  EXPECT_THAT(outcome.out, HasSubstr("\"schedule\":\"0*2.1\""));
  EXPECT_THAT(outcome.out, Not(HasSubstr("next:")));
}

}  // namespace
}  // namespace mmcheck::cli

// SPDX-License-Identifier: Apache-2.0
#include "cli/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "run_cli.h"

namespace mmcheck::cli {
namespace {

using testing::ElementsAre;

std::vector<std::string> words_of(const std::vector<NamedScenario>& scenarios) {
  std::vector<std::string> words;
  for (const NamedScenario& scenario : scenarios) words.push_back(scenario.word);
  return words;
}

TEST(Catalog, IsSortedByNameAndTakesFoldersBelow) {
  TemporaryCatalog files;
  std::filesystem::create_directory(files.directory() + "/sub");
  files.add("munmap+store", "");
  files.add("exit", "");
  std::ofstream(files.directory() + "/sub/fault.litmus") << "name fault\n";
  std::ofstream(files.directory() + "/README.md") << "no scenario\n";
  EXPECT_THAT(words_of(files.open().load_all()), ElementsAre("exit", "fault", "munmap+store"));
}

TEST(Catalog, LoadsByNameOrByPath) {
  TemporaryCatalog files;
  const std::string path = files.add("a", "");
  const Catalog catalog = files.open();
  EXPECT_EQ(catalog.load("a").word, "a");
  EXPECT_EQ(catalog.load(path).word, path);
  EXPECT_EQ(catalog.load(path).scenario.name, "a");
}

TEST(Catalog, OneScenarioLoadsThoughAnotherIsBroken) {
  TemporaryCatalog files;
  files.add("a", "");
  files.add("b", "nonsense\n");
  const Catalog catalog = files.open();
  EXPECT_EQ(catalog.load("a").word, "a");
  EXPECT_THROW(catalog.load_all(), InputError);
}

TEST(Catalog, SaysWhatIsWrong) {
  TemporaryCatalog files;
  EXPECT_EQ(files.run({"list"}).err,
            "mmcheck: " + files.directory() + ": the catalog has no scenario (no file *.litmus)\n");
  std::ofstream(files.directory() + "/a.litmus") << "name b\n";
  EXPECT_EQ(files.run({"list"}).err,
            "mmcheck: " + files.directory() +
                "/a.litmus: the scenario is named 'b'; in the catalog the file must have the same "
                "name\n");
  EXPECT_EQ(run_cli({"--catalog", "/nowhere", "list"}).err,
            "mmcheck: /nowhere: cannot read the catalog: No such file or directory\n");
}

}  // namespace
}  // namespace mmcheck::cli

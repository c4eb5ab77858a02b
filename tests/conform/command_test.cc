// SPDX-License-Identifier: Apache-2.0
// `mmcheck conform host`: the model agrees with the kernel of this machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "cli/session.h"

namespace mmcheck::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Outcome {
  int exit_code = 0;
  std::string out;
  std::string err;
};

Outcome conform_host(const std::vector<std::string>& options) {
  std::vector<const char*> words{"mmcheck", "conform", "host"};
  for (const std::string& option : options) words.push_back(option.c_str());
  std::ostringstream out;
  std::ostringstream err;
  const ExitCode code =
      run(static_cast<int>(words.size()), words.data(), Console{.out = out, .err = err});
  return {static_cast<int>(code), out.str(), err.str()};
}

TEST(ConformHost, TheModelAgreesWithTheHost) {
  const Outcome outcome = conform_host({"--programs", "500", "--seed", "11", "-j", "2"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr(", differ 0, refused 0"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("never succeeded")));
  EXPECT_EQ(outcome.err, "");
}

TEST(ConformHost, TellsTheSameInJson) {
  const Outcome outcome = conform_host({"--programs", "50", "--json"});
  const auto summary = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(summary["agree"].get<int>() + summary["unsteady"].get<int>(), 50);
  EXPECT_EQ(summary["differ"], 0);
  EXPECT_GT(summary["calls"]["mmap"]["succeeded"], 0);
  EXPECT_GT(summary["calls"]["store"]["failed"], 0);
}

TEST(ConformHost, RefusesWhatItCannotDo) {
  EXPECT_EQ(conform_host({"--programs", "0"}).exit_code, 2);
  EXPECT_EQ(conform_host({"--seed", "x"}).exit_code, 2);
  EXPECT_THAT(conform_host({"--design", "linux-0.01"}).err, HasSubstr("linux-0.01"));
}

TEST(ConformHost, NeedsAFolderForFiles) {
  setenv("TMPDIR", "/nowhere/to/be/found", 1);
  const Outcome outcome = conform_host({});
  unsetenv("TMPDIR");
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("TMPDIR"));
}

}  // namespace
}  // namespace mmcheck::cli

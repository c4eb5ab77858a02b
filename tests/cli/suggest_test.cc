// SPDX-License-Identifier: Apache-2.0
#include "cli/suggest.h"

#include <gtest/gtest.h>

namespace mmcheck::cli {
namespace {

TEST(DidYouMean, NamesTheNearest) {
  const std::vector<std::string> names = {"linux-6.1", "linux-6.2", "linux-6.12"};
  EXPECT_EQ(did_you_mean("linux-6.22", names), " (did you mean 'linux-6.2'?)");
  EXPECT_EQ(did_you_mean("LINUX-6.1", names), " (did you mean 'linux-6.1'?)");
  EXPECT_EQ(did_you_mean("linux6.12", names), " (did you mean 'linux-6.12'?)");
}

TEST(DidYouMean, IsSilentWhereNothingIsNear) {
  EXPECT_EQ(did_you_mean("freebsd", {"linux-6.1"}), "");
  EXPECT_EQ(did_you_mean("", {"linux-6.1"}), "");
  EXPECT_EQ(did_you_mean("x", {}), "");
}

}  // namespace
}  // namespace mmcheck::cli

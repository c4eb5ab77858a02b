// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "classic.h"
#include "published_check.h"

namespace classic {
namespace {

class PublishedSlow : public testing::TestWithParam<Row> {};

TEST_P(PublishedSlow, Count) { check(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Above1s, PublishedSlow, testing::ValuesIn(rows(Cost::Above1s)),
                         [](const auto& row) { return test_name(row.param); });

}  // namespace
}  // namespace classic

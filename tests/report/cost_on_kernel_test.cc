// SPDX-License-Identifier: Apache-2.0
#include "report/cost_on_kernel.h"

#include <gtest/gtest.h>

namespace mmcheck::report {
namespace {

CostLine design(const std::string& name, std::uint64_t flushes, std::uint64_t ipis) {
  CostLine line;
  line.design = name;
  line.flushes = flushes;
  line.ipis = ipis;
  return line;
}

TEST(CostOnKernel, StandsBesideTheDesigns) {
  const std::vector<KernelCost> costs = {
      {.work = "munmap of a page",
       .pages = 1,
       .runs = {{.cpus = 2, .flushes = 2, .ipis = 2, .callers = {{"zap", 1}, {"finish", 1}}},
                {.cpus = 4, .flushes = 2, .ipis = 6, .callers = {{"zap", 1}, {"finish", 1}}}},
       .designs = {design("linux-6.1", 2, 2), design("flush-every-page", 9, 9)}},
      {.work = "munmap of many pages",
       .pages = 512,
       .runs = {{.cpus = 2, .flushes = 2, .ipis = 2, .callers = {{"zap", 2}}},
                {.cpus = 4, .flushes = 3, .ipis = 9, .callers = {{"zap", 2}, {"other", 1}}}},
       .designs = {design("linux-6.1", 2, 2)}}};
  EXPECT_EQ(cost_on_kernel_table("6.1.0-56", costs),
            "munmap of a page\n"
            "                   flushes      IPIs      IPIs  flushed by\n"
            "                              2 CPUs    4 CPUs\n"
            "6.1.0-56                 2         2         6  finish 1, zap 1\n"
            "linux-6.1                2         2         6  agrees\n"
            "flush-every-page         9         9        27  differs\n"
            "\n"
            "munmap of many pages\n"
            "6.1.0-56              2..3         2         9  other 0..1, zap 2\n"
            "linux-6.1                2         2         6  agrees in 1 of 2 runs\n");
}

TEST(CostOnKernel, AgreesInFlushesAndInIpis) {
  const KernelRun run{.cpus = 4, .flushes = 2, .ipis = 6, .callers = {}};
  EXPECT_TRUE(agrees(design("a", 2, 2), run));
  EXPECT_FALSE(agrees(design("a", 3, 2), run));
  EXPECT_FALSE(agrees(design("a", 2, 6), run));
}

TEST(CostOnKernel, IsALineOfJsonForEachCase) {
  const KernelCost cost = {.work = "munmap of a page",
                           .pages = 1,
                           .runs = {{.cpus = 2, .flushes = 2, .ipis = 2, .callers = {{"zap", 2}}},
                                    {.cpus = 4, .flushes = 3, .ipis = 9, .callers = {{"zap", 3}}}},
                           .designs = {design("linux-6.1", 2, 2)}};
  EXPECT_EQ(to_json("6.1.0-56", cost),
            "{\"schema\":\"mmcheck.cost-on-kernel/1\",\"kernel\":\"6.1.0-56\","
            "\"work\":\"munmap of a page\",\"pages\":1,"
            "\"runs\":[{\"cpus\":2,\"flushes\":2,\"ipis\":2,\"callers\":{\"zap\":2}},"
            "{\"cpus\":4,\"flushes\":3,\"ipis\":9,\"callers\":{\"zap\":3}}],"
            "\"designs\":[{\"design\":\"linux-6.1\",\"flushes\":2,\"ipis\":{\"2\":2,\"4\":6},"
            "\"agrees\":false}]}\n");
}

}  // namespace
}  // namespace mmcheck::report

// SPDX-License-Identifier: Apache-2.0
#include "lab/guest_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/error.h"
#include "catalog_scenario.h"
#include "host/command.h"
#include "lab/counting_guest.h"
#include "lab/files.h"

namespace mmcheck::lab {
namespace {

using testing::HasSubstr;
using workload::Scenario;

/// What the compiler has to say.
std::string compile(const std::string& name, const std::string& source) {
  const auto path = std::filesystem::path(testing::TempDir()) / (name + ".c");
  write_file(path, source);
  return host::run_command({"cc", "-std=gnu11", "-fsyntax-only", "-Wall", "-Werror",
                            "-Wno-unused-function", "-Wno-unused-value", path.string()})
      .output;
}

TEST(GuestSource, MakesTheCallsAndAccessesOfTheThreads) {
  const std::string source = guest_source(catalog_scenario("munmap+store+msync"));
  EXPECT_THAT(source, HasSubstr("munmap((void*)0x72000000ul, 4096l)"));
  EXPECT_THAT(source, HasSubstr("msync((void*)0x72000000ul, 4096l, MS_SYNC)"));
  EXPECT_THAT(source, HasSubstr("long stored_value = 2l; *(volatile long*)0x72000000ul"));
}

TEST(GuestSource, ReclaimOfAPageIsACallOfItsProcess) {
  const std::string source = guest_source(workload::load_scenario("docs/findings/reclaim.litmus"));
  EXPECT_THAT(source, HasSubstr("madvise((void*)0x72000000ul, PAGE, MADV_PAGEOUT)"));
  EXPECT_THAT(source, HasSubstr("process_of[] = {0, 0, 1}"));
  EXPECT_EQ(compile("reclaim", source), "");
}

TEST(GuestSource, RefusesAReclaimerOfTwoProcesses) {
  const Scenario scenario = workload::parse_scenario(R"(C two
{
  file f;
  process A { x = mmap(f, 1 page, MAP_SHARED), dirty; }
  process B { y = mmap(f, 1 page, MAP_SHARED), dirty; }
}
P0(kernel) {
  shrink_folio_list(A:x);
  shrink_folio_list(B:y);
}
)",
                                                     "two");
  EXPECT_THROW(guest_source(scenario), InputError);
}

/// Two pages in one folio, mapped by one entry; the thread's body as given.
std::string huge_source(const std::string& body) {
  return guest_source(workload::parse_scenario(R"(C huge
{
  file f, 2 pages, large folio;
  process A { x = mmap(f, 2 pages, MAP_SHARED), dirty, huge; }
}
P0(A) {
  )" + body + "\n}\n",
                                               "huge"));
}

TEST(GuestSource, MapsAHugeEntryOfAWholeFolioAndLooksWhetherItIsOne) {
  const std::string source = guest_source(catalog_scenario("thread/claim-20"));
  EXPECT_THAT(source, HasSubstr("#define FILE_SYSTEM \"xfs\""));
  EXPECT_THAT(source, HasSubstr("modules[] = {\"/libcrc32c.ko\", \"/xfs.ko\", NULL}"));
  EXPECT_THAT(source, HasSubstr("bytes_of_file[] = {2097152}"));
  EXPECT_THAT(source, HasSubstr("mmap((void*)0x72000000ul, 2097152ul"));
  EXPECT_THAT(source, HasSubstr("madvise((void*)0x72000000ul, 2097152ul, MADV_HUGEPAGE)"));
  EXPECT_THAT(source, HasSubstr("if (huge_kilobytes(0x72000000ul) != 2048)"));
  EXPECT_EQ(compile("huge", source), "");
}

TEST(GuestSource, WhatIsDoneWithAllPagesIsDoneWithTheWholeFolio) {
  EXPECT_THAT(huge_source("munmap(x, 8192);"), HasSubstr("munmap((void*)0x72000000ul, 0x200000l)"));
  EXPECT_THAT(huge_source("munmap(x, 4096);"), HasSubstr("munmap((void*)0x72000000ul, 4096l)"));
  EXPECT_THAT(huge_source("munmap(x + 4096, 4096);"),
              HasSubstr("munmap((void*)0x72001000ul, 0x1ff000l)"));
  EXPECT_THAT(huge_source("posix_fadvise(f, 0, 8192, POSIX_FADV_DONTNEED);"),
              HasSubstr("posix_fadvise(file_0, 0l, 0x200000l, POSIX_FADV_DONTNEED)"));
  EXPECT_THAT(huge_source("WRITE_ONCE(*(x + 4096), 3);"),
              HasSubstr("*(volatile long*)0x72001000ul = stored_value"));
}

TEST(GuestSource, LooksForALargeFolioWhereTheEntriesAreSmall) {
  const std::string source = guest_source(workload::parse_scenario(R"(C large
{
  file f, 2 pages, large folio;
  process A { x = mmap(f, 2 pages, MAP_SHARED), dirty; }
}
P0(A) {
  munmap(x, 8192);
}
)",
                                                                   "large"));
  EXPECT_THAT(source, HasSubstr("mmap((void*)0x72000000ul, 8192ul"));
  EXPECT_THAT(source, HasSubstr("madvise((void*)0x72000000ul, 8192ul, MADV_HUGEPAGE)"));
  EXPECT_THAT(source, HasSubstr("if (!is_in_large_folio(0x72000000ul))"));
  EXPECT_THAT(source, HasSubstr("munmap((void*)0x72000000ul, 8192l)"));
  EXPECT_EQ(compile("large", source), "");
}

TEST(GuestSource, RefusesALargeFolioOfAnonymousMemory) {
  const Scenario scenario = catalog_scenario("split+munmap+load");
  EXPECT_THROW(guest_source(scenario), InputError);
}

TEST(GuestSource, TakesXfsOnlyForLargeFolios) {
  EXPECT_EQ(file_system_of(catalog_scenario("munmap+store+msync")), FileSystem::Ext4);
  EXPECT_EQ(file_system_of(catalog_scenario("thread/claim-20")), FileSystem::Xfs);
}

TEST(GuestSource, AFlusherIsAProcessWithoutMappings) {
  const std::string source = guest_source(catalog_scenario("thread/claim-20"));
  EXPECT_THAT(source, HasSubstr("PROCESSES = 2"));
  EXPECT_THAT(source, HasSubstr("process_of[] = {0, 0, 1}"));
  EXPECT_THAT(source, HasSubstr("sync_file_range(file_0, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE | "
                                "SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER)"));
}

TEST(GuestSource, Compiles) {
  for (const char* name :
       {"munmap+store+msync", "dontneed+store+writeback-evict", "batch-overflow+store+msync",
        "mapfixed+store+msync", "mprotect+store+msync", "mremap+store+msync"}) {
    EXPECT_EQ(compile(name, guest_source(catalog_scenario(name))), "") << name;
  }
  EXPECT_EQ(compile("empty", empty_guest_source(2)), "");
}

TEST(CountingGuest, CompilesAndDoesEachWork) {
  const CountedWork works[] = {{CountedWork::Kind::Munmap, 512, 2},
                               {CountedWork::Kind::ForkExit, 8, 4}};
  const std::string source = counting_guest_source(works, 3);
  EXPECT_EQ(compile("counting", source), "");
  EXPECT_THAT(source, HasSubstr("{0, 512, 2},\n  {1, 8, 4},"));
  EXPECT_THAT(source, HasSubstr("WORKS = 2, TIMES = 3"));
  EXPECT_THAT(source, HasSubstr("CPUS = 4,"));
}

TEST(GuestSource, HasACpuForEachThreadAndOneMore) {
  EXPECT_EQ(cpus_of(catalog_scenario("munmap+store+msync")), 4u);
  EXPECT_EQ(cpus_of(Scenario{}), 4u);
}

TEST(GuestSource, RefusesWhatNoProcessCanDo) {
  try {
    guest_source(catalog_scenario("munmap+store+reclaim"));
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("P2 is a kernel thread"));
    EXPECT_GT(error.place().line, 0u);
  }
}

}  // namespace
}  // namespace mmcheck::lab

// SPDX-License-Identifier: Apache-2.0
// The files of catalog/: they parse, and mean what they should.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "workload/catalog_files.h"
#include "workload/dump.h"

namespace mmcheck::workload {
namespace {

const std::set<std::string> kNames = {
    "anon-munmap+folio-referenced",
    "batch-overflow+store+msync",
    "dontneed+dontneed",
    "dontneed+fault",
    "dontneed+store+msync",
    "dontneed+store+writeback-evict",
    "exit+store+msync",
    "exit+store+writeback-evict",
    "mapfixed+store+msync",
    "mapfixed+store+writeback-evict",
    "munmap+store+msync",
    "munmap+store+reclaim",
    "munmap+store+writeback-evict",
};

std::string without_expectations(const Scenario& scenario) {
  Scenario copy = scenario;
  copy.expectations.clear();
  return dump(copy);
}

TEST(Catalog, EachFileIsNamedAfterItsScenario) {
  std::set<std::string> found;
  for (const std::filesystem::path& path : catalog_files()) {
    const Scenario scenario = load_scenario(path.string());
    EXPECT_EQ(scenario.name, path.stem().string());
    EXPECT_EQ(scenario.path, path.string());
    found.insert(scenario.name);
  }
  for (const std::string& name : kNames) {
    EXPECT_TRUE(found.contains(name)) << name;
  }
}

TEST(Catalog, EachSaysWhatItIsWhoSaidItAndWhatToExpect) {
  for (const std::filesystem::path& path : catalog_files()) {
    const Scenario scenario = load_scenario(path.string());
    EXPECT_THAT(scenario.comment, testing::HasSubstr("Source: ")) << path;
    const bool has_default =
        std::any_of(scenario.expectations.begin(), scenario.expectations.end(),
                    [](const Expectation& expectation) { return expectation.design == "*"; });
    EXPECT_TRUE(has_default || scenario.condition.has_value()) << path;
    for (const ThreadDecl& thread : scenario.threads) {
      EXPECT_FALSE(thread.title.empty()) << path << " " << thread.name;
    }
  }
}

TEST(Catalog, MunmapStoreMsync) {
  EXPECT_EQ(without_expectations(load_scenario(catalog_file("munmap+store+msync"))),
            R"(scenario munmap+store+msync
file f x1
process A
  x x1 shared file 0 page 0 dirty
process B
  y x1 shared file 0 page 0
P0 of process 0 'munmap' registers -
  Munmap(page[0.0.0], 4096)   # munmap(x, 4096)
P1 of process 0 'user store' registers -
  Store.once(page[0.0.0], 2)   # WRITE_ONCE(*x, 2)
P2 of process 1 'msync' registers -
  Msync(page[1.0.0], 4096)   # msync(y, 4096, MS_SYNC)
)");
}

TEST(Catalog, MapfixedStoreWritebackEvict) {
  EXPECT_EQ(without_expectations(load_scenario(catalog_file("mapfixed+store+writeback-evict"))),
            R"(scenario mapfixed+store+writeback-evict
file f x1
process A
  x x1 shared file 0 page 0 dirty
process B
P0 of process 0 'mmap MAP_FIXED' registers -
  Mmap(page[0.0.0], 4096, 3, 17, file[0], 0)   )"
            R"(# mmap(x, 4096, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, f, 0)
P1 of process 0 'user store' registers -
  Store.once(page[0.0.0], 2)   # WRITE_ONCE(*x, 2)
P2 of process 1 'writeback, evict' registers r0
  PosixFadvise(file[0], 0, 4096)   # posix_fadvise(f, 0, 4096, POSIX_FADV_DONTNEED)
  r[0] = Pread(file[0], 0)   # r0 = pread(f, 0)
)");
}

TEST(Catalog, BatchOverflow) {
  EXPECT_EQ(without_expectations(load_scenario(catalog_file("batch-overflow+store+msync"))),
            R"(scenario batch-overflow+store+msync
file f x3
process A
  x x3 shared file 0 page 0 dirty
process B
  y x3 shared file 0 page 0
gather batch 1
gather batches 1
P0 of process 0 'munmap' registers -
  Munmap(page[0.0.0], 12288)   # munmap(x, 12288)
P1 of process 0 'user store' registers -
  Store.once(page[0.0.2], 2)   # WRITE_ONCE(*(x + 8192), 2)
P2 of process 1 'msync' registers -
  Msync(page[1.0.0], 12288)   # msync(y, 12288, MS_SYNC)
)");
}

TEST(Catalog, AnonMunmapFolioReferenced) {
  EXPECT_EQ(without_expectations(load_scenario(catalog_file("anon-munmap+folio-referenced"))),
            R"(scenario anon-munmap+folio-referenced
process A
  x x1 anonymous dirty
P0 of process 0 'munmap' registers -
  Munmap(page[0.0.0], 4096)   # munmap(x, 4096)
P1 of the kernel 'kswapd' registers -
  FolioReferenced(page[0.0.0])   # folio_referenced(A:x)
)");
}

TEST(Catalog, Reclaim) {
  EXPECT_THAT(dump(load_scenario(catalog_file("munmap+store+reclaim"))),
              testing::HasSubstr(R"(P2 of the kernel 'kswapd' registers -
  Writeback(file[0])   # writeback(f)
  ShrinkFolioList(file[0])   # shrink_folio_list(f)
)"));
}

TEST(Catalog, PlacesAreThoseOfTheFile) {
  const Scenario scenario = parse_scenario(
      "C t\n{ file f;\n  process A { x = mmap(f, 1 page, MAP_SHARED), read; } }\n"
      "P0(A) {\n\tif (1) {\n    munmap(x, 4096);\n  }\n}\nexpect {\n  a, b: R-WRITE;\n}\n",
      "dir/f.litmus");
  const auto at = [](const SourcePlace& place) {
    return place.file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
  };
  EXPECT_EQ(at(scenario.files[0].place), "dir/f.litmus:2:8");
  EXPECT_EQ(at(scenario.processes[0].mappings[0].place), "dir/f.litmus:3:15");
  EXPECT_EQ(scenario.processes[0].mappings[0].populate, Populate::Read);
  EXPECT_EQ(at(scenario.threads[0].place), "dir/f.litmus:4:1");
  EXPECT_EQ(at(scenario.threads[0].body[0].place), "dir/f.litmus:5:2");
  EXPECT_EQ(at(scenario.threads[0].body[0].then_body[0].place), "dir/f.litmus:6:5");
  EXPECT_EQ(at(scenario.threads[0].body[0].then_body[0].expr.operands[0].place),
            "dir/f.litmus:6:12");
  EXPECT_EQ(at(scenario.expectations[1].place), "dir/f.litmus:10:6");
  EXPECT_EQ(scenario.expectations[1].rule, "R-WRITE");
}

}  // namespace
}  // namespace mmcheck::workload

// SPDX-License-Identifier: Apache-2.0
// The enumeration against brute force: one program of each set of those that are the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "sanitized.h"
#include "spaces.h"
#include "workload/program.h"

namespace mmcheck::hunt {
namespace {

/// All threads of up to `length` letters, by brute force.
std::vector<Sequence> all_threads(const Space& space, unsigned length) {
  std::vector<Sequence> all;
  std::vector<Sequence> last = {{}};
  for (unsigned i = 0; i < length; ++i) {
    std::vector<Sequence> longer;
    for (const Sequence& sequence : last) {
      for (LetterId letter = 0; letter < space.letters().size(); ++letter) {
        longer.push_back(sequence);
        longer.back().push_back(letter);
      }
    }
    for (const Sequence& sequence : longer) {
      if (space.can_run(sequence)) all.push_back(sequence);
    }
    last = std::move(longer);
  }
  return all;
}

void add_programs(const Space& space, const std::vector<Sequence>& threads, unsigned operations,
                  Program& program, std::set<std::string>& keys) {
  if (operations == 0) {
    Program sorted = program;
    std::sort(sorted.threads.begin(), sorted.threads.end(), [](const auto& a, const auto& b) {
      return a.size() != b.size() ? a.size() > b.size() : a < b;
    });
    if (space.fits(program)) keys.insert(sorted.key());
    return;
  }
  if (program.threads.size() == space.bounds().threads) return;
  for (const Sequence& thread : threads) {
    if (thread.size() > operations) continue;
    program.threads.push_back(thread);
    add_programs(space, threads, operations - static_cast<unsigned>(thread.size()), program, keys);
    program.threads.pop_back();
  }
}

std::set<std::string> by_brute_force(const Space& space, unsigned operations) {
  std::set<std::string> keys;
  for (const std::uint8_t start : space.starts()) {
    Program program;
    program.start = start;
    add_programs(space, all_threads(space, operations), operations, program, keys);
  }
  return keys;
}

void expect_all(const Space& space) {
  for (unsigned operations = 1; operations <= space.bounds().operations; ++operations) {
    std::set<std::string> keys;
    Enumeration all(space, operations);
    while (const Program* program = all.next()) {
      EXPECT_EQ(program->nr_operations(), operations);
      EXPECT_TRUE(keys.insert(program->key()).second) << space.name(*program) << " twice";
    }
    EXPECT_EQ(keys, by_brute_force(space, operations)) << operations << " operations";
    EXPECT_FALSE(keys.empty());
  }
}

TEST(Enumeration, GivesEachProgramOnce) {
  expect_all(space_of({.operations = 4, .threads = 3}, {"load", "store", "exit", "reclaim"},
                      {"shared", "anon"}));
}

TEST(Enumeration, TellsPagesAndProcessesApart) {
  expect_all(space_of({.operations = 3, .threads = 3, .processes = 2, .pages = 2},
                      {"store", "fsync", "reclaim"}));
}

TEST(Enumeration, TellsMappingsApart) {
  expect_all(space_of({.operations = 3, .threads = 3, .processes = 2},
                      {"store", "fsync", "reclaim"}, {"shared", "twice"}));
}

TEST(Enumeration, HoldsPagesWhereTheyAreUsed) {
  expect_all(space_of({.operations = 4, .threads = 2}, {"gup", "dirty", "put", "munmap"}));
}

TEST(Enumeration, KeepsWithinTheThreads) {
  const Space space = space_of({.operations = 3, .threads = 2}, {"load"});
  Enumeration two(space, 3);
  std::vector<std::string> names;
  while (const Program* program = two.next()) names.push_back(space.name(*program));
  EXPECT_EQ(names, (std::vector<std::string>{"load.load+load", "load.load.load"}));
}

// What works on addresses does so in each mapping; the file and the page are the same.
TEST(Enumeration, NamesTheSecondMappingWhereThereIsOne) {
  const Space space =
      space_of({.operations = 1}, {"munmap", "fsync", "reclaim"}, {"shared", "twice"});
  Enumeration one(space, 1);
  std::vector<std::string> names;
  while (const Program* program = one.next()) {
    names.push_back(std::string(starts()[program->start].name) + " " + space.name(*program));
  }
  EXPECT_EQ(names, (std::vector<std::string>{"shared munmap", "shared fsync", "shared reclaim",
                                             "twice munmap", "twice munmap-again", "twice fsync",
                                             "twice reclaim"}));
}

// 15 programs of two threads and 25 of one: the sample meets all of them, none much more often than
// another.
TEST(Sampling, IsUniform) {
  const Space space =
      space_of({.operations = 2, .threads = 2}, {"load", "store", "munmap", "fsync", "msync"});
  std::size_t in_all = 0;
  Enumeration all(space, 2);
  while (all.next() != nullptr) ++in_all;
  EXPECT_EQ(in_all, 40u);
  std::map<std::string, unsigned> counts;
  Sampling sample(space, 2, 7);
  constexpr unsigned kEach = 500;
  for (std::size_t i = 0; i < in_all * kEach; ++i) ++counts[sample.next().key()];
  EXPECT_EQ(counts.size(), in_all);
  for (const auto& [key, count] : counts) EXPECT_NEAR(count, kEach, 5 * 22.4) << key;
}

TEST(Space, RefusesWhatNothingFits) { EXPECT_THROW(space_of({}, {"fsync"}, {"anon"}), InputError); }

// There would be nothing to explore, and it would be held.
TEST(Space, RefusesAChildThatNobodyForks) {
  EXPECT_THROW(space_of({}, {"load"}, {"fork"}), InputError);
  EXPECT_THROW(space_of({}, {"load"}, {"shared", "fork"}), InputError);
}

// Who waits to be born is forked once, and runs then.
TEST(Space, ForksOnceWhereAChildIsNamed) {
  const Space space =
      space_of({.operations = 2, .threads = 2}, {"load", "store", "fork"}, {"fork"});
  std::set<std::string> names;
  Enumeration all(space, 2);
  while (const Program* program = all.next()) names.insert(space.name(*program));
  EXPECT_EQ(names, (std::set<std::string>{"load+fork", "store+fork", "load-B+fork", "store-B+fork",
                                          "load.fork", "store.fork", "fork.load", "fork.store"}));
}

TEST(Space, WritesToNoPageThatItMayOnlyRead) {
  const Space space =
      space_of({.operations = 2, .threads = 1}, {"gup", "gup-read", "copy", "copy-from"}, {"anon"});
  std::set<std::string> names;
  Enumeration all(space, 2);
  while (const Program* program = all.next()) names.insert(space.name(*program));
  EXPECT_EQ(names, (std::set<std::string>{"gup.copy", "gup.copy-from", "gup-read.copy-from"}));
}

// However long: titles have a limit.
TEST(Space, WritesScenariosOfTheLargestPrograms) {
  const Space space = space_of({.operations = kOperationsMax, .threads = 1},
                               {"get-anon-vma", "rmap-walk"}, {"anon"});
  Enumeration all(space, kOperationsMax);
  unsigned number = 0;
  while (const Program* program = all.next()) {
    ++number;
    EXPECT_NO_THROW(workload::parse_scenario(space.text(*program), "program"));
  }
  EXPECT_EQ(number, 1u << kOperationsMax);
}

// What the enumeration gives can be read back as a scenario, whatever the operation.
TEST(Space, WritesScenarios) {
  std::vector<std::string_view> operations;
  for (const Operation& operation : hunt::operations()) operations.push_back(operation.name);
  std::vector<std::string_view> starts;
  for (const Start& start : hunt::starts()) {
    if (start.pages_min <= 2) starts.push_back(start.name);  // With more it takes long.
  }
  const Space space =
      space_of({.operations = 2, .threads = 2, .processes = 2, .pages = 2}, operations, starts);
  Enumeration all(space, 2);
  std::set<std::string> used;
  constexpr unsigned kOneOf = 5 / fewer_if_sanitized(5);  // reading them takes long
  unsigned number = 0;
  while (const Program* program = all.next()) {
    for (const Sequence& thread : program->threads) {
      for (const LetterId letter : thread) {
        used.emplace(space.letters()[letter].operation->name);
      }
    }
    if (++number % kOneOf != 0) continue;
    const workload::Scenario scenario = workload::parse_scenario(space.text(*program), "program");
    EXPECT_EQ(scenario.threads.size(), program->threads.size());
    EXPECT_EQ(space.program_of(program->key()), *program);
  }
  EXPECT_EQ(used.size(), operations.size());
}

}  // namespace
}  // namespace mmcheck::hunt

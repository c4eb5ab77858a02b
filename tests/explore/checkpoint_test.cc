// SPDX-License-Identifier: Apache-2.0
// A search that was saved and taken up again ends like one that was left alone.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "classic.h"

namespace classic {
namespace {

using mmcheck::InputError;
using mmcheck::explore::OnViolation;
using mmcheck::explore::Options;
using mmcheck::explore::Program;
using mmcheck::explore::Result;
using mmcheck::explore::Scenario;

class Search {
 public:
  Search(std::string_view name, std::vector<unsigned> numbers, unsigned jobs)
      : name_(name), numbers_(std::move(numbers)), jobs_(jobs) {}

  Result run(const std::string& resume, std::vector<std::string>* states) const {
    auto program = make();
    Options options{.on_violation = OnViolation::Continue, .jobs = jobs_};
    options.checkpoints.resume = resume;
    if (states != nullptr) {
      options.checkpoints.due = [] { return true; };
      options.checkpoints.save = [=](const std::string& state) { states->push_back(state); };
    }
    return mmcheck::explore::explore(
        *program, [this]() -> std::unique_ptr<Program> { return make(); }, options);
  }

 private:
  std::unique_ptr<Scenario> make() const {
    auto result = std::make_unique<Scenario>();
    build(*result, name_, numbers_);
    return result;
  }

  std::string_view name_;
  std::vector<unsigned> numbers_;
  unsigned jobs_;
};

void expect_same_totals(const Search& search) {
  const Result alone = search.run({}, nullptr);
  std::vector<std::string> states;
  const Result saved = search.run({}, &states);
  EXPECT_EQ(saved.executions, alone.executions);
  ASSERT_GT(states.size(), 2u);
  for (const std::string& state : states) {
    const Result resumed = search.run(state, nullptr);
    EXPECT_TRUE(resumed.complete);
    EXPECT_EQ(resumed.executions, alone.executions);
  }
}

TEST(Checkpoint, AResumedSearchEndsWithTheSameTotals) {
  expect_same_totals(Search("fib_bench", {4}, 1));
  expect_same_totals(Search("lastzero", {10}, 1));
}

TEST(Checkpoint, SoDoesOneOfSeveralLanes) { expect_same_totals(Search("fib_bench", {4}, 3)); }

TEST(Checkpoint, DamageIsNoticed) {
  const Search search("lastzero", {10}, 1);
  std::vector<std::string> states;
  search.run({}, &states);
  const std::string& good = states.front();
  for (std::size_t size : {std::size_t{1}, std::size_t{7}, good.size() / 2, good.size() - 1}) {
    EXPECT_THROW(search.run(good.substr(0, size), nullptr), InputError) << size;
  }
  for (std::size_t i = 0; i < good.size(); i += 1 + good.size() / 50) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 4);
    EXPECT_THROW(search.run(bad, nullptr), InputError) << i;
  }
}

}  // namespace
}  // namespace classic

// SPDX-License-Identifier: Apache-2.0
// A side that is wrong on purpose is found; one that is not, is not.
#include "conform/campaign.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cerrno>
#include <filesystem>

#include "conform/model.h"
#include "conform/native.h"
#include "conform/text.h"

namespace mmcheck::conform {
namespace {

std::unique_ptr<Side> host() {
  return std::make_unique<Host>(std::filesystem::temp_directory_path().string());
}

using Mistake = std::function<void(const Program&, Outcome&)>;

/// Another side, but for a mistake.
class Mistaken final : public Side {
 public:
  Mistaken(std::unique_ptr<Side> side, Mistake mistake)
      : side_(std::move(side)), mistake_(std::move(mistake)) {}

  void begin(const Program& program) override {
    program_ = &program;
    side_->begin(program);
  }
  Outcome finish() override {
    Outcome outcome = side_->finish();
    mistake_(*program_, outcome);
    return outcome;
  }

 private:
  std::unique_ptr<Side> side_;
  Mistake mistake_;
  const Program* program_ = nullptr;
};

struct Found {
  Summary summary;
  std::vector<Difference> differences;
};

Found run_with(const Mistake& mistake, std::uint64_t programs, unsigned jobs = 1,
               const SideFactory& side = &host) {
  Found found;
  Options options;
  options.programs = programs;
  options.jobs = jobs;
  options.host = &host;
  options.model = [&] { return std::make_unique<Mistaken>(side(), mistake); };
  options.on_difference = [&](const Difference& difference) {
    found.differences.push_back(difference);
  };
  found.summary = run(options);
  return found;
}

/// munmap() of an address that is no multiple of a page succeeds.
void forget_alignment(const Program& program, Outcome& outcome) {
  for (std::size_t i = 0; i < program.calls.size(); ++i) {
    const Call& call = program.calls[i];
    if (call.op == Op::Munmap && call.operands[0] % kPage != 0 && call.operands[1] > 0) {
      outcome.results[i].value = 0;
    }
  }
}

/// A store to a page that may only be read raises SIGBUS.
void confuse_signals(const Program& program, Outcome& outcome) {
  for (std::size_t i = 0; i < program.calls.size(); ++i) {
    Word& word = outcome.results[i].words[0];
    if (program.calls[i].op == Op::Store && word.fault == Fault::Sigsegv)
      word.fault = Fault::Sigbus;
  }
}

TEST(Campaign, OfTheHostWithItselfAgrees) {
  const Found found = run_with([](const Program&, Outcome&) {}, 200, 2);
  EXPECT_EQ(found.summary.differ, 0u);
  EXPECT_EQ(found.summary.agree + found.summary.unsteady, 200u);
  EXPECT_EQ(found.summary.refused, 0u);
}

TEST(Campaign, FindsAForgottenError) {
  const Found found = run_with(&forget_alignment, 500);
  ASSERT_GT(found.differences.size(), 0u);
  const Difference& first = found.differences.front();
  EXPECT_EQ(first.program.calls.size(), 1u);
  EXPECT_EQ(first.host.results[0].value, -EINVAL);
  EXPECT_EQ(first.model.results[0].value, 0);
}

TEST(Campaign, FindsAForgottenErrorOfTheModel) {
  const design::Design* design = design::find_design("linux-6.12");
  ASSERT_NE(design, nullptr);
  const Found found =
      run_with(&forget_alignment, 500, 1, [design] { return std::make_unique<Model>(*design); });
  ASSERT_GT(found.differences.size(), 0u);
  EXPECT_EQ(found.differences.front().program.calls.size(), 1u);
  EXPECT_EQ(found.differences.front().program.calls[0].op, Op::Munmap);
}

TEST(Campaign, FindsAWrongSignal) {
  const Found found = run_with(&confuse_signals, 100);
  ASSERT_GT(found.differences.size(), 0u);
  EXPECT_EQ(found.differences.front().program.calls.size(), 1u) << "a store to nothing";
}

TEST(Campaign, FindsTheSameWithSeveralJobs) {
  const auto numbers = [](const Found& found) {
    std::vector<std::uint64_t> all;
    for (const Difference& difference : found.differences) all.push_back(difference.number);
    return all;
  };
  EXPECT_EQ(numbers(run_with(&confuse_signals, 100, 1)),
            numbers(run_with(&confuse_signals, 100, 3)));
}

TEST(Campaign, CountsWhatIsRefused) {
  const Found found = run_with(
      [](const Program& program, Outcome& outcome) {
        for (const Call& call : program.calls) {
          if (call.op == Op::Mremap) outcome.refused = "no mremap here";
        }
      },
      100);
  EXPECT_GT(found.summary.refused, 0u);
  EXPECT_EQ(found.summary.refused, found.summary.reasons.at("no mremap here"));
  EXPECT_EQ(found.differences.size(), 0u);
}

TEST(Campaign, AModelThatFailsDiffers) {
  const Found found = run_with(
      [](const Program& program, Outcome& outcome) {
        for (const Call& call : program.calls) {
          if (call.op == Op::Mremap) outcome.error = "mremap fails";
        }
      },
      30);
  ASSERT_GT(found.differences.size(), 0u);
  EXPECT_EQ(found.differences.front().program.calls.size(), 1u);
}

}  // namespace
}  // namespace mmcheck::conform

// SPDX-License-Identifier: Apache-2.0
#include "explore/step_coverage.h"

#include <gtest/gtest.h>

#include <functional>

#include "explore/explorer.h"

namespace mmcheck::explore {
namespace {

using Pair = StepCoverage::Pair;
using Pairs = std::set<Pair>;
using Steps = std::set<std::string_view>;

/// Threads as lambdas; two words.
class Program2 final : public Program {
 public:
  using Body = std::function<void(Execution&, ObjectId, ObjectId)>;
  explicit Program2(std::vector<Body> bodies) : bodies_(std::move(bodies)) {}

  void setup(Execution& execution) override {
    x_ = &execution;
    first_ = execution.new_object(0, {.format = "first"});
    second_ = execution.new_object(0, {.format = "second"});
    threads_.clear();
    threads_.reserve(bodies_.size());
    for (Body& body : bodies_) {
      threads_.push_back({this, &body});
      execution.spawn(
          "thread", CpuId{},
          [](void* at) {
            const auto& thread = *static_cast<Thread*>(at);
            (*thread.body)(*thread.self->x_, thread.self->first_, thread.self->second_);
          },
          &threads_.back());
    }
  }

 private:
  struct Thread {
    Program2* self;
    Body* body;
  };
  std::vector<Body> bodies_;
  std::vector<Thread> threads_;
  Execution* x_ = nullptr;
  ObjectId first_{}, second_{};
};

StepCoverage covered(std::vector<Program2::Body> bodies, Strategy strategy = Strategy::Dpor) {
  Program2 program(std::move(bodies));
  StepCoverage coverage;
  Options options;
  options.strategy = strategy;
  options.coverage = &coverage;
  if (strategy == Strategy::Random) options.executions_max = 100;
  explore(program, options);
  return coverage;
}

void write(Execution& x, std::string_view text, ObjectId word, std::uint64_t value = 1) {
  x.step({.format = text});
  x.write(word, value);
}

void read(Execution& x, std::string_view text, ObjectId word) {
  x.step({.format = text});
  x.read_last(word);
}

TEST(StepCoverage, HasAConflictInBothOrders) {
  for (const Strategy strategy : {Strategy::Dpor, Strategy::Bounded, Strategy::Random}) {
    const StepCoverage coverage =
        covered({[](Execution& x, ObjectId a, ObjectId) { write(x, "write", a); },
                 [](Execution& x, ObjectId a, ObjectId b) {
                   read(x, "read", a);
                   write(x, "alone", b);
                 }},
                strategy);
    EXPECT_EQ(coverage.steps(), (Steps{"write", "read", "alone"}));
    EXPECT_EQ(coverage.pairs(), (Pairs{{"write", "read"}, {"read", "write"}}));
  }
}

TEST(StepCoverage, HasNoConflictOfReads) {
  const auto reads = [](Execution& x, ObjectId a, ObjectId) { read(x, "read", a); };
  EXPECT_EQ(covered({reads, reads}).pairs(), Pairs{});
}

TEST(StepCoverage, HasWhatOnlyOneOrderAllows) {
  const StepCoverage coverage =
      covered({[](Execution& x, ObjectId a, ObjectId) { write(x, "release", a); },
               [](Execution& x, ObjectId a, ObjectId) {
                 x.step_when({.object = a, .expected = 1}, {.format = "wait"});
               }});
  EXPECT_EQ(coverage.pairs(), (Pairs{{"release", "wait"}}));
}

/// The read comes behind both writes or before both; the first is never directly before it.
TEST(StepCoverage, LeavesOutWhatSomethingElseComesBetween) {
  const StepCoverage coverage =
      covered({[](Execution& x, ObjectId a, ObjectId b) {
                 x.step({.format = "both"});
                 x.write(a, 1);
                 x.write(b, 1);
                 write(x, "second", b, 2);
               },
               [](Execution& x, ObjectId a, ObjectId b) {
                 x.step_when({.object = b, .expected = 2}, {.format = "wait"});
                 read(x, "read", a);
               }});
  EXPECT_EQ(coverage.pairs(), (Pairs{{"second", "wait"}}));
}

TEST(StepCoverage, OfAStepThatNobodyMakesThereIsNothing) {
  const StepCoverage coverage = covered({[](Execution& x, ObjectId a, ObjectId) {
    x.step({.format = "read"});
    if (x.read(a) != 0) write(x, "never", a);
  }});
  EXPECT_EQ(coverage.steps(), Steps{"read"});
}

TEST(StepCoverage, AddsUp) {
  const auto writes = [](Execution& x, ObjectId a, ObjectId) { write(x, "write", a); };
  const auto reads = [](Execution& x, ObjectId a, ObjectId) { read(x, "read", a); };
  StepCoverage sum = covered({reads, reads});
  sum.add(covered({writes, writes}));
  EXPECT_EQ(sum.steps(), (Steps{"read", "write"}));
  EXPECT_EQ(sum.pairs(), (Pairs{{"write", "write"}}));
}

}  // namespace
}  // namespace mmcheck::explore

// SPDX-License-Identifier: Apache-2.0
// Executions in a given order, by hand and against brute force.
#include "explore/ordered.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "explore/engine.h"
#include "random_program.h"
#include "script.h"

namespace mmcheck::explore {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;
using Until = Leg::Until;

class Ordered : public testing::Test {
 protected:
  void SetUp() override {
    if (!Fibers::can_restore()) GTEST_SKIP() << "states cannot be told in this build";
  }
};

std::set<OrderedEnd> ends_of(const OrderedResult& result) {
  std::set<OrderedEnd> ends;
  for (const auto& [end, schedule] : result.ends) ends.insert(end);
  return ends;
}

/// Word 0 is a lock, word 1 is data: the first thread adds 1 in a call of f under the lock, the
/// second doubles it in a call of g.
class TwoUnderALock : public Script {
 public:
  TwoUnderALock() : Script({0, 1}) {
    thread([](Script& s) {
      s.execution().step_when(s.word(0).is(0), {.format = "lock(a)"});
      s.word(0).write(1);
      s.execution().step({.format = "f(x)"});
      const std::uint64_t value = s.word(1).read();
      s.execution().step({.format = "f(): the rest"});
      s.word(1).write(value + 1);
      s.execution().step({.format = "unlock(a)"});
      s.word(0).write(0);
    });
    thread([](Script& s) {
      s.execution().step_when(s.word(0).is(0), {.format = "lock(a)"});
      s.word(0).write(1);
      s.execution().step({.format = "g(x)"});
      s.word(1).write(2 * s.word(1).read());
      s.execution().step({.format = "unlock(a)"});
      s.word(0).write(0);
    });
    at_end([this](Script& s) { values.insert(s.word(1).read()); });
  }
  bool rewindable() const override { return true; }

  std::set<std::uint64_t> values;
};

std::set<OrderedEnd> ends_of(Program& program, const std::vector<Leg>& legs) {
  const OrderedResult result = explore_ordered(program, legs, 2);
  EXPECT_TRUE(result.complete);
  return ends_of(result);
}

TEST_F(Ordered, OneThreadAfterTheOther) {
  TwoUnderALock program;
  EXPECT_THAT(ends_of(program, {{.thread = 1}}),
              ElementsAre(OrderedEnd{.rule = {}, .legs = {LegEnd::Reached}}));
  EXPECT_THAT(program.values, ElementsAre(3u));
  program.values.clear();
  ends_of(program, {{.thread = 0}});
  EXPECT_THAT(program.values, ElementsAre(4u));
  program.values.clear();
  ends_of(program, {});
  EXPECT_THAT(program.values, ElementsAre(3u, 4u));
}

TEST_F(Ordered, AThreadThatCannotGoOnIsBlocked) {
  TwoUnderALock program;
  const Leg to_f{.thread = 0, .until = Until::Before, .functions = {"f"}};
  EXPECT_THAT(ends_of(program, {to_f, {.thread = 1}}),
              ElementsAre(OrderedEnd{.rule = {}, .legs = {LegEnd::Reached, LegEnd::Blocked}}));
  EXPECT_THAT(program.values, ElementsAre(4u));
}

TEST_F(Ordered, ACallIsOverWhenItsLastStepIsMade) {
  TwoUnderALock program;
  const Leg after{.thread = 0, .until = Until::After, .functions = {"f"}};
  const Leg unlock{.thread = 0, .until = Until::Before, .functions = {"unlock"}};
  for (const auto& [end, schedule] : explore_ordered(program, {after, unlock}, 2).ends) {
    EXPECT_THAT(end.legs, ElementsAre(LegEnd::Reached, LegEnd::Reached));
    const trace::Record record = replay(program, schedule);
    EXPECT_EQ(record.steps[2].text, "f(): the rest");
  }
}

TEST_F(Ordered, ACallIsOverBeforeTheStepThatFollowsIt) {
  TwoUnderALock program;
  const Leg after{
      .thread = 0, .until = Until::After, .functions = {"lock"}, .followed_by = {"unlock"}};
  const OrderedResult result = explore_ordered(program, {after, {.thread = 1}}, 2);
  ASSERT_EQ(result.ends.size(), 1u);
  EXPECT_EQ(result.ends.begin()->first.legs.back(), LegEnd::Blocked);
}

TEST_F(Ordered, StepsInARowAreOneCall) {
  TwoUnderALock program;
  // "f(x)" and "unlock(a)" are two calls, with "f(): the rest" between them.
  const Leg after{.thread = 0, .until = Until::After, .functions = {"f", "unlock"}, .time = 2};
  EXPECT_EQ(ends_of(program, {after}).begin()->legs.back(), LegEnd::Reached);
  Leg in_a_row = after;
  in_a_row.in_a_row = true;
  EXPECT_EQ(ends_of(program, {in_a_row}).begin()->legs.back(), LegEnd::Missed);
  in_a_row.time = 1;
  const OrderedResult result = explore_ordered(program, {in_a_row, {.thread = 1}}, 2);
  // The call is over when the lock is free again.
  ASSERT_EQ(result.ends.size(), 1u);
  EXPECT_EQ(result.ends.begin()->first.legs.back(), LegEnd::Reached);
}

TEST_F(Ordered, WhoStandsBeforeACallComesToTheNextOne) {
  TwoUnderALock program;
  const Leg to_f{.thread = 0, .until = Until::Before, .functions = {"f"}};
  EXPECT_THAT(ends_of(program, {to_f, to_f}),
              ElementsAre(OrderedEnd{.rule = {}, .legs = {LegEnd::Reached, LegEnd::Missed}}));
}

TEST_F(Ordered, ExecutionsAreLeftOutInWhichAThreadMakesAStep) {
  TwoUnderALock program;
  EXPECT_TRUE(ends_of(program, {{.thread = 1, .without = {"g("}}}).empty());
  // Also where it comes to it and cannot make it.
  const Leg to_f{.thread = 0, .until = Until::Before, .functions = {"f"}};
  EXPECT_TRUE(ends_of(program, {to_f, {.thread = 1, .without = {"lock("}}}).empty());
  EXPECT_EQ(ends_of(program, {{.thread = 1, .without = {"f("}}}).size(), 1u);
}

TEST_F(Ordered, ThreadsThatAreInNoOrderMoveAtAnyTime) {
  TwoUnderALock program;
  const Leg to_f{.thread = 0, .until = Until::Before, .functions = {"f"}};
  const OrderedResult result = explore_ordered(program, {to_f}, 1);
  EXPECT_THAT(program.values, ElementsAre(3u, 4u));
  EXPECT_EQ(ends_of(result).size(), 1u);
}

// --- brute force: every schedule, each looked at from its beginning ------------------------------

/// What is known of a thread at a time: what it is about to do, and whether it can.
struct Moment {
  std::vector<std::string> next;
  std::uint32_t enabled = 0;
};

struct Move {
  unsigned thread = 0;
  std::uint64_t label = 0;
};

bool calls(const std::vector<std::string_view>& functions, const std::string& text) {
  for (const std::string_view function : functions) {
    if (text.starts_with(std::string(function) + "(")) return true;
  }
  return false;
}
bool calls(const Leg& leg, const std::string& text) { return calls(leg.functions, text); }

/// Follows one schedule. Random programs have no call of more than one step.
class Follower {
 public:
  Follower(const std::vector<Leg>& legs, unsigned nr_ordered)
      : legs_(legs), nr_ordered_(nr_ordered), ends_(legs.size(), LegEnd::Open) {}

  void arrive(const Moment& now) {
    while (at_ < legs_.size() && is_over(now)) {
      at_ += 1;
      count_ = 0;
    }
  }

  bool may_move(const Moment& now, unsigned thread) const {
    if ((now.enabled >> thread & 1) == 0) return false;
    return at_ == legs_.size() || thread >= nr_ordered_ || legs_[at_].thread == thread ||
           free_.contains(thread);
  }

  void moved(const Moment& before, unsigned thread) {
    if (at_ < legs_.size() && legs_[at_].thread == thread && legs_[at_].until == Until::After) {
      const bool first = !legs_[at_].in_a_row || !calls(legs_[at_], made_[thread]);
      count_ += first && calls(legs_[at_], before.next[thread]) ? 1 : 0;
    }
    made_[thread] = before.next[thread];
    stands_.erase(thread);
    fresh_ = thread;
  }

  OrderedEnd end(const std::string& rule) const { return {.rule = rule, .legs = ends_}; }

 private:
  bool is_over(const Moment& now) {
    const Leg& leg = legs_[at_];
    const std::string& next = now.next[leg.thread];
    const bool begins = begun_ != at_;
    if (begins) {
      begun_ = at_;
      free_.erase(leg.thread);
      fresh_ = stands_.contains(leg.thread) ? std::nullopt : std::optional(leg.thread);
    }
    const bool same = leg.in_a_row && !begins && calls(leg, made_[leg.thread]);
    if (leg.until == Until::Before && fresh_ == leg.thread && calls(leg, next) && !same) {
      count_ += 1;
    }
    fresh_.reset();
    const bool on =
        leg.followed_by.empty() ? leg.in_a_row && calls(leg, next) : !calls(leg.followed_by, next);
    const bool waits = leg.until == Until::After && on;
    if (leg.until != Until::End && count_ == leg.time && !waits) {
      if (leg.until == Until::Before) stands_.insert(leg.thread);
      return over(LegEnd::Reached);
    }
    if (next.empty()) return over(leg.until == Until::End ? LegEnd::Reached : LegEnd::Missed);
    for (unsigned i = 0; i < now.next.size(); ++i) {
      if (may_move(now, i)) return false;
    }
    free_.insert(leg.thread);
    return over(LegEnd::Blocked);
  }

  bool over(LegEnd end) {
    ends_[at_] = end;
    return true;
  }

  const std::vector<Leg>& legs_;
  unsigned nr_ordered_;
  std::size_t at_ = 0;
  std::size_t begun_ = ~std::size_t{0};
  unsigned count_ = 0;
  std::set<unsigned> free_;
  std::set<unsigned> stands_;
  std::map<unsigned, std::string> made_;
  std::optional<unsigned> fresh_;  ///< who has just come to where it is
  std::vector<LegEnd> ends_;
};

class BruteForce {
 public:
  BruteForce(Program& program, const std::vector<Leg>& legs, unsigned nr_ordered)
      : engine_(program, {.logging = false, .real_time = true}),
        legs_(legs),
        nr_ordered_(nr_ordered) {}

  /// Nothing, if there are too many schedules.
  std::optional<std::set<OrderedEnd>> ends() {
    search({});
    if (nr_runs_ > kRunsMax) return std::nullopt;
    return ends_;
  }

 private:
  static constexpr unsigned kRunsMax = 3'000;

  Moment moment() const {
    Moment now{.next = {}, .enabled = engine_.enabled()};
    for (unsigned i = 0; i < engine_.nr_threads(); ++i) now.next.emplace_back(engine_.next_step(i));
    return now;
  }

  void search(const std::vector<Move>& moves) {
    if (++nr_runs_ > kRunsMax) return;
    engine_.begin();
    Follower follower(legs_, nr_ordered_);
    follower.arrive(moment());
    for (const Move& move : moves) {
      const Moment before = moment();
      engine_.run(move.thread, move.label);
      follower.moved(before, move.thread);
      if (!engine_.violated()) follower.arrive(moment());
    }
    std::vector<Move> next;
    if (!engine_.violated()) next = options(follower);
    if (!next.empty()) {
      for (const Move& move : next) {
        std::vector<Move> longer = moves;
        longer.push_back(move);
        search(longer);
      }
      return;
    }
    const bool broken = engine_.conclude() == Ending::Violated;
    ends_.insert(follower.end(broken ? std::string(engine_.reported()->violation.rule) : ""));
  }

  std::vector<Move> options(const Follower& follower) {
    std::vector<Move> found;
    const Moment now = moment();
    std::uint64_t labels[Alternatives::kMax];
    for (unsigned i = 0; i < engine_.nr_threads(); ++i) {
      if (!follower.may_move(now, i)) continue;
      const unsigned nr_labels = engine_.list(i, labels);
      for (unsigned k = 0; k < nr_labels; ++k) found.push_back({i, labels[k]});
    }
    return found;
  }

  Engine engine_;
  const std::vector<Leg>& legs_;
  unsigned nr_ordered_;
  unsigned nr_runs_ = 0;
  std::set<OrderedEnd> ends_;
};

std::vector<Leg> random_legs(std::mt19937_64& random, unsigned nr_threads) {
  constexpr std::string_view kFunctions[] = {"access", "lock", "unlock", "choose", "trylock"};
  std::vector<Leg> legs(1 + random() % 4);
  for (Leg& leg : legs) {
    leg.thread = static_cast<unsigned>(random() % nr_threads);
    leg.until = static_cast<Until>(random() % 3);
    if (leg.until == Until::End) continue;
    leg.functions = {kFunctions[random() % std::size(kFunctions)]};
    if (random() % 2 == 0) leg.functions.push_back("access");
    leg.time = 1 + static_cast<unsigned>(random() % 2);
    leg.in_a_row = random() % 3 == 0;
    if (leg.until == Until::After && random() % 3 == 0) leg.followed_by = {"unlock", "choose"};
  }
  return legs;
}

unsigned nr_plain_threads(Program& program) {
  Engine engine(program, {.logging = false});
  engine.begin();
  unsigned nr = 0;
  while (nr < engine.nr_threads() && !engine.is_handler(nr)) ++nr;
  return nr;
}

TEST_F(Ordered, SeesWhatBruteForceSees) {
  unsigned nr_compared = 0;
  unsigned nr_kinds[4] = {};
  for (std::uint64_t seed = 1; nr_compared < 300; ++seed) {
    RandomProgram program(seed, {.violations = seed % 3 == 0,
                                 .steps_max = 2 + static_cast<unsigned>(seed % 4),
                                 .histories = seed % 2 == 0,
                                 .rewindable = true});
    const unsigned nr_ordered = nr_plain_threads(program);
    std::mt19937_64 random(seed);
    const std::vector<Leg> legs = random_legs(random, nr_ordered);
    const auto expected = BruteForce(program, legs, nr_ordered).ends();
    if (!expected) continue;
    ++nr_compared;
    const OrderedResult result = explore_ordered(program, legs, nr_ordered);
    ASSERT_TRUE(result.complete);
    ASSERT_EQ(ends_of(result), *expected) << "seed " << seed << "\n" << program.text();
    for (const OrderedEnd& end : *expected) {
      for (const LegEnd leg : end.legs) ++nr_kinds[static_cast<unsigned>(leg)];
    }
  }
  // Each way to end a leg was among them.
  for (const unsigned nr : nr_kinds) EXPECT_GT(nr, 5u);
}

}  // namespace
}  // namespace mmcheck::explore

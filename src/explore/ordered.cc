// SPDX-License-Identifier: Apache-2.0
// As in stateful.cc states are known by hashes, here together with how far the order is. There are
// no sleep sets: two steps that commute in the program need not commute in the order. Few threads
// may move at a time, so there are few states.
#include "explore/ordered.h"

#include <algorithm>
#include <array>
#include <bit>
#include <boost/unordered/unordered_flat_set.hpp>
#include <utility>

#include "base/error.h"
#include "explore/class_hash.h"
#include "explore/engine.h"
#include "explore/explorer.h"

namespace mmcheck::explore {
namespace {

constexpr std::uint32_t bit(unsigned thread) { return 1u << thread; }

/// Whether "f(x)" is a step of f, and "f():" one that is not its first.
bool is_step_of(std::string_view function, std::string_view text) {
  return text.starts_with(function) && text.substr(function.size()).starts_with('(');
}
bool goes_on(std::string_view function, std::string_view text) {
  return is_step_of(function, text) && text.substr(function.size()).starts_with("():");
}

bool is_step_of(const std::vector<std::string_view>& functions, std::string_view text) {
  return std::any_of(functions.begin(), functions.end(),
                     [&](std::string_view function) { return is_step_of(function, text); });
}
bool goes_on(const Leg& leg, std::string_view made, std::string_view next) {
  if (leg.in_a_row && is_step_of(leg.functions, made)) return is_step_of(leg.functions, next);
  return std::any_of(leg.functions.begin(), leg.functions.end(),
                     [&](std::string_view function) { return goes_on(function, next); });
}
/// Whether the step behind `made` begins a call. `made` is empty if it is not known.
bool begins(const Leg& leg, std::string_view made, std::string_view next) {
  return is_step_of(leg.functions, next) && !goes_on(leg, made, next);
}
/// Whether a call that has begun is over.
bool is_over(const Leg& leg, std::string_view made, std::string_view next) {
  if (!leg.followed_by.empty()) return is_step_of(leg.followed_by, next);
  return is_step_of(leg.functions, made) && !goes_on(leg, made, next);
}

/// How far the order is.
struct Stage {
  std::uint32_t leg = 0;
  std::uint32_t calls = 0;     ///< on this leg
  bool reached = false;        ///< the leg's thread is where it is to stop
  std::uint32_t running = 0;   ///< threads that were blocked: they move when they can
  std::uint32_t standing = 0;  ///< threads before a call at which a leg has ended
  std::array<std::string_view, kThreadsMax> made = {};  ///< by thread: its last step
  std::vector<LegEnd> ends;
};

struct Option {
  unsigned thread = 0;
  std::uint64_t label = 0;
};

struct Position {
  Stage stage;
  std::vector<Option> todo;  ///< those before `next` are done, or being done
  std::size_t next = 0;
  ClassHash threads;
};

class OrderedSearch {
 public:
  OrderedSearch(Program& program, const std::vector<Leg>& legs, unsigned nr_ordered,
                std::uint64_t states_max)
      : legs_(legs),
        others_(~(bit(nr_ordered) - 1)),
        states_max_(states_max),
        engine_(program, {.real_time = true, .nameless = true, .rewinding = true}) {}

  OrderedResult run();

 private:
  bool visit();
  void make_step();
  bool back_up();
  void list_options(Position& position);
  void note_end(const Stage& stage);

  std::uint32_t allowed(const Stage& stage) const;
  void begin_leg(Stage& stage) const;
  void end_leg(Stage& stage, LegEnd end) const;
  bool settle(Stage& stage) const;
  void look(Stage& stage, unsigned thread, std::string_view made) const;
  bool is_left_out(const Stage& stage) const;

  const std::vector<Leg>& legs_;
  std::uint32_t others_;  ///< threads that are in no order
  std::uint64_t states_max_;
  Engine engine_;
  std::vector<Position> positions_;
  std::size_t depth_ = 0;
  boost::unordered_flat_set<ClassHash, HashOfClass> known_;
  OrderedResult result_;
};

OrderedResult OrderedSearch::run() {
  engine_.begin();
  engine_.log().truncate(0);
  Position& first = positions_.emplace_back();
  first.stage.ends.assign(legs_.size(), LegEnd::Open);
  for (unsigned i = 0; i < engine_.nr_threads(); ++i) {
    first.threads = first.threads + engine_.hash_of_thread(i);
  }
  begin_leg(first.stage);
  bool complete = true;
  do {
    complete = visit() && complete;
  } while (complete && back_up());
  result_.states = known_.size();
  result_.complete = complete;
  return std::move(result_);
}

std::uint32_t OrderedSearch::allowed(const Stage& stage) const {
  if (stage.leg == legs_.size()) return ~0u;
  return others_ | stage.running | bit(legs_[stage.leg].thread);
}

void OrderedSearch::begin_leg(Stage& stage) const {
  stage.calls = 0;
  stage.reached = false;
  if (stage.leg == legs_.size()) return;
  const Leg& leg = legs_[stage.leg];
  stage.running &= ~bit(leg.thread);
  // Where it stands already, to come to a call means to come to the next one.
  const bool stands = (stage.standing & bit(leg.thread)) != 0;
  if (leg.until != Leg::Until::Before || stands) return;
  stage.calls = begins(leg, {}, engine_.next_step(leg.thread)) ? 1 : 0;
  stage.reached = stage.calls == leg.time;
}

void OrderedSearch::end_leg(Stage& stage, LegEnd end) const {
  const Leg& leg = legs_[stage.leg];
  stage.ends[stage.leg++] = end;
  if (end == LegEnd::Blocked) stage.running |= bit(leg.thread);
  if (end == LegEnd::Reached && leg.until == Leg::Until::Before) {
    stage.standing |= bit(leg.thread);
  }
  begin_leg(stage);
}

/// To the leg on which somebody can move. False: the execution is left out.
bool OrderedSearch::settle(Stage& stage) const {
  while (stage.leg < legs_.size()) {
    if (is_left_out(stage)) return false;
    const Leg& leg = legs_[stage.leg];
    if (stage.reached) {
      end_leg(stage, LegEnd::Reached);
    } else if (engine_.next_step(leg.thread).empty()) {
      end_leg(stage, leg.until == Leg::Until::End ? LegEnd::Reached : LegEnd::Missed);
    } else if ((engine_.enabled() & allowed(stage)) == 0) {
      end_leg(stage, LegEnd::Blocked);
    } else {
      return true;
    }
  }
  return true;
}

/// A thread has made a step.
void OrderedSearch::look(Stage& stage, unsigned thread, std::string_view made) const {
  if ((bit(thread) & others_) != 0) return;
  const std::string_view before = std::exchange(stage.made[thread], made);
  stage.standing &= ~bit(thread);
  if (stage.leg == legs_.size() || legs_[stage.leg].thread != thread) return;
  const Leg& leg = legs_[stage.leg];
  const std::string_view next = engine_.next_step(thread);
  switch (leg.until) {
    case Leg::Until::End:
      return;
    case Leg::Until::Before:
      stage.calls += begins(leg, made, next) ? 1 : 0;
      stage.reached = stage.calls == leg.time;
      return;
    case Leg::Until::After:
      stage.calls += begins(leg, before, made) ? 1 : 0;
      stage.reached = stage.calls == leg.time && is_over(leg, made, next);
      return;
  }
}

/// The leg's thread has come to a step that it must not make.
bool OrderedSearch::is_left_out(const Stage& stage) const {
  if (stage.leg == legs_.size()) return false;
  const Leg& leg = legs_[stage.leg];
  const std::string_view next = engine_.next_step(leg.thread);
  return std::any_of(leg.without.begin(), leg.without.end(),
                     [&](std::string_view beginning) { return next.starts_with(beginning); });
}

ClassHash with_stage(ClassHash hash, const Stage& stage) {
  hash = mix(hash, std::uint64_t{stage.leg} << 32 | stage.calls);
  hash = mix(hash, std::uint64_t{stage.running} << 32 | stage.standing);
  for (const LegEnd end : stage.ends) hash = mix(hash, static_cast<std::uint64_t>(end));
  // Texts are literals, told apart by where they lie.
  for (const std::string_view made : stage.made) {
    hash = mix(hash, reinterpret_cast<std::uintptr_t>(made.data()));
  }
  return hash;
}

/// Goes on from the state that was reached. False: there are too many.
bool OrderedSearch::visit() {
  while (true) {
    Position& position = positions_[depth_];
    position.todo.clear();
    position.next = 0;
    if (engine_.violated() || engine_.at_step_limit()) {
      note_end(position.stage);
      return true;
    }
    if (!settle(position.stage)) {
      result_.left_out.insert(position.stage.ends);
      return true;
    }
    if (known_.size() >= states_max_) return false;
    const ClassHash state = engine_.hash_of_memory() + position.threads;
    if (!known_.insert(with_stage(state, position.stage)).second) return true;
    list_options(position);
    if (position.todo.empty()) {
      note_end(position.stage);
      return true;
    }
    make_step();
  }
}

void OrderedSearch::list_options(Position& position) {
  std::uint64_t labels[Alternatives::kMax];
  std::uint32_t rest = engine_.enabled() & allowed(position.stage);
  for (; rest != 0; rest &= rest - 1) {
    const auto thread = static_cast<unsigned>(std::countr_zero(rest));
    const unsigned nr_labels = engine_.list(thread, labels);
    for (unsigned i = 0; i < nr_labels; ++i) {
      position.todo.push_back({.thread = thread, .label = labels[i]});
    }
  }
}

void OrderedSearch::make_step() {
  if (positions_.size() == depth_ + 1) positions_.emplace_back();
  Position& from = positions_[depth_];
  Position& to = positions_[depth_ + 1];
  const Option option = from.todo[from.next++];
  const std::string_view made = engine_.next_step(option.thread);
  const ClassHash before = engine_.hash_of_thread(option.thread);
  engine_.run(option.thread, option.label);
  engine_.append_step();
  ++depth_;
  to.stage = from.stage;
  if (engine_.violated()) return;  // a thread that was cut off in the middle has no state
  to.threads = from.threads - before + engine_.hash_of_thread(option.thread);
  look(to.stage, option.thread, made);
}

bool OrderedSearch::back_up() {
  while (true) {
    if (positions_[depth_].next < positions_[depth_].todo.size()) {
      engine_.back_to(static_cast<std::uint32_t>(depth_));
      make_step();
      return true;
    }
    if (depth_ == 0) return false;
    --depth_;
  }
}

void OrderedSearch::note_end(const Stage& stage) {
  OrderedEnd end{.rule = {}, .legs = stage.ends};
  if (engine_.conclude() == Ending::Violated) end.rule = engine_.reported()->violation.rule;
  if (result_.ends.contains(end)) return;
  trace::Schedule schedule;
  for (std::size_t i = 0; i < depth_; ++i) {
    const Option& option = positions_[i].todo[positions_[i].next - 1];
    schedule.push_back({.thread = ThreadId{static_cast<std::uint8_t>(option.thread)},
                        .alternative = option.label});
  }
  result_.ends.emplace(std::move(end), std::move(schedule));
}

}  // namespace

OrderedResult explore_ordered(Program& program, const std::vector<Leg>& legs, unsigned nr_ordered,
                              std::uint64_t states_max) {
  if (!program.rewindable() || !Fibers::can_restore()) {
    throw InputError("this program's state cannot be told: it cannot be made to move in an order");
  }
  return OrderedSearch(program, legs, nr_ordered, states_max).run();
}

}  // namespace mmcheck::explore

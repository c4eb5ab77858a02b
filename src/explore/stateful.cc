// SPDX-License-Identifier: Apache-2.0
// Every state once, whatever led to it.
//
// Where threads run through long loops on few words, there are many more classes of executions than
// states. A state is all that what follows can depend on: words, memory that steps change besides,
// and for each thread where it stands and what is on its stack. What lies dead on a stack makes
// states differ that are not different; that costs time and nothing else.
//
// States are known by hashes of 128 bits. That one of n is taken for another, and what follows on
// it missed, is at most as likely as n^2 / 2^129: 1.5e-23 for 100 million states.
//
// Sleep sets (Godefroid, Partial-order methods for the verification of concurrent systems, 1996,
// section 5.2) leave out steps that would lead to a state over another order of the same steps. All
// states are visited with them: what is left out is steps to known ones. Together with remembered
// states: what was asleep when a state was visited is remembered with it. Who comes back while some
// of that is awake makes those steps, and what stays asleep is what was asleep both times.
//
// What a step uses is what it has used when it was made. While it is asleep nothing is made that
// conflicts with it, so that it would use the same and lead to the same. Of a step that asks for
// order (Execution::ordered_before) this is not known; it conflicts with all. As in search_naive
// real time is the order. Events have no names, or states that differ in nothing else would differ.
//
// A loop that comes back to a state it was in ends there, as nothing new can follow. So threads
// that can go round for ever are no lack of progress here.
#include <algorithm>
#include <bit>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/error.h"
#include "explore/class_hash.h"
#include "explore/footprint.h"
#include "explore/search.h"

namespace mmcheck::explore {

namespace {

/// The steps possible in a state are numbered. Those from this one on are never put to sleep.
constexpr std::size_t kSleepersMax = 64;

constexpr std::uint64_t bit(std::size_t number) { return std::uint64_t{1} << number; }

struct Option {
  std::uint64_t label = 0;
  unsigned thread = 0;

  bool operator==(const Option&) const = default;
};

/// A step that was made, and is left out as long as nothing conflicts with it.
struct Made {
  Option option;
  OwnFootprint footprint;
  bool asked_order = false;

  bool conflicts(const Made& other) const {
    return option.thread == other.option.thread || asked_order || other.asked_order ||
           in_conflict(footprint.view(), other.footprint.view());
  }
};

/// A state on the way to the present one.
struct Position {
  std::vector<Option> todo;  ///< those before `next` are done, or being done
  std::size_t next = 0;
  std::vector<const Made*> asleep;  ///< when the state was entered
  std::vector<Made> made;           ///< from here; does not move
  ClassHash threads;                ///< a sum over all
};

class StatefulSearch {
 public:
  StatefulSearch(Program& program, Tally& tally)
      : tally_(tally),
        engine_(program, {.real_time = true,
                          .nameless = true,
                          .rewinding = true,
                          .steps_max = tally.options().steps_max,
                          .coverage = tally.options().coverage}) {}

  Result run();

 private:
  /// False: the search ends here.
  bool search();
  bool visit();
  bool judge();
  void make_step();
  bool back_up();
  void list_options();
  std::uint64_t put_to_sleep(Position& position, std::uint64_t allowed) const;
  void add_todo(Position& position, std::uint64_t asleep, std::uint64_t done) const;
  trace::Schedule schedule() const;
  ClassHash hash_of_threads() const;

  Tally& tally_;
  Engine engine_;
  std::vector<Position> positions_;
  std::size_t depth_ = 0;  ///< steps made, each from one of positions_[0..depth_)
  std::vector<Option> options_;
  std::uint64_t nr_transitions_ = 0;
  /// Which steps were asleep at all visits, as a set of bits.
  boost::unordered_flat_map<ClassHash, std::uint64_t, HashOfClass> known_;
};

Result StatefulSearch::run() {
  tally_.report_progress([] { return 0.0; });
  const bool complete = search();
  tally_.add_steps(engine_.nr_steps_made());
  const auto nr_states = static_cast<double>(known_.size());
  tally_.result().states = States{.states = known_.size(),
                                  .transitions = nr_transitions_,
                                  .missed = std::ldexp(nr_states * nr_states, -129)};
  return tally_.finish(complete);
}

bool StatefulSearch::search() {
  engine_.begin();
  engine_.log().truncate(0);
  positions_.emplace_back().threads = hash_of_threads();
  do {
    if (!visit()) return false;
  } while (back_up());
  return true;
}

/// Goes on from the state that was reached. False: the search ends here.
bool StatefulSearch::visit() {
  while (true) {
    if (!tally_.may_begin() || known_.size() >= tally_.options().states_max) return false;
    if (engine_.violated() || engine_.at_step_limit()) return judge();
    Position& position = positions_[depth_];
    position.todo.clear();
    position.next = 0;
    const ClassHash memory = engine_.hash_of_memory();
    const auto [known, is_new] = known_.try_emplace(memory + position.threads, 0);
    if (!is_new && known->second == 0) return true;
    list_options();
    if (options_.empty()) return judge();
    const std::uint64_t asleep = put_to_sleep(position, is_new ? ~std::uint64_t{0} : known->second);
    add_todo(position, asleep, is_new ? 0 : ~known->second);
    known->second = asleep;
    if (position.todo.empty()) return true;
    make_step();
  }
}

bool StatefulSearch::judge() { return tally_.ended(engine_, schedule()); }

/// The next one that the position has to do. Prepares the position that it leads to.
void StatefulSearch::make_step() {
  if (positions_.size() == depth_ + 1) positions_.emplace_back();
  Position& from = positions_[depth_];
  Position& to = positions_[depth_ + 1];
  const Option option = from.todo[from.next++];
  const ClassHash before = engine_.hash_of_thread(option.thread);
  engine_.run(option.thread, option.label);
  const bool asked_order = engine_.asked_order();
  engine_.append_step();
  ++nr_transitions_;
  const auto event = static_cast<std::uint32_t>(depth_++);
  Made made{option, {}, asked_order};
  made.footprint.assign(engine_.log().event(event).footprint);
  to.asleep.clear();
  for (const Made* other : from.asleep) {
    if (!made.conflicts(*other)) to.asleep.push_back(other);
  }
  for (const Made& other : from.made) {
    if (!made.conflicts(other)) to.asleep.push_back(&other);
  }
  from.made.push_back(std::move(made));
  if (engine_.violated()) return;  // a thread that was cut off in the middle has no state
  to.threads = from.threads - before + engine_.hash_of_thread(option.thread);
}

/// To the latest state with something left to do. False: there is none.
bool StatefulSearch::back_up() {
  while (true) {
    const Position& position = positions_[depth_];
    if (position.next < position.todo.size()) {
      engine_.back_to(static_cast<std::uint32_t>(depth_));
      make_step();
      return true;
    }
    if (depth_ == 0) return false;
    --depth_;
  }
}

void StatefulSearch::list_options() {
  options_.clear();
  std::uint64_t labels[Alternatives::kMax];
  for (std::uint32_t rest = engine_.enabled(); rest != 0; rest &= rest - 1) {
    const auto thread = static_cast<unsigned>(std::countr_zero(rest));
    const unsigned nr_labels = engine_.list(thread, labels);
    for (unsigned i = 0; i < nr_labels; ++i) {
      options_.push_back({.label = labels[i], .thread = thread});
    }
  }
}

/// Leaves asleep those of the options that are `allowed` to be, and returns them. Both as bits.
std::uint64_t StatefulSearch::put_to_sleep(Position& position, std::uint64_t allowed) const {
  std::uint64_t asleep = 0;
  const std::size_t nr_options = std::min(options_.size(), kSleepersMax);
  std::erase_if(position.asleep, [&](const Made* made) {
    for (std::size_t i = 0; i < nr_options; ++i) {
      if (options_[i] != made->option) continue;
      asleep |= allowed & bit(i);
      return (allowed & bit(i)) == 0;
    }
    return true;
  });
  return asleep;
}

/// What is neither asleep nor was done at an earlier visit.
void StatefulSearch::add_todo(Position& position, std::uint64_t asleep, std::uint64_t done) const {
  for (std::size_t i = 0; i < options_.size(); ++i) {
    const bool left_out = i < kSleepersMax ? ((asleep | done) & bit(i)) != 0 : done != 0;
    if (!left_out) position.todo.push_back(options_[i]);
  }
  position.made.clear();
  position.made.reserve(position.todo.size());
}

trace::Schedule StatefulSearch::schedule() const {
  trace::Schedule result;
  for (std::size_t i = 0; i < depth_; ++i) {
    const Position& position = positions_[i];
    const Option& option = position.todo[position.next - 1];
    result.push_back({.thread = ThreadId{static_cast<std::uint8_t>(option.thread)},
                      .alternative = option.label});
  }
  return result;
}

ClassHash StatefulSearch::hash_of_threads() const {
  ClassHash sum;
  for (unsigned i = 0; i < engine_.nr_threads(); ++i) sum = sum + engine_.hash_of_thread(i);
  return sum;
}

}  // namespace

Result search_stateful(Program& program, Tally& tally) {
  if (!program.rewindable()) {
    throw InputError("stateful: this program's state cannot be told; use dpor");
  }
  if (!Fibers::can_restore()) throw InputError("stateful: not in a build with AddressSanitizer");
  return StatefulSearch(program, tally).run();
}

}  // namespace mmcheck::explore

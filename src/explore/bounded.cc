// SPDX-License-Identifier: Apache-2.0
// Every schedule with few preemptions: first those without any, then those with one, and so on.
//
// A preemption is a switch away from a thread that could have made the next step. A switch away
// from a thread that waits or has finished is none, and neither is one away from a handler: it is
// one step long, so nothing of it is interrupted. That a handler interrupts a thread is a
// preemption like any other, whoever goes on after it. All alternatives of a step are tried; they
// cost nothing.
//
// Musuvathi and Qadeer, Iterative context bounding for systematic testing of multithreaded
// programs, PLDI 2007. They keep, for the next bound, what the present one leaves out. That takes
// more memory than there is, so here each bound searches again from the beginning, and leaves alone
// what an earlier one has searched: there are so many more schedules at each bound than at the one
// before that this is a small part of the time.
//
// Beginnings of executions that order all dependent steps alike lead to the same state. Where the
// same thread goes on from such a beginning, and no more preemptions are left than when that was
// searched before, nothing new can follow (the happens-before cache of CHESS). So of schedules that
// are equivalent not all are run, and of those that are run only the first is judged. Reductions
// that judge by what races, as search_dpor does, would not be right here: the reversal of a race
// may need a preemption more than another schedule that it stands for (Coons, Musuvathi and
// McKinley, OOPSLA 2013).
//
// Within a bound the search goes depth first: who ran goes on, and the choice that was made last is
// changed first. With `steps_per_bound` the search is a look ahead (see dpor.cc): a bound that has
// taken so many steps is left as it is, and the next one begins as if nothing had been searched.
#include <bit>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/error.h"
#include "explore/class_hash.h"
#include "explore/search.h"

namespace mmcheck::explore {

namespace {

/// With so many (some 300 MB) all are forgotten, and what they would have saved is searched again.
constexpr std::size_t kBeginningsMax = 1u << 24;
constexpr unsigned kPreemptionsMax = 250;  ///< has to fit into a byte

/// How a beginning went on. Kept small: there are millions.
class Searched {
 public:
  Searched(const ClassHash& key, unsigned left)
      : low_(key.low), high_and_left_((key.high & ~kLeft) | left) {}

  std::uint64_t low() const { return low_; }
  /// The preemptions that were left, at most. No part of the identity.
  unsigned left() const { return static_cast<unsigned>(high_and_left_ & kLeft); }
  void raise_left(unsigned left) const { high_and_left_ = (high_and_left_ & ~kLeft) | left; }

  bool operator==(const Searched& other) const {
    return low_ == other.low_ && ((high_and_left_ ^ other.high_and_left_) & ~kLeft) == 0;
  }

 private:
  static constexpr std::uint64_t kLeft = 0xff;
  std::uint64_t low_;
  mutable std::uint64_t high_and_left_;
};

struct HashOfSearched {
  std::size_t operator()(const Searched& searched) const { return searched.low(); }
};

struct Option {
  std::uint64_t label = 0;
  unsigned thread = 0;
  unsigned cost = 0;  ///< preemptions
};

/// Before a step. The options before `next` are done; the last of these is being tried.
struct Position {
  std::vector<Option> options;
  std::size_t next = 0;
  unsigned spent = 0;  ///< preemptions of the steps before
  ClassHash beginning;

  const Option& taken() const { return options[next - 1]; }
};

enum class Went : std::uint8_t {
  On,    ///< a step was made
  End,   ///< the execution is over
  Back,  ///< all that could follow was searched before
};

class BoundedSearch {
 public:
  BoundedSearch(Program& program, Tally& tally, std::uint64_t steps_per_bound)
      : tally_(tally),
        steps_per_bound_(steps_per_bound),
        engine_(program, {.logging = true,
                          .rewinding = true,
                          .steps_max = tally.options().steps_max,
                          .coverage = tally.options().coverage}) {}

  Result run();

 private:
  /// All that needs just bound_ preemptions, or until it has taken enough. False: the search is to
  /// end here.
  bool search_bound();
  bool has_taken_enough() const {
    return engine_.nr_steps_made() - steps_before_ >= steps_per_bound_;
  }
  Went move();
  void make_step();
  bool back_up();
  void enter(Position& position, std::uint32_t enabled);
  void add_options(Position& position, unsigned thread, unsigned cost, bool only);
  bool is_new(const ClassHash& key, unsigned left);
  bool is_new_end();
  unsigned spent() const;
  ClassHash made() const;
  double fraction() const;

  Tally& tally_;
  std::uint64_t steps_per_bound_;
  Engine engine_;
  unsigned bound_ = 0;
  std::uint64_t steps_before_ = 0;  ///< those made when the bound began
  std::optional<unsigned> done_;    ///< all with so many preemptions were judged
  bool left_out_ = false;           ///< something needs more preemptions than the bound
  std::vector<Position> positions_;
  std::size_t depth_ = 0;  ///< steps made, each from one of positions_[0..depth_)
  /// From which beginnings which thread went on, and what was judged.
  boost::unordered_flat_set<Searched, HashOfSearched> searched_;
};

Result BoundedSearch::run() {
  if (tally_.options().preemptions_max > kPreemptionsMax) {
    throw InputError("bounded: more than 250 preemptions: use a search without a bound");
  }
  tally_.report_progress([this] { return fraction(); });
  Coverage coverage = Coverage::Bounded;
  while (coverage == Coverage::Bounded) {
    left_out_ = false;
    steps_before_ = engine_.nr_steps_made();
    if (!search_bound()) {
      const bool stops = tally_.options().on_violation == OnViolation::Stop;
      if (!tally_.found() || !stops) coverage = Coverage::CutShort;
      break;
    }
    if (has_taken_enough()) {
      searched_.clear();  // not all that follows was searched
    } else {
      done_ = bound_;
      if (!left_out_) coverage = Coverage::Complete;
    }
    if (bound_ == tally_.options().preemptions_max) break;
    ++bound_;
  }
  if (coverage == Coverage::Bounded && !tally_.found() && done_ != bound_) {
    coverage = Coverage::CutShort;
  }
  tally_.add_steps(engine_.nr_steps_made());
  Result result = tally_.finish(coverage);
  result.preemptions = done_;
  return result;
}

bool BoundedSearch::search_bound() {
  engine_.begin();
  engine_.log().truncate(0);
  depth_ = 0;
  do {
    if (!tally_.may_begin()) return false;
    if (has_taken_enough()) return true;
    Went went = Went::On;
    while (went == Went::On) went = move();
    if (went == Went::End && done_ && spent() <= *done_) continue;  // judged before
    if (went == Went::Back || !is_new_end()) {
      tally_.blocked();
    } else if (!tally_.ended(engine_, {})) {
      return false;
    }
  } while (back_up());
  return true;
}

Went BoundedSearch::move() {
  if (engine_.violated() || engine_.at_step_limit()) return Went::End;
  const std::uint32_t enabled = engine_.enabled();
  if (enabled == 0) return Went::End;
  if (depth_ == positions_.size()) positions_.emplace_back();
  enter(positions_[depth_], enabled);
  if (positions_[depth_].options.empty()) return Went::Back;
  make_step();
  return Went::On;
}

/// The next option of the position.
void BoundedSearch::make_step() {
  Position& position = positions_[depth_++];
  const Option& option = position.options[position.next++];
  engine_.run(option.thread, option.label);
  engine_.append_step();
}

/// To the latest position with an option that is left. False: there is none.
bool BoundedSearch::back_up() {
  while (depth_ > 0) {
    const Position& position = positions_[--depth_];
    if (position.next == position.options.size()) continue;
    engine_.back_to(static_cast<std::uint32_t>(depth_));
    make_step();
    return true;
  }
  return false;
}

void BoundedSearch::enter(Position& position, std::uint32_t enabled) {
  position.options.clear();
  position.next = 0;
  position.spent = spent();
  position.beginning = made();
  std::uint32_t interrupted = 0;  // the thread that made the last step and could go on, as a bit
  if (depth_ > 0) {
    const unsigned last = positions_[depth_ - 1].taken().thread;
    if (!engine_.is_handler(last)) interrupted = enabled & (1u << last);
  }
  auto add = [&](std::uint32_t threads, unsigned cost) {
    for (; threads != 0; threads &= threads - 1) {
      add_options(position, static_cast<unsigned>(std::countr_zero(threads)), cost,
                  std::has_single_bit(enabled));
    }
  };
  // The one that goes on comes first, so that what is found first has few context switches.
  add(interrupted, 0);
  add(enabled & ~interrupted, interrupted == 0 ? 0 : 1);
}

void BoundedSearch::add_options(Position& position, unsigned thread, unsigned cost, bool only) {
  if (position.spent + cost > bound_) {
    left_out_ = true;
    return;
  }
  std::uint64_t labels[Alternatives::kMax];
  const unsigned nr_labels = engine_.list(thread, labels);
  for (unsigned i = 0; i < nr_labels; ++i) {
    const ClassHash key = mix(mix(position.beginning, thread), labels[i]);
    // Where there is nothing to choose, the next position tells as well.
    if ((only && nr_labels == 1) || is_new(key, bound_ - position.spent - cost)) {
      position.options.push_back({.label = labels[i], .thread = thread, .cost = cost});
    }
  }
}

bool BoundedSearch::is_new(const ClassHash& key, unsigned left) {
  if (searched_.size() == kBeginningsMax) searched_.clear();
  const auto [known, inserted] = searched_.emplace(key, left);
  if (inserted) return true;
  if (known->left() >= left) return false;
  known->raise_left(left);
  return true;
}

/// Two beginnings that lead to one class can differ in the thread that goes on.
bool BoundedSearch::is_new_end() { return is_new(mix(made(), kThreadsMax), 0); }

/// The identity of the steps made.
ClassHash BoundedSearch::made() const {
  if (depth_ == 0) return {};
  return positions_[depth_ - 1].beginning +
         hash_of_step(engine_.log(), static_cast<std::uint32_t>(depth_ - 1));
}

/// Preemptions of the steps made.
unsigned BoundedSearch::spent() const {
  if (depth_ == 0) return 0;
  const Position& last = positions_[depth_ - 1];
  return last.spent + last.taken().cost;
}

/// Of the last bound, which is most of the search; as if each option led to as much as the others.
double BoundedSearch::fraction() const {
  if (bound_ != tally_.options().preemptions_max) return 0;
  double done = 0;
  double share = 1;
  for (std::size_t i = 0; i < depth_; ++i) {
    const Position& position = positions_[i];
    share /= static_cast<double>(position.options.size());
    done += share * static_cast<double>(position.next - 1);
  }
  return done + share;
}

}  // namespace

Result search_bounded(Program& program, Tally& tally, std::uint64_t steps_per_bound) {
  return BoundedSearch(program, tally, steps_per_bound).run();
}

}  // namespace mmcheck::explore

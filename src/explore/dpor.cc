// SPDX-License-Identifier: Apache-2.0
// Source-DPOR with sleep sets: one execution of each equivalence class, plus some that are cut
// short when it turns out that their class was visited already.
//
//   P. A. Abdulla, S. Aronis, B. Jonsson, K. Sagonas: "Source Sets: A Foundation for Optimal
//   Dynamic Partial Order Reduction", Journal of the ACM 64(4), 2017, Algorithm 1.
//
// The search is stateless: to go back to a state, the execution is run again from the beginning.
//
//   in the paper                             here
//   E, the current execution                 TraceLog; node i of SearchTree precedes event i
//
//   happens-before on E                      clocks of TraceLog, Engine::step_clock
//
//   pick p in enabled(E) \ Sleep             Dpor::visit
//
//   while exists p in backtrack \ Sleep      SearchTree::next_thread, Dpor::back_up
//
//   e, e' are in a race                      RaceDetector::find_direct, dominated
//
//   E' = pre(E, e), v = notdep(e, E).e'      not built: what happens after e is left out
//
//   I(v) meets backtrack(E')? else add one   RaceDetector::initials, reverse
//
//   Explore(E.p, those of Sleep that are     SearchTree::push
//   independent of p)
//
//   add p to Sleep                           SearchTree::retire
//
// What differs:
//
// - A thread's step may have alternatives. All that do not sleep are tried wherever the thread is
//   tried, so backtrack sets hold threads, and sleep sets pairs of thread and label. A pair sleeps
//   with what it accessed when it was tried; a conflicting step wakes it.
// - I(v) is computed from what the steps did in E. Of e' itself that is known only if e' reads
//   nothing that e changed; see RaceDetector::begins_rest for what is done otherwise. To take a
//   subset of I(v) is sound, and costs at most executions that are cut short.
// - Races are looked for when the execution has ended, for all its steps: v holds also what comes
//   after e' without depending on e. Steps may use many words, so what e' would be in conflict with
//   if e had not come first may be there.
// - Steps block. The paper's races are those where e' is enabled after E'.v without it; guards are
//   data, so that the word can be computed as it would be then (RaceDetector::holds_without):
//   B1. For a guarded e', direct predecessors are not enough: the release of a lock, which enabled
//       e', happens after the acquisition with which e' should race. All earlier steps that changed
//       a guarded word are candidates, and of the reversible ones the latest are reversed.
//   B2. If e' is not enabled after all of E'.notdep(e, E) it may still be so after a part of it:
//       two readers take a lock and never release it; a writer can come first, but not without
//       both of them out of its way. Then all threads that can begin such a part are added.
//   B3. A step that is still blocked when the execution ends takes part as if it had been made, as
//       a write to its guarded words. So does one that was blocked before the step that broke a
//       rule.
//   B4. A step that breaks a rule ends the execution and thus disables every other thread. If the
//       search goes on, it races with each of them.
//
// Why B1 and B2 suffice: suppose no initial of a sequence w that is possible at E' is tried there.
// Let p be a thread that is tried, such that the longest prefix w1 of w that is independent of p is
// as long as can be, and q the thread after w1. If p does not disable q, some execution that is
// visited has p.w1.q as a prefix up to equivalence, and the race of p and q leads to an initial of
// w as in the paper. If it does, p changed a word that q waits for. Among the visited executions
// that begin with p.w1 take one in which as little as possible happens before q's step (or one
// where it stays blocked, if there are only such). In it no later step than p is reversible with
// q's step, or it would not be the least; so p is reversed itself, or falls under B2 because w1 is
// a part after which q is enabled, and then some initial of w is added.
#include <algorithm>
#include <memory>
#include <vector>

#include "explore/lane.h"
#include "explore/search.h"
#include "explore/search_tree.h"

namespace mmcheck::explore {

namespace {

/// So many that they keep all cores of a machine busy; always the same, so that what is found does
/// not depend on the machine.
constexpr std::size_t kLanes = 16;
/// The first executions are made one by one, few preemptions first.
const std::uint64_t kFewPreemptionsFirst = getenv("FEW") ? atoi(getenv("FEW")) : 512;
/// A search below this size is not worth more programs.
constexpr std::uint64_t kOneLane = 4096;
const std::uint64_t kRound = getenv("RND") ? atoi(getenv("RND")) : 1024;

class Dpor {
 public:
  Dpor(Program& program, const ProgramFactory& more_programs, const Options& options,
       const OutcomeFunction& on_outcome, const EndFunction& on_end)
      : more_programs_(more_programs),
        options_(options),
        on_outcome_(on_outcome),
        on_end_(on_end),
        total_(program, options, on_outcome, on_end) {
    add_lane(program);
  }

  Result search();

 private:
  void add_lane(Program& program);
  void add_lanes();
  std::uint64_t nr_executions() const;
  void run_round();
  void trade();
  bool assign(Lane& lane);
  bool all_idle() const;
  bool stops() const;

  const ProgramFactory& more_programs_;
  const Options& options_;
  const OutcomeFunction& on_outcome_;
  const EndFunction& on_end_;
  Tally total_;
  SearchTree tree_{getenv("FEW") ? Order::FewPreemptions : Order::DeepFirst};
  std::vector<std::unique_ptr<Program>> programs_;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

void Dpor::add_lane(Program& program) {
  lanes_.push_back(std::make_unique<Lane>(program, options_, on_outcome_, on_end_));
}

void Dpor::add_lanes() {
  if (!more_programs_) return;
  while (lanes_.size() < kLanes) {
    programs_.push_back(more_programs_());
    add_lane(*programs_.back());
  }
}

std::uint64_t Dpor::nr_executions() const {
  std::uint64_t result = 0;
  for (const auto& lane : lanes_) result += lane->tally().nr_executions();
  return result;
}

bool Dpor::all_idle() const {
  return std::all_of(lanes_.begin(), lanes_.end(), [](const auto& lane) { return lane->idle(); });
}

bool Dpor::stops() const {
  return options_.on_violation == OnViolation::Stop &&
         std::any_of(lanes_.begin(), lanes_.end(),
                     [](const auto& lane) { return lane->tally().found(); });
}

Result Dpor::search() {
  lanes_.front()->begin();
  while (true) {
    if (nr_executions() >= kOneLane) add_lanes();
    run_round();
    if (stops()) break;
    trade();
    if (all_idle() && tree_.empty()) break;
    if (nr_executions() >= options_.executions_max) break;
  }
  for (const auto& lane : lanes_) total_.absorb(lane->tally().finish(false));
  return total_.finish(!stops() && all_idle() && tree_.empty());
}

void Dpor::run_round() {
  const std::uint64_t before = nr_executions();
  const bool one_by_one = before < kFewPreemptionsFirst;
  std::uint64_t left = options_.executions_max - before;
  for (const auto& lane : lanes_) {
    if (lane->idle()) continue;
    const std::uint64_t share = std::min(left, one_by_one ? 1 : kRound);
    left -= share;
    lane->run(share);
  }
}

void Dpor::trade() {
  const bool one_by_one = nr_executions() < kFewPreemptionsFirst;
  for (const auto& lane : lanes_) lane->report(tree_);
  if (one_by_one) lanes_.front()->publish_all(tree_);
  for (const auto& lane : lanes_) {
    if (lane->idle() && !assign(*lane)) break;
  }
}

/// Gives the lane something to search, out of what is shared or of what another lane has before it.
bool Dpor::assign(Lane& lane) {
  Assignment next = tree_.take();
  if (next.begun == nullptr) {
    auto victim = std::min_element(lanes_.begin(), lanes_.end(), [](const auto& a, const auto& b) {
      return a->first_pending() < b->first_pending();
    });
    const std::uint32_t depth = (*victim)->first_pending();
    if (depth == ~0u) return false;
    (*victim)->publish(tree_, depth);
    next = tree_.take();
    if (next.begun == nullptr) return false;
  }
  lane.begin(next, tree_.pool());
  return true;
}

}  // namespace

Result search_dpor(Program& program, const ProgramFactory& more_programs, const Options& options,
                   const OutcomeFunction& on_outcome, const EndFunction& on_end) {
  return Dpor(program, more_programs, options, on_outcome, on_end).search();
}

}  // namespace mmcheck::explore

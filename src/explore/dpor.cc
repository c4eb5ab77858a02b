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
#include <bit>

#include "base/error.h"
#include "explore/races.h"
#include "explore/search.h"
#include "explore/search_path.h"

namespace mmcheck::explore {

namespace {

constexpr std::uint64_t kNoLabel = ~std::uint64_t{0};

class Dpor {
 public:
  Dpor(Program& program, Tally& tally)
      : tally_(tally),
        engine_(program, {.reordering_covers = true,
                          .rewinding = true,
                          .steps_max = tally.options().steps_max}),
        races_(engine_, path_, pool_) {}

  Result search();

 private:
  enum class Cut : std::uint8_t { No, Asleep };

  Cut extend();
  void push_node();
  bool take_pending();
  bool is_covered(const Branch& branch);
  bool take_any();
  bool expand(unsigned thread, Branch** at, std::uint64_t but = kNoLabel);
  void make_step();
  void detect_at_end();
  void try_others_at_top();
  bool back_up();
  bool anything_pending();
  Result finish(bool visited_all);

  Tally& tally_;
  Engine engine_;
  SearchPath path_;
  BranchPool pool_;
  RaceDetector races_;
  Sequence sequence_;
  Branch* taken_ = nullptr;      ///< the step to be made next, and what is to follow it
  Branch* following_ = nullptr;  ///< what is to be made after the step that was made last
  const trace::Schedule no_schedule_;  // the log has it
};

Result Dpor::search() {
  engine_.begin();
  while (true) {
    Cut cut = extend();
    races_.detect_unsettled();
    detect_at_end();
    if (cut == Cut::Asleep) {
      tally_.blocked();
    } else if (!tally_.ended(engine_, no_schedule_)) {
      return finish(false);
    }
    if (!tally_.may_begin()) return finish(!anything_pending());
    if (!back_up()) return finish(true);
  }
}

Result Dpor::finish(bool visited_all) {
  tally_.add_steps(engine_.nr_steps_made());
  return tally_.finish(visited_all);
}

bool Dpor::anything_pending() {
  for (std::uint32_t i = 0; i < path_.size(); ++i) {
    if (path_.node(i).pending != nullptr) return true;
  }
  return false;
}

/// Goes on from where the log ends, to the end of the execution. Each node but one to be cut has
/// its event in the log afterwards.
Dpor::Cut Dpor::extend() {
  if (taken_ != nullptr) make_step();
  while (!engine_.violated() && !engine_.at_step_limit() && engine_.enabled() != 0) {
    push_node();
    if (!take_pending() && !take_any()) {
      path_.pop();
      return Cut::Asleep;
    }
    make_step();
  }
  pool_.release_all(following_);
  following_ = nullptr;
  return Cut::No;
}

void Dpor::push_node() {
  std::uint32_t depth = path_.size();
  Node& node = path_.push();
  node.enabled = engine_.enabled();
  if (depth != 0) {
    const TraceLog& log = engine_.log();
    node.inherit(path_.node(depth - 1), log.event(depth - 1).thread, log.footprint(depth - 1));
  }
  node.pending = following_;
  following_ = nullptr;
}

/// The first of what is pending at the top node. The engine is there.
bool Dpor::take_pending() {
  Node& node = path_.top();
  while (node.pending != nullptr) {
    if (node.pending->any_label) {
      Branch* all = node.pending;
      unsigned thread = all->thread;
      node.pending = all->sibling;
      pool_.release(all);
      expand(thread, &node.pending);
      continue;
    }
    Branch* branch = node.pending;
    node.pending = branch->sibling;
    if (node.asleep(branch->thread, branch->label) || (branch->unsure && is_covered(*branch))) {
      pool_.release_all(branch->child);
      pool_.release(branch);
      continue;
    }
    if (branch->and_others) expand(branch->thread, &node.pending, branch->label);
    taken_ = branch;
    return true;
  }
  return false;
}

/// What could not be told when the sequence was added may be known by now.
bool Dpor::is_covered(const Branch& branch) {
  sequence_.clear();
  for (const Branch* step = &branch; step != nullptr; step = step->child) {
    if (step != &branch && step->sibling != nullptr) return false;  // not one sequence but several
    sequence_.push_back(step->step());
  }
  return path_.top().covers(sequence_) != Begins::No;
}

/// Any thread with a step that does not sleep. The one that ran last comes first, so that
/// executions have few context switches.
bool Dpor::take_any() {
  Node& node = path_.top();
  std::uint32_t depth = path_.size() - 1;
  unsigned last = depth == 0 ? 0 : engine_.log().event(depth - 1).thread;
  if (((node.enabled >> last) & 1u) != 0 && expand(last, &node.pending)) return take_pending();
  for (std::uint32_t rest = node.enabled & ~(1u << last); rest != 0; rest &= rest - 1) {
    auto thread = static_cast<unsigned>(std::countr_zero(rest));
    if (expand(thread, &node.pending)) return take_pending();
  }
  return false;
}

/// Makes a branch of each alternative of the thread's step that does not sleep.
bool Dpor::expand(unsigned thread, Branch** at, std::uint64_t but) {
  Node& node = path_.top();
  std::uint64_t labels[Alternatives::kMax];
  unsigned nr_labels = engine_.list(thread, labels);
  if (engine_.has_alternatives(thread)) node.expanded |= 1u << thread;
  bool some = false;
  for (unsigned i = 0; i < nr_labels; ++i) {
    if (labels[i] == but || node.asleep(thread, labels[i])) continue;
    Branch* branch = pool_.make();
    branch->thread = static_cast<std::uint8_t>(thread);
    branch->label = labels[i];
    branch->chooses = engine_.has_alternatives(thread);
    branch->sibling = *at;
    *at = branch;
    at = &branch->sibling;
    some = true;
  }
  return some;
}

void Dpor::make_step() {
  unsigned thread = taken_->thread;
  std::uint64_t label = taken_->label;
  following_ = taken_->child;
  path_.top().taken = thread;
  pool_.release(taken_);
  taken_ = nullptr;
  if (((path_.top().enabled >> thread) & 1u) == 0) {
    throw InternalError("a step is not possible where it should be: the program is not the same "
                        "each time, or changes what others see outside of words");
  }
  engine_.run(thread, label);
  engine_.append_step();
  races_.detect_latest();
}

/// B3 and B4.
void Dpor::detect_at_end() {
  if (path_.size() == 0) return;  // nobody has moved, so there is nothing to race with
  std::uint32_t blocked = engine_.unfinished();
  if (engine_.violated()) {
    blocked &= ~(1u << engine_.log().event(engine_.log().size() - 1).thread);
    if (tally_.options().on_violation == OnViolation::Continue) try_others_at_top();
  } else {
    blocked &= ~engine_.enabled();
  }
  for (; blocked != 0; blocked &= blocked - 1) {
    races_.detect_blocked(static_cast<unsigned>(std::countr_zero(blocked)));
  }
}

void Dpor::try_others_at_top() {
  Node& node = path_.top();
  unsigned own = engine_.log().event(path_.size() - 1).thread;
  std::uint32_t others = node.enabled & ~node.expanded & ~(1u << own);
  Branch** end = &node.pending;
  for (; *end != nullptr; end = &(*end)->sibling) others &= ~(1u << (*end)->thread);
  for (; others != 0; others &= others - 1) {
    auto thread = static_cast<unsigned>(std::countr_zero(others));
    bool chooses = engine_.has_alternatives(thread);
    if (!chooses && node.asleep(thread, 0)) continue;
    Branch* branch = pool_.make();
    branch->thread = static_cast<std::uint8_t>(thread);
    branch->label = 0;
    branch->any_label = chooses;
    *end = branch;
    end = &branch->sibling;
  }
}

/// To the deepest node where something is left to try. False: there is none.
bool Dpor::back_up() {
  TraceLog& log = engine_.log();
  const bool violated = engine_.violated();
  const std::uint32_t nr_steps = log.size();
  for (; path_.size() > 0; path_.pop()) {
    std::uint32_t depth = path_.size() - 1;
    Node& node = path_.top();
    const LoggedEvent& event = log.event(depth);
    node.add_sleeper({.footprint = log.footprint(depth),
                      .label = event.label,
                      .thread = event.thread,
                      .chooses = event.chose,
                      .ends_all = violated && depth + 1 == nr_steps});
    node.taken = kThreadsMax;
    if (node.pending == nullptr) continue;
    engine_.back_to(depth);
    races_.forget(depth);
    if (take_pending()) return true;
  }
  return false;
}

}  // namespace

Result search_dpor(Program& program, Tally& tally) { return Dpor(program, tally).search(); }

}  // namespace mmcheck::explore

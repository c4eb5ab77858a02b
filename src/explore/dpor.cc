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

#include "explore/races.h"
#include "explore/search.h"
#include "explore/search_tree.h"

namespace mmcheck::explore {

namespace {

class Dpor {
 public:
  Dpor(Program& program, Tally& tally)
      : tally_(tally),
        engine_(program, {.reordering_covers = true, .steps_max = tally.options().steps_max}),
        races_(engine_, tree_) {}

  Result search();

 private:
  enum class Cut : std::uint8_t { No, Asleep };

  void replay_prefix();
  Cut extend();
  bool visit();
  bool resume_top();
  bool select(unsigned thread);
  void make_step();
  void detect_races();
  bool back_up();

  Tally& tally_;
  Engine engine_;
  SearchTree tree_;
  RaceDetector races_;
  const trace::Schedule no_schedule_;  // the log has it
};

Result Dpor::search() {
  while (tally_.may_begin()) {
    engine_.begin();
    replay_prefix();
    Cut cut = extend();
    detect_races();
    tally_.add_steps(engine_.nr_steps());
    if (cut == Cut::Asleep) {
      tally_.blocked();
    } else if (!tally_.ended(engine_, no_schedule_)) {
      return tally_.finish(false);
    }
    if (!back_up()) return tally_.finish(true);
  }
  return tally_.finish(false);
}

void Dpor::replay_prefix() {
  for (std::uint32_t i = 0; i < engine_.log().size(); ++i) {
    const LoggedEvent& event = engine_.log().event(i);
    engine_.run(event.thread, event.label);
  }
}

/// Goes on from where the log ends, to the end of the execution. Each node but one to be cut has
/// its event in the log afterwards.
Dpor::Cut Dpor::extend() {
  if (tree_.size() > engine_.log().size()) {
    if (!resume_top()) {
      tree_.pop();
      return Cut::Asleep;
    }
    make_step();
  }
  while (!engine_.violated() && !engine_.at_step_limit() && engine_.enabled() != 0) {
    if (!visit()) {
      tree_.pop();
      return Cut::Asleep;
    }
    make_step();
  }
  return Cut::No;
}

/// A new node: begins with one thread that does not sleep. The one that ran last comes first, so
/// that executions have few context switches.
bool Dpor::visit() {
  std::uint32_t enabled = engine_.enabled();
  std::uint32_t choosers = 0;
  for (std::uint32_t rest = enabled; rest != 0; rest &= rest - 1) {
    if (engine_.has_alternatives(static_cast<unsigned>(std::countr_zero(rest)))) {
      choosers |= rest & -rest;
    }
  }
  unsigned last = tree_.size() == 0 ? 0 : tree_.top().thread;
  tree_.push(engine_.log(), enabled, choosers);
  if (((enabled >> last) & 1u) != 0 && select(last)) return true;
  for (std::uint32_t rest = enabled & ~(1u << last); rest != 0; rest &= rest - 1) {
    if (select(static_cast<unsigned>(std::countr_zero(rest)))) return true;
  }
  return false;
}

/// A node that was visited before: its next label, or its next thread.
bool Dpor::resume_top() {
  if (tree_.has_label()) return true;
  for (;;) {
    unsigned thread = tree_.next_thread();
    if (thread == kThreadsMax) return false;
    if (select(thread)) return true;
  }
}

bool Dpor::select(unsigned thread) {
  std::uint64_t labels[Alternatives::kMax];
  unsigned nr_labels = engine_.list(thread, labels);
  if (!tree_.select(thread, {labels, nr_labels})) return false;
  tree_.top().backtrack |= 1u << thread;
  return true;
}

void Dpor::make_step() {
  unsigned thread = tree_.top().thread;
  std::uint64_t label = tree_.next_label();
  engine_.run(thread, label);
  engine_.append_step();
  tree_.check_assumptions(engine_.log().accesses_of(engine_.log().size() - 1));
}

/// Of all steps, also of those made in earlier executions: what can begin v depends on what comes
/// after e'. Then B3 and B4.
void Dpor::detect_races() {
  for (std::uint32_t event = 0; event < engine_.log().size(); ++event) races_.detect(event);
  if (tree_.size() == 0) return;  // nobody has moved, so there is nothing to race with
  std::uint32_t blocked = engine_.unfinished();
  if (engine_.violated()) {
    blocked &= ~(1u << tree_.top().thread);
    if (tally_.options().on_violation == OnViolation::Continue) {
      tree_.top().backtrack = tree_.top().enabled;
    }
  } else {
    blocked &= ~engine_.enabled();
  }
  for (; blocked != 0; blocked &= blocked - 1) {
    races_.detect_blocked(static_cast<unsigned>(std::countr_zero(blocked)));
  }
}

/// To the deepest node where something is left to try. False: there is none.
bool Dpor::back_up() {
  while (tree_.size() > 0) {
    tree_.retire(engine_.log());
    engine_.log().truncate(tree_.size() - 1);
    if (tree_.has_label() || tree_.next_thread() != kThreadsMax) return true;
    tree_.pop();
  }
  return false;
}

}  // namespace

Result search_dpor(Program& program, Tally& tally) { return Dpor(program, tally).search(); }

}  // namespace mmcheck::explore

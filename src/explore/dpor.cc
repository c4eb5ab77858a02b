// SPDX-License-Identifier: Apache-2.0
// Optimal dynamic partial-order reduction: one execution of each equivalence class.
//
//   P. A. Abdulla, S. Aronis, B. Jonsson, K. Sagonas: "Source Sets: A Foundation for Optimal
//   Dynamic Partial Order Reduction", Journal of the ACM 64(4), 2017, Algorithm 2 and section 6.
//
//   in the paper                              here
//   E, the current execution                  TraceLog; node i of SearchPath precedes event i
//   happens-before on E                       clocks of TraceLog, Engine::step_clock
//   sleep(E')                                 Node::sleepers, with the footprints they had
//   wut(E'), a wakeup tree                    Node::pending, a tree of Branch
//   e, e' are in a (reversible) race          RaceDetector::find_direct, detect_guarded
//   v = notdep(e, E).e'                       RaceDetector::add, a Sequence
//   sleep(E') meets WI(v)? then nothing       Node::covers; `begins` is p in WI(v)
//   wut(E') := insert(v, wut(E'))             insert
//   Explore(E.p, {q in Sleep | E |= p<>q},    Lane::push_node, Node::inherit
//           subtree(wut(E), p))               Lane::following_
//   add p to sleep(E), remove it from wut(E)  Lane::back_up
//
// What differs, and why:
//
// - Races are looked for when a step is made, and v ends with it. In the paper E is maximal. A v
//   that is longer matters in two cases only, and for these the race is kept and judged again at
//   the end of each execution that has it (RaceDetector::detect_unsettled): something sleeps or is
//   pending that is not in v and independent of it, but may be in conflict with what v will have;
//   or what e' uses is not known. In the first case nothing changes until v has something in
//   conflict, or a step of the same thread, so that it is enough to look at the steps that were
//   made since (is_covered_still). By what a longer v is covered is true of this execution only:
//   the next one may go on otherwise.
// - A step may use many words, and which ones may depend on what it reads. In v only e' is made in
//   another order than in E. It is known if it read nothing that is left out, or said that its uses
//   do not depend on that (Execution::read_last, read_to_compare, guards for one value). If it is
//   not known it counts as dependent. That is sound, and may cost executions that are cut short: a
//   branch may be added that turns out to be covered. Where that can be told before it is made, it
//   is dropped (Node::covers_branch).
// - That something sleeps which is not in v and is independent of it is taken for enough only in
//   programs that are foreseeable() (RaceDetector::add). There the proof of the paper holds. Where
//   steps are not known, or have alternatives, it lost classes: exit+store+msync has 236, of which
//   212 were found. So elsewhere v is added, and some executions are cut short.
// - At a leaf of a tree, insert() goes on with the rest of v instead of stopping: see there.
// - A step may have alternatives. Sleepers are pairs of thread and label. One label says nothing of
//   what follows if the thread takes another, so it is in WI(v) only if v has it; all labels
//   together count as a step of an ordinary thread (Node::covers_by_all_labels). For e' all labels
//   are meant, and where one of a thread's labels is tried, all are (Lane::expand_others).
// - Steps block. The paper's races are those where e' is enabled after E'.v without it; guards are
//   data, so that the word can be computed as it would be then (RaceDetector::holds_after):
//   B1. For a guarded e', direct predecessors are not enough: the release of a lock, which enabled
//       e', happens after the acquisition with which e' should race. All earlier steps that changed
//       a guarded word are candidates, and of the reversible ones the latest are reversed.
//   B2. If e' is not enabled after all of E'.notdep(e, E) it may still be so after a part of it:
//       two readers take a lock and never release it; a writer can come first, but not without
//       both of them out of its way. Each such part, followed by e', is a v.
//   B3. A step that is still blocked when the execution ends takes part as if it had been made, as
//       a write to its guarded words. So does one that was blocked before the step that broke a
//       rule.
//   B4. A step that breaks a rule ends the execution and thus disables every other thread. If the
//       search goes on, it races with each of them; asleep, it stands for no sequence but its own.
//       Such a program is not foreseeable: what was to follow the step does not.
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
//
// Several threads. Each has a Lane, a depth-first search of its own, and the states above its part
// are in a SearchTree that is changed between rounds only. The search in order relies on the
// searches of earlier siblings being over: what they ask for is known when a later one begins. What
// is searched by another lane is asleep like everything that was begun, so nothing is visited
// twice. But it is no reason to leave a sequence out that is merely independent of it, even when it
// is over (`elsewhere`): what it leaves to others may have come too late for them. Nor are branches
// that are pending at a shared state (RaceDetector::request), nor labels that a lane may not know
// of (Node::share); and a label has the races of those that another lane searches
// (RaceDetector::note_others). So nothing is missed, and some executions are cut short that one
// lane would not have begun.
//
// Violations first. Most races need few preemptions. But of equivalent schedules an optimal search
// makes one, which may have many, and it comes to it when all that lies deeper is done. So with
// OnViolation::Stop, when the first 16 executions have broken no rule, a scout goes ahead: first
// the schedules without any preemption, then those with one, then those with two, in the order of
// bounded.cc, and with all alternatives of each step. (An alternative that acts as if an earlier
// step had not been made is left out here, as an order without that step leads to it. That order
// may need a preemption more.) Each of the three ends after a number of steps, some milliseconds,
// so that none keeps the next from its turn. If nothing is found the search begins anew, and counts
// nothing of this.
#include <tbb/parallel_for_each.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <mutex>
#include <vector>

#include "explore/checkpoint.h"
#include "explore/lane.h"
#include "explore/search.h"
#include "explore/search_tree.h"

namespace mmcheck::explore {

namespace {

class Dpor {
 public:
  Dpor(Program& program, const ProgramFactory& more_programs, const Options& options,
       const OutcomeFunction& on_outcome, const EndFunction& on_end, const Tuning& tuning)
      : program_(program),
        more_programs_(more_programs),
        options_(options),
        on_outcome_(on_outcome),
        on_end_(on_end),
        tuning_(tuning) {
    add_lane(program);
  }

  Result search();
  /// Whether the executions were visited in an order that depends on nothing but the program.
  bool in_order() const { return lanes_.size() == 1; }

 private:
  void add_lane(Program& program);
  void add_lanes();
  Result totals() const;
  void run_round(std::uint64_t nr_before);
  void assign_all();
  bool assign(Lane& lane);
  bool all_idle() const;
  bool stops() const;
  void tell_progress(const Result& result) const;
  double fraction() const;
  void resume();
  void save();
  void save_end(const Result& result);

  Program& program_;
  const ProgramFactory& more_programs_;
  const Options& options_;
  const OutcomeFunction& on_outcome_;
  const EndFunction& on_end_;
  Tuning tuning_;
  SearchTree tree_;
  Result resumed_;  ///< of the search that this one goes on with
  std::vector<std::unique_ptr<Program>> programs_;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

void Dpor::add_lane(Program& program) {
  lanes_.push_back(std::make_unique<Lane>(program, options_, on_outcome_, on_end_, tuning_));
}

void Dpor::add_lanes() {
  if (!more_programs_ || lanes_.size() >= options_.jobs) return;
  tree_.expect_others();
  while (lanes_.size() < options_.jobs) {
    programs_.push_back(more_programs_());
    add_lane(*programs_.back());
  }
}

Result Dpor::totals() const {
  Tally total(program_, options_, on_outcome_, on_end_);
  total.absorb(resumed_);
  for (const auto& lane : lanes_) total.absorb(lane->tally().result());
  return std::move(total.result());
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
  if (options_.checkpoints.resume.empty()) {
    lanes_.front()->begin();
  } else {
    resume();
  }
  Result result = totals();
  if (all_idle() && tree_.empty()) {
    result.complete = true;  // the search that was saved had come to its end
    return result;
  }
  while (true) {
    if (result.executions >= tuning_.one_lane) add_lanes();
    run_round(result.executions);
    result = totals();
    if (stops()) break;
    for (const auto& lane : lanes_) lane->report(tree_);
    if (all_idle() && tree_.empty()) break;
    if (result.executions >= options_.executions_max) break;
    if (options_.checkpoints.due && options_.checkpoints.due()) save();
    assign_all();
    tell_progress(result);
  }
  result.complete = stops() || (all_idle() && tree_.empty());
  if (result.complete && options_.checkpoints.save) save_end(result);
  for (const auto& program : programs_) program_.add_findings(program->findings());
  return result;
}

/// The first lane that returns ends the round for all, if they have been patient: its part may be
/// three executions, and none is to wait for the others' thousand.
void Dpor::run_round(std::uint64_t nr_before) {
  std::uint64_t left = options_.executions_max - nr_before;
  std::vector<std::pair<Lane*, std::uint64_t>> shares;
  for (const auto& lane : lanes_) {
    if (lane->idle()) continue;
    const std::uint64_t share = std::min(left, tuning_.share ? tuning_.share() : tuning_.round);
    left -= share;
    if (share > 0) shares.push_back({lane.get(), share});
  }
  std::atomic<bool> over = false;
  const auto run = [&](const std::pair<Lane*, std::uint64_t>& share) {
    if (tuning_.share) over = false;
    share.first->run(share.second, over);
  };
  if (shares.size() < 2 || tuning_.share) {
    std::for_each(shares.begin(), shares.end(), run);
  } else {
    tbb::parallel_for_each(shares.begin(), shares.end(), run);
  }
}

void Dpor::assign_all() {
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

void Dpor::save() {
  for (const auto& lane : lanes_) lane->publish_all(tree_);
  std::vector<std::string> findings{program_.findings()};
  for (const auto& program : programs_) findings.push_back(program->findings());
  options_.checkpoints.save(encode(Checkpoint{
      .result = totals(), .findings = std::move(findings), .nodes = tree_.open_nodes()}));
  if (in_order()) lanes_.front()->begin(tree_);
}

/// A search that ended has nothing pending.
void Dpor::save_end(const Result& result) {
  std::vector<std::string> findings{program_.findings()};
  for (const auto& program : programs_) findings.push_back(program->findings());
  options_.checkpoints.save(
      encode(Checkpoint{.result = result, .findings = std::move(findings), .nodes = {}}));
}

/// Goes on as one lane. If there were several, what is left is not on one path.
void Dpor::resume() {
  Checkpoint checkpoint = decode(options_.checkpoints.resume, tree_);
  resumed_ = std::move(checkpoint.result);
  for (const std::string& text : checkpoint.findings) program_.add_findings(text);
  if (tree_.is_one_path()) {
    lanes_.front()->begin(tree_);
    return;
  }
  tree_.expect_others();
  assign_all();
}

void Dpor::tell_progress(const Result& result) const {
  if (!options_.on_progress) return;
  options_.on_progress(
      {.executions = result.executions, .blocked = result.blocked, .fraction = fraction()});
}

double Dpor::fraction() const {
  double left = 0;
  for (const auto& lane : lanes_) left += lane->weight();
  for (const auto& node : tree_.open_nodes()) {
    const unsigned nr_branches = node->nr_branches();
    left += node->weight() * (nr_branches - node->nr_begun) / nr_branches;
  }
  return std::clamp(1 - left, 0.0, 1.0);
}

/// Looks for a violation among what comes first in order, then among what needs few preemptions.
std::optional<Result> look_ahead(Program& program, const Options& options, const Tuning& tuning) {
  Options few = options;
  few.executions_max = tuning.looked_at;
  few.preemptions_max = 2;
  few.on_progress = {};
  few.checkpoints = {};
  Result result = Dpor(program, {}, few, {}, {}, tuning).search();
  if (!result.complete) {
    few.executions_max = options.executions_max - result.executions;
    const OutcomeFunction nobody_asks;
    const EndFunction nobody_looks;
    Tally tally(program, few, nobody_asks, nobody_looks);
    const Result scouted = search_bounded(program, tally, tuning.scouted);
    result.executions += scouted.executions;
    result.blocked += scouted.blocked;
    result.steps += scouted.steps;
    result.counterexample = scouted.counterexample;
  }
  if (!result.counterexample) {
    program.forget_findings();
    return std::nullopt;
  }
  result.complete = true;
  return result;
}

Result search_as_told(Program& program, const ProgramFactory& more_programs, const Options& options,
                      const OutcomeFunction& on_outcome, const EndFunction& on_end,
                      const Tuning& tuning) {
  const bool looks = options.on_violation == OnViolation::Stop && !on_end &&
                     options.executions_max > tuning.looked_at &&
                     options.checkpoints.resume.empty();
  if (looks) {
    if (std::optional<Result> found = look_ahead(program, options, tuning))
      return *std::move(found);
  }
  // Which executions come first, when not all are made, is defined by the search in order.
  const bool all = options.executions_max == std::numeric_limits<std::uint64_t>::max();
  if (options.jobs < 2 || !more_programs || !all) {
    return Dpor(program, {}, options, on_outcome, on_end, tuning).search();
  }
  std::mutex mutex;
  const auto locked = [&mutex](const auto& function) {
    using Function = std::decay_t<decltype(function)>;
    if (!function) return Function{};
    return Function([&mutex, &function](const auto&... arguments) {
      std::lock_guard lock(mutex);
      function(arguments...);
    });
  };
  const OutcomeFunction locked_outcome = locked(on_outcome);
  const EndFunction locked_end = locked(on_end);
  Dpor dpor(program, more_programs, options, locked_outcome, locked_end, tuning);
  Result result;
  tbb::task_arena(static_cast<int>(options.jobs)).execute([&] { result = dpor.search(); });
  if (dpor.in_order() || !result.counterexample || options.on_violation == OnViolation::Continue) {
    return result;
  }
  // Somebody found a violation. The one to show is the first in order.
  Options alone = options;
  alone.checkpoints.resume.clear();
  program.forget_findings();
  return Dpor(program, {}, alone, {}, {}, tuning).search();
}

}  // namespace

Result search_dpor(Program& program, const ProgramFactory& more_programs, const Options& options,
                   const OutcomeFunction& on_outcome, const EndFunction& on_end,
                   const Tuning& tuning) {
  try {
    return search_as_told(program, more_programs, options, on_outcome, on_end, tuning);
  } catch (const Unforeseen&) {
    Tuning careful = tuning;
    careful.foreseeable = false;
    program.forget_findings();
    return search_as_told(program, more_programs, options, on_outcome, on_end, careful);
  }
}

}  // namespace mmcheck::explore

// SPDX-License-Identifier: Apache-2.0
// See dpor.cc.
#include "explore/lane.h"

#include <algorithm>
#include <bit>

#include "base/error.h"

namespace mmcheck::explore {

namespace {
constexpr std::uint64_t kNoLabel = ~std::uint64_t{0};
}  // namespace

Lane::Lane(Program& program, const Options& options, const OutcomeFunction& on_outcome,
           const EndFunction& on_end, const Tuning& tuning)
    : tally_(program, options, on_outcome, on_end),
      engine_(program, {.reordering_covers = true,
                        .rewinding = true,
                        .steps_max = options.steps_max,
                        .coverage = options.coverage}),
      races_(engine_, path_, pool_, tuning.foreseeable && program.foreseeable()),
      patience_(tuning.patience) {}

// --- between runs --------------------------------------------------------------------------------

void Lane::begin() {
  engine_.begin();
  idle_ = false;
}

void Lane::begin(const Assignment& assignment, BranchPool& pool) {
  idle_ = false;
  begun_ = assignment.begun;
  shared_.assign(begun_->node->depth + 1, nullptr);
  for (TreeNode* node = begun_->node.get(); node != nullptr; node = node->parent()) {
    shared_[node->depth] = node;
  }
  races_.set_nr_shared(static_cast<std::uint32_t>(shared_.size()));
  load_path(*begun_->node);
  taken_ = pool_.copy(assignment.branch);
  pool.release_all(assignment.branch);
  first_to_report_ = true;
  first_ends_all_ = false;
}

void Lane::begin(SearchTree& tree) {
  const std::vector<std::shared_ptr<TreeNode>> nodes = tree.take_all();
  if (nodes.empty()) return;
  idle_ = false;
  begun_ = nullptr;
  shared_.clear();
  races_.set_nr_shared(0);
  const TreeNode* last = nodes.front().get();
  for (const auto& node : nodes) {
    if (node->depth > last->depth) last = node.get();
  }
  load_path(*last);
  for (const TreeNode* node = last; node != nullptr; node = node->parent()) {
    Node& own = path_.node(node->depth);
    pool_.release_all(own.pending);  // what races on the way ask for, which is there already
    own.pending = pool_.copy(node->node.pending);
    // The step on the path sleeps in the tree; here it does when its part is searched.
    nr_begun_[node->depth] = node->nr_begun;
    if (node == last) continue;
    const LoggedEvent& step = engine_.log().event(node->depth);
    own.sleepers.forget(step.thread, step.label);
    own.taken = step.thread;
    --nr_begun_[node->depth];
  }
  if (!take_pending()) idle_ = !back_up();
}

/// Makes the steps that lead to the node. What is known of the nodes on the way is copied first, so
/// that races among these steps, which were seen before, ask for nothing new.
void Lane::load_path(const TreeNode& last) {
  while (path_.size() > 0) {
    pool_.release_all(path_.top().pending);
    path_.pop();
  }
  races_.forget(0);
  nr_begun_.assign(last.depth + 1, 0);
  std::vector<const TreeNode*> nodes(last.depth + 1);
  for (const TreeNode* node = &last; node != nullptr; node = node->parent()) {
    nodes[node->depth] = node;
  }
  std::vector<Edge> edges;
  for (const TreeNode* node : nodes) {
    Node& copy = path_.push();
    copy = node->node;
    copy.pending = nullptr;
    copy.pending_at_owner = node->node.pending;
    if (node->depth < shared_.size()) copy.share();
    if (node->depth > 0) edges.push_back(node->begun->edge);
  }
  make_steps_to(edges);
  for (std::uint32_t i = 0; i < path_.size(); ++i) {
    if (i >= shared_.size()) path_.node(i).pending_at_owner = nullptr;
  }
}

void Lane::make_steps_to(const std::vector<Edge>& edges) {
  const TraceLog& log = engine_.log();
  if (log.size() == 0) engine_.begin();
  std::uint32_t same = 0;
  while (same < edges.size() && same < log.size() && log.event(same).thread == edges[same].thread &&
         log.event(same).label == edges[same].label) {
    ++same;
  }
  engine_.back_to(same);
  for (std::uint32_t i = 0; i < same; ++i) races_.detect_again(i);
  for (std::uint32_t i = same; i < edges.size(); ++i) run_step(edges[i].thread, edges[i].label);
}

void Lane::report(SearchTree& tree) {
  if (begun_ == nullptr) return;
  TreeNode& last = *begun_->node;
  const std::uint32_t depth = last.depth;
  if (first_to_report_ && engine_.log().size() > depth) {
    ForeseenStep step = engine_.log().event(depth);
    step.ends_all = first_ends_all_;
    begun_->edge.label = step.label;
    last.node.begun_elsewhere(step);
    if (step.chooses) last.node.expanded |= path_.node(depth).expanded & (1u << step.thread);
  }
  if (first_to_report_) last.waits = false;
  first_to_report_ = false;
  for (const ForeseenStep& step : to_try_) tree.add_step(begun_->node, step);
  to_try_.clear();
  for (const RaceDetector::Request& request : races_.requests()) {
    Sequence sequence = request.sequence.view();
    tree.add(shared_[request.depth]->shared_from_this(), sequence);
  }
  races_.requests().clear();
  if (idle_) begun_ = nullptr;
}

std::uint32_t Lane::first_pending() const {
  if (idle_) return ~0u;
  for (std::uint32_t i = static_cast<std::uint32_t>(shared_.size()); i < path_.size(); ++i) {
    if (path_.node(i).pending != nullptr) return i;
  }
  return ~0u;
}

void Lane::publish(SearchTree& tree, std::uint32_t depth) {
  const TraceLog& log = engine_.log();
  for (auto i = static_cast<std::uint32_t>(shared_.size()); i <= depth; ++i) {
    std::shared_ptr<TreeNode> node = tree.publish(begun_, path_.node(i), nr_begun_[i]);
    shared_.push_back(node.get());
    pool_.release_all(path_.node(i).pending);
    path_.node(i).pending = nullptr;
    path_.node(i).share();
    if (i < log.size()) {
      const ForeseenStep& step = log.event(i);
      node->node.begun_elsewhere(step);
      ++node->nr_begun;
      begun_ = std::make_shared<Begun>(Begun{node, {.label = step.label, .thread = step.thread}});
    } else if (taken_ != nullptr) {
      first_to_report_ = node->waits = true;
      first_ends_all_ = false;
      ++node->nr_begun;
      begun_ = std::make_shared<Begun>(
          Begun{node, {.label = taken_->step.label, .thread = taken_->step.thread}});
    }
  }
  races_.set_nr_shared(static_cast<std::uint32_t>(shared_.size()));
}

void Lane::publish_all(SearchTree& tree) {
  if (idle_) return;
  put_back();
  const std::uint32_t last = last_pending();
  if (last != ~0u) publish(tree, last);
  idle_ = true;
  begun_ = nullptr;
}

/// As if the next step had not been taken.
void Lane::put_back() {
  if (taken_ == nullptr) return;
  taken_->sibling = path_.top().pending;
  path_.top().pending = taken_;
  taken_ = nullptr;
}

std::uint32_t Lane::last_pending() const {
  std::uint32_t last = ~0u;
  for (auto i = static_cast<std::uint32_t>(shared_.size()); i < path_.size(); ++i) {
    if (path_.node(i).pending != nullptr) last = i;
  }
  return last;
}

double Lane::weight() const {
  if (idle_) return 0;
  double share = 1;
  if (begun_ != nullptr) {
    share = begun_->node->weight() / std::max(1u, begun_->node->nr_branches());
  }
  double result = 0;
  for (auto i = static_cast<std::uint32_t>(shared_.size()); i < path_.size(); ++i) {
    const Node& node = path_.node(i);
    unsigned nr_pending = 0;
    for (const Branch* b = node.pending; b != nullptr; b = b->sibling) ++nr_pending;
    share /= nr_begun_[i] + 1 + nr_pending;
    result += share * nr_pending;
  }
  return result + share;
}

// --- runs ----------------------------------------------------------------------------------------

void Lane::run(std::uint64_t nr_executions, std::atomic<bool>& round_over) {
  for (std::uint32_t i = 0; i < shared_.size(); ++i) {
    Node& copy = path_.node(i);
    pool_.release_all(copy.pending);  // the owner knows by now
    copy.pending = nullptr;
    copy.pending_at_owner = shared_[i]->node.pending;
  }
  const std::uint64_t begin = tally_.nr_executions();
  std::uint64_t made = 0;
  do {
    const Cut cut = extend();
    races_.detect_unsettled(cut == Cut::Asleep || engine_.violated());
    detect_at_end();
    bool going = true;
    if (cut == Cut::Asleep) {
      tally_.blocked();
    } else {
      going = tally_.ended(engine_, no_schedule_);
    }
    if (!back_up() || !going) idle_ = true;
    made = tally_.nr_executions() - begin;
  } while (!idle_ && made < nr_executions &&
           (made < patience_ || !round_over.load(std::memory_order_relaxed)));
  round_over.store(true, std::memory_order_relaxed);
  tally_.add_steps(engine_.nr_steps_made() - steps_counted_);
  steps_counted_ = engine_.nr_steps_made();
}

/// Goes on from where the log ends, to the end of the execution. Each node but one to be cut has
/// its event in the log afterwards.
Lane::Cut Lane::extend() {
  if (taken_ != nullptr && path_.size() == shared_.size()) {
    expand_at_shared();
    if (taken_ == nullptr) return Cut::Asleep;
  }
  if (taken_ != nullptr) make_step();
  while (!engine_.violated() && !engine_.at_step_limit() && engine_.enabled() != 0) {
    push_node();
    if (take_pending()) {
      make_step();
    } else if (!make_any_step()) {
      path_.pop();
      return Cut::Asleep;
    }
  }
  pool_.release_all(following_);
  following_ = nullptr;
  return Cut::No;
}

void Lane::push_node() {
  std::uint32_t depth = path_.size();
  Node& node = path_.push();
  node.enabled = engine_.enabled();
  if (depth != 0) {
    const TraceLog& log = engine_.log();
    node.inherit(path_.node(depth - 1), log.event(depth - 1).thread,
                 log.event(depth - 1).footprint);
  }
  node.pending = following_;
  following_ = nullptr;
  if (nr_begun_.size() <= depth) nr_begun_.resize(depth + 1);
  nr_begun_[depth] = 0;
}

/// The first of what is pending at the top node. The engine is there.
bool Lane::take_pending() {
  Node& node = path_.top();
  while (node.pending != nullptr) {
    Branch* branch = node.pending;
    node.pending = branch->sibling;
    if (branch->step.any_label) {
      expand(branch->step.thread, &node.pending, kNoLabel);
    } else if (!node.covers_branch(*branch)) {
      expand_others(branch->step);
      branch->sibling = nullptr;
      taken_ = branch;
      return true;
    }
    pool_.release_all(branch->child);
    pool_.release(branch);
  }
  return false;
}

/// Of any thread with a step that does not sleep. The one that ran last comes first, so that
/// executions have few context switches.
bool Lane::make_any_step() {
  const std::uint32_t enabled = path_.top().enabled;
  std::uint32_t depth = path_.size() - 1;
  unsigned last = depth == 0 ? 0 : engine_.log().event(depth - 1).thread;
  if (((enabled >> last) & 1u) != 0 && make_step_of(last)) return true;
  for (std::uint32_t rest = enabled & ~(1u << last); rest != 0; rest &= rest - 1) {
    if (make_step_of(static_cast<unsigned>(std::countr_zero(rest)))) return true;
  }
  return false;
}

bool Lane::make_step_of(unsigned thread) {
  Node& node = path_.top();
  if (engine_.has_alternatives(thread)) {
    if (!expand(thread, &node.pending, kNoLabel) || !take_pending()) return false;
    make_step();
    return true;
  }
  if (node.asleep(thread, 0)) return false;
  node.taken = thread;
  run_step(thread, 0);
  return true;
}

/// Of a thread with alternatives, all are tried where one is. They come last: another branch may
/// lead to one of them, and knows what is to follow.
void Lane::expand_others(const ForeseenStep& step) {
  Node& node = path_.top();
  if (!step.chooses || ((node.expanded >> step.thread) & 1u) != 0) return;
  Branch** end = &node.pending;
  while (*end != nullptr) end = &(*end)->sibling;
  expand(step.thread, end, step.label);
}

/// Makes a branch of each alternative of the thread's step that neither sleeps nor is pending.
bool Lane::expand(unsigned thread, Branch** at, std::uint64_t but) {
  Node& node = path_.top();
  std::uint64_t labels[Alternatives::kMax];
  unsigned nr_labels = engine_.list(thread, labels);
  const bool chooses = engine_.has_alternatives(thread);
  if (chooses) node.expanded |= 1u << thread;
  bool some = false;
  for (unsigned i = 0; i < nr_labels; ++i) {
    if (labels[i] == but || node.asleep(thread, labels[i])) continue;
    if (Branch* pending = find_branch(node.pending, thread, labels[i])) {
      pending->unsure = false;
      continue;
    }
    Branch* branch = pool_.make({.footprint = {},
                                 .label = labels[i],
                                 .thread = static_cast<std::uint8_t>(thread),
                                 .chooses = chooses,
                                 .known = false});
    branch->sibling = *at;
    *at = branch;
    at = &branch->sibling;
    some = true;
  }
  return some;
}

/// The labels of a step at a node that is shared: one is taken, the others are for whoever comes.
void Lane::expand_at_shared() {
  if (!taken_->step.chooses) return;
  Node& node = path_.top();
  Branch* others = nullptr;
  expand(taken_->step.thread, &others, taken_->step.any_label ? kNoLabel : taken_->step.label);
  if (taken_->step.any_label) {
    pool_.release(taken_);
    taken_ = others;
    if (others != nullptr) others = others->sibling;
  }
  for (Branch* branch = others; branch != nullptr; branch = branch->sibling) {
    to_try_.push_back(branch->step);
    to_try_.back().footprint = {};
  }
  if (taken_ != nullptr) taken_->sibling = nullptr;
  Branch** end = &node.pending;
  while (*end != nullptr) end = &(*end)->sibling;
  *end = others;
}

void Lane::make_step() {
  unsigned thread = taken_->step.thread;
  std::uint64_t label = taken_->step.label;
  following_ = taken_->child;
  Branch::prefetch(following_);
  pool_.release(taken_);
  taken_ = nullptr;
  path_.top().taken = thread;
  if (((path_.top().enabled >> thread) & 1u) == 0) {
    throw InternalError(
        "a step is not possible where it should be: the program is not the same "
        "each time, or changes what others see outside of words");
  }
  run_step(thread, label);
}

void Lane::run_step(unsigned thread, std::uint64_t label) {
  engine_.run(thread, label);
  engine_.append_step();
  races_.detect_latest();
}

/// B3 and B4.
void Lane::detect_at_end() {
  if (path_.size() == 0) return;  // nobody has moved, so there is nothing to race with
  std::uint32_t blocked = engine_.unfinished();
  if (engine_.violated()) {
    if (tally_.options().on_violation == OnViolation::Continue) races_.check_may_end_all();
    blocked &= ~(1u << engine_.log().event(engine_.log().size() - 1).thread);
    if (tally_.options().on_violation == OnViolation::Continue) try_others_at_top();
  } else {
    blocked &= ~engine_.enabled();
  }
  for (; blocked != 0; blocked &= blocked - 1) {
    races_.detect_blocked(static_cast<unsigned>(std::countr_zero(blocked)));
  }
}

void Lane::try_others_at_top() {
  Node& node = path_.top();
  unsigned own = engine_.log().event(path_.size() - 1).thread;
  std::uint32_t others = node.enabled & ~node.expanded & ~(1u << own);
  Branch** end = &node.pending;
  for (; *end != nullptr; end = &(*end)->sibling) {
    (*end)->unsure = false;
    others &= ~(1u << (*end)->step.thread);
  }
  for (; others != 0; others &= others - 1) {
    auto thread = static_cast<unsigned>(std::countr_zero(others));
    bool chooses = engine_.has_alternatives(thread);
    if (!chooses && node.asleep(thread, 0)) continue;
    const ForeseenStep step{.footprint = {},
                            .thread = static_cast<std::uint8_t>(thread),
                            .any_label = chooses,
                            .chooses = chooses,
                            .known = false};
    if (path_.size() == shared_.size()) to_try_.push_back(step);
    *end = pool_.make(step);
    end = &(*end)->sibling;
  }
}

/// To the deepest node of its own where something is left to try. False: there is none.
bool Lane::back_up() {
  const bool violated = engine_.violated();
  const std::uint32_t nr_steps = engine_.log().size();
  for (; path_.size() > shared_.size(); path_.pop()) {
    std::uint32_t depth = path_.size() - 1;
    Node& node = path_.top();
    if (node.pending == nullptr) continue;
    Branch::prefetch(node.pending);
    ForeseenStep step = engine_.log().event(depth);
    step.ends_all = violated && depth + 1 == nr_steps;
    node.add_sleeper(step);
    node.taken = kThreadsMax;
    ++nr_begun_[depth];
    engine_.back_to(depth);
    races_.forget(depth);
    if (take_pending()) return true;
  }
  first_ends_all_ = violated && nr_steps != 0 && nr_steps == shared_.size();
  return false;
}

}  // namespace mmcheck::explore

// SPDX-License-Identifier: Apache-2.0
// One depth-first search of a part of the tree. Lanes do not touch each other, nor the shared tree,
// while they run; between runs they trade with it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "explore/races.h"
#include "explore/search.h"
#include "explore/search_tree.h"

namespace mmcheck::explore {

class Lane {
 public:
  Lane(Program& program, const Options& options, const OutcomeFunction& on_outcome,
       const EndFunction& on_end, const Tuning& tuning);

  bool idle() const { return idle_; }
  Tally& tally() { return tally_; }
  Engine& engine() { return engine_; }

  // --- between runs ------------------------------------------------------------------------------

  /// Begins at the root, which nobody else knows.
  void begin();
  void begin(const Assignment& assignment, BranchPool& pool);
  /// Begins with all that is in the tree, which one lane alone has published.
  void begin(SearchTree& tree);
  /// Tells the tree what came up in the last run. Lets go of what is finished.
  void report(SearchTree& tree);
  /// The depth of the first state of its own where something is pending, or ~0.
  std::uint32_t first_pending() const;
  /// Hands over the states down to this depth.
  void publish(SearchTree& tree, std::uint32_t depth);
  /// Hands over everything that is pending, and becomes idle.
  void publish_all(SearchTree& tree);
  /// The share of the whole that is still before it, by a guess.
  double weight() const;

  // --- runs --------------------------------------------------------------------------------------

  /// Searches for this many executions at most, and one at least: the tree is to hear of the first
  /// step of what was begun. Returns early when its part is searched, at a violation if the search
  /// is to stop there, and when the round is over, which it is when one lane has returned; but not
  /// before it has made a few. What it asks the tree for is often searched by itself soon after,
  /// and who takes that at once finds it so.
  void run(std::uint64_t nr_executions, std::atomic<bool>& round_over);

 private:
  enum class Cut : std::uint8_t { No, Asleep };

  Cut extend();
  void load_path(const TreeNode& last);
  void make_steps_to(const std::vector<Edge>& edges);
  void put_back();
  std::uint32_t last_pending() const;
  void push_node();
  bool take_pending();
  bool make_any_step();
  bool make_step_of(unsigned thread);
  void expand_others(const ForeseenStep& step);
  bool expand(unsigned thread, Branch** at, std::uint64_t but);
  void make_step();
  void run_step(unsigned thread, std::uint64_t label);
  void expand_at_shared();
  void detect_at_end();
  void try_others_at_top();
  bool back_up();

  Tally tally_;
  Engine engine_;
  SearchPath path_;
  BranchPool pool_;
  RaceDetector races_;
  std::uint64_t patience_;
  bool idle_ = true;
  Branch* taken_ = nullptr;            ///< the step to be made next, and what is to follow it
  Branch* following_ = nullptr;        ///< what is to be made after the step that was made last
  const trace::Schedule no_schedule_;  // the log has it

  std::shared_ptr<Begun> begun_;         ///< what it searches
  std::vector<TreeNode*> shared_;        ///< the first nodes of the path are copies of these
  std::vector<std::uint32_t> nr_begun_;  ///< at each own node, what it began there
  std::uint64_t steps_counted_ = 0;

  bool first_to_report_ = false;  ///< the step at the last shared node: it is the tree's to know
  bool first_ends_all_ = false;
  std::vector<ForeseenStep> to_try_;  ///< at the last shared node, without footprints
};

}  // namespace mmcheck::explore

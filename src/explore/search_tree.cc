// SPDX-License-Identifier: Apache-2.0
#include "explore/search_tree.h"

#include <bit>

namespace mmcheck::explore {

void SearchTree::push(const TraceLog& log, std::uint32_t enabled, std::uint32_t choosers) {
  Node child{.enabled = enabled,
             .choosers = choosers,
             .sleep_begin = static_cast<std::uint32_t>(sleepers_.size()),
             .footprint_begin = static_cast<std::uint32_t>(footprints_.size()),
             .labels_begin = static_cast<std::uint32_t>(labels_.size()),
             .label_next = static_cast<std::uint32_t>(labels_.size())};
  if (!nodes_.empty()) {
    std::uint32_t event = log.size() - 1;
    std::span<const LoggedAccess> accesses = log.accesses_of(event);
    for (std::uint32_t i = nodes_.back().sleep_begin; i < child.sleep_begin; ++i) {
      Sleeper sleeper = sleepers_[i];
      if (sleeper.thread == log.event(event).thread || !independent(sleeper, accesses)) continue;
      sleepers_.push_back(sleeper);
    }
  }
  nodes_.push_back(child);
}

void SearchTree::pop() {
  const Node& node = nodes_.back();
  sleepers_.resize(node.sleep_begin);
  footprints_.resize(node.footprint_begin);
  labels_.resize(node.labels_begin);
  nodes_.pop_back();
}

bool SearchTree::independent(const Sleeper& sleeper, std::span<const LoggedAccess> accesses) const {
  for (std::uint32_t i = sleeper.begin; i < sleeper.end; ++i) {
    for (const LoggedAccess& access : accesses) {
      if (access.use.object == footprints_[i].object &&
          conflict(access.use.mode, footprints_[i].mode)) {
        return false;
      }
    }
  }
  return true;
}

const SearchTree::Sleeper* SearchTree::find_sleeper(std::uint32_t node, unsigned thread,
                                                    std::uint64_t label) const {
  std::size_t end = node + 1 < nodes_.size() ? nodes_[node + 1].sleep_begin : sleepers_.size();
  for (std::size_t i = nodes_[node].sleep_begin; i < end; ++i) {
    if (sleepers_[i].thread == thread && sleepers_[i].label == label) return &sleepers_[i];
  }
  return nullptr;
}

SearchTree::Footprint SearchTree::footprint(std::uint32_t node, unsigned thread) const {
  const Sleeper* sleeper = find_sleeper(node, thread, 0);
  if (sleeper == nullptr) return {};
  return {.known = true,
          .uses = {footprints_.data() + sleeper->begin, sleeper->end - sleeper->begin}};
}

void SearchTree::check_assumptions(std::span<const LoggedAccess> accesses) {
  Node& node = nodes_.back();
  std::uint32_t bit = 1u << node.thread;
  bool narrow = accesses.size() <= 1;
  bool reading = narrow && (accesses.empty() || accesses[0].use.mode == Mode::Read);
  if (((node.assumed_narrow & bit) != 0 && !narrow) ||
      ((node.assumed_reading & bit) != 0 && !reading)) {
    node.backtrack = node.enabled;
  }
}

bool SearchTree::select(unsigned thread, std::span<const std::uint64_t> labels) {
  Node& node = nodes_.back();
  labels_.resize(node.labels_begin);
  for (std::uint64_t label : labels) {
    if (!asleep(size() - 1, thread, label)) labels_.push_back(label);
  }
  node.label_next = node.labels_begin;
  node.thread = thread;
  if (has_label()) return true;
  node.done |= 1u << thread;
  return false;
}

void SearchTree::retire(const TraceLog& log) {
  std::uint32_t event = log.size() - 1;
  auto begin = static_cast<std::uint32_t>(footprints_.size());
  for (const LoggedAccess& access : log.accesses_of(event)) {
    footprints_.push_back({.object = access.use.object, .mode = access.use.mode});
  }
  sleepers_.push_back({.label = log.event(event).label,
                       .begin = begin,
                       .end = static_cast<std::uint32_t>(footprints_.size()),
                       .thread = log.event(event).thread});
  if (!has_label()) nodes_.back().done |= 1u << nodes_.back().thread;
}

unsigned SearchTree::next_thread() {
  Node& node = nodes_.back();
  while (std::uint32_t rest = node.backtrack & ~node.done) {
    auto thread = static_cast<unsigned>(std::countr_zero(rest));
    bool chooses = (node.choosers >> thread) & 1u;
    if (chooses || !asleep(size() - 1, thread, 0)) return thread;
    node.done |= 1u << thread;
  }
  return kThreadsMax;
}

}  // namespace mmcheck::explore

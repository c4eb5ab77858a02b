// SPDX-License-Identifier: Apache-2.0
#include "explore/search_path.h"

#include <algorithm>

namespace mmcheck::explore {

namespace {

bool independent(std::span<const Use> uses, std::span<const LoggedAccess> accesses) {
  for (const Use& use : uses) {
    for (const LoggedAccess& access : accesses) {
      if (access.use.object == use.object && conflict(access.use.mode, use.mode)) return false;
    }
  }
  return true;
}

}  // namespace

bool Node::asleep(unsigned thread, std::uint64_t label) const {
  return std::any_of(sleepers.begin(), sleepers.end(), [&](const Sleeper& sleeper) {
    return sleeper.thread == thread && sleeper.label == label;
  });
}

void Node::add_sleeper(unsigned thread, std::uint64_t label,
                       std::span<const LoggedAccess> accesses) {
  auto begin = static_cast<std::uint32_t>(uses.size());
  for (const LoggedAccess& access : accesses) {
    uses.push_back({.object = access.use.object, .mode = access.use.mode});
  }
  sleepers.push_back({.label = label,
                      .begin = begin,
                      .end = static_cast<std::uint32_t>(uses.size()),
                      .thread = static_cast<std::uint8_t>(thread)});
}

void Node::inherit(const Node& parent, unsigned thread, std::span<const LoggedAccess> accesses) {
  for (const Sleeper& sleeper : parent.sleepers) {
    std::span<const Use> theirs = parent.uses_of(sleeper);
    if (sleeper.thread == thread || !independent(theirs, accesses)) continue;
    auto begin = static_cast<std::uint32_t>(uses.size());
    uses.insert(uses.end(), theirs.begin(), theirs.end());
    sleepers.push_back({.label = sleeper.label,
                        .begin = begin,
                        .end = static_cast<std::uint32_t>(uses.size()),
                        .thread = sleeper.thread});
  }
}

Node& SearchPath::push() {
  if (size_ == nodes_.size()) nodes_.emplace_back();
  Node& node = nodes_[size_++];
  node.enabled = node.choosers = node.expanded = 0;
  node.pending = nullptr;
  node.sleepers.clear();
  node.uses.clear();
  return node;
}

}  // namespace mmcheck::explore

// SPDX-License-Identifier: Apache-2.0
// Sequences of steps that are still to be made after some state: an ordered tree, as in Abdulla et
// al. (JACM 2017, section 6).
#pragma once

#include <cstdint>
#include <deque>

#include "explore/footprint.h"

namespace mmcheck::explore {

/// One step of such a sequence. Its siblings are tried after it, its children follow it.
struct Branch {
  Branch* child = nullptr;
  Branch* sibling = nullptr;
  std::uint64_t label = 0;
  Footprint footprint;
  std::uint8_t thread = 0;
  bool any_label = false;        ///< the thread has alternatives here, and all are to be tried
  bool footprint_known = false;  ///< what the step uses does not depend on how one comes here
};

/// Branches come and go all the time: those not in use are kept.
class BranchPool {
 public:
  Branch* make() {
    if (free_ == nullptr) return &all_.emplace_back();
    Branch* branch = free_;
    free_ = branch->sibling;
    *branch = Branch{};
    return branch;
  }
  void release(Branch* branch) {
    branch->sibling = free_;
    free_ = branch;
  }
  /// With all that follow it, and its siblings.
  void release_all(Branch* branch);

 private:
  std::deque<Branch> all_;
  Branch* free_ = nullptr;
};

}  // namespace mmcheck::explore

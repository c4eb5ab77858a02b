// SPDX-License-Identifier: Apache-2.0
#include "explore/wakeup_tree.h"

namespace mmcheck::explore {

void BranchPool::release_all(Branch* branch) {
  while (branch != nullptr) {
    release_all(branch->child);
    Branch* next = branch->sibling;
    release(branch);
    branch = next;
  }
}

}  // namespace mmcheck::explore

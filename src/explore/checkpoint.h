// SPDX-License-Identifier: Apache-2.0
// The state of a search as bytes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "explore/explorer.h"
#include "explore/search_tree.h"

namespace mmcheck::explore {

/// Taken when every lane has handed over what it had.
struct Checkpoint {
  Result result;  ///< so far
  std::vector<std::string> findings;  ///< of the programs
  std::vector<std::shared_ptr<TreeNode>> nodes;  ///< those where something is pending
};

std::string encode(const Checkpoint& checkpoint);

/// The nodes are put into the tree, which must be empty. Throws InputError if the bytes are not what
/// encode() made.
Checkpoint decode(const std::string& bytes, SearchTree& tree);

}  // namespace mmcheck::explore

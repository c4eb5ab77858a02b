// SPDX-License-Identifier: Apache-2.0
// The variants of the memory manager. A design is a composition of policies; see mm/policy.h.
#pragma once

#include <span>
#include <string_view>

#include "mm/policy.h"

namespace mmcheck::design {

/// A design's public face. `name` is a public identifier.
struct Design {
  std::string_view name;
  std::string_view summary;  ///< one line
  std::string_view source;   ///< kernel version and file, or mail: "Torvalds, 29 Oct 2022"
  const mm::Policies* policies = nullptr;
  std::string_view word = {};  ///< by which the command line finds it, if not by its name
};

inline std::string_view word_of(const Design& design) {
  return design.word.empty() ? design.name : design.word;
}

/// All designs, in the order of the matrix.
std::span<const Design> designs();

/// Designs that differ from another one only in what few scenarios can observe: run where a
/// scenario names them.
std::span<const Design> variants();

/// linux-6.12 with one step dropped or moved, named "linux-6.12/no-pvmw-sync". Each must be caught.
std::span<const Design> mutations();

/// Among all; nullptr if there is none of that name.
const Design* find_design(std::string_view name);

}  // namespace mmcheck::design

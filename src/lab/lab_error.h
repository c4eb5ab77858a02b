// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>

namespace mmcheck::lab {

/// The machine does not do what it should: it has ended, does not answer, or refuses. Not a mistake
/// of the user's.
class LabError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace mmcheck::lab

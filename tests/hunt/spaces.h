// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "hunt/program.h"

namespace mmcheck::hunt {

/// A space of these operations and starts.
inline Space space_of(const Bounds& bounds, const std::vector<std::string_view>& operations,
                      const std::vector<std::string_view>& starts = {"shared"}) {
  std::vector<const Operation*> selected;
  for (const std::string_view name : operations) selected.push_back(find_operation(name));
  std::vector<const Start*> at_start;
  for (const std::string_view name : starts) at_start.push_back(find_start(name));
  return {bounds, selected, at_start};
}

}  // namespace mmcheck::hunt

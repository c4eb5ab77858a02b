// SPDX-License-Identifier: Apache-2.0
// Of a long execution, what its broken rule is about.
#pragma once

#include <cstddef>
#include <vector>

#include "trace/record.h"

namespace mmcheck::report {

/// Of the steps, the last `steps_max` that speak of a page, a variable or whatever else the steps
/// change that together break the rule, these among them. In order.
std::vector<const trace::StepRecord*> focus(const trace::Record& record,
                                            const std::vector<const trace::StepRecord*>& steps,
                                            std::size_t steps_max);

}  // namespace mmcheck::report

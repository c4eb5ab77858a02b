// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "design/design.h"
#include "report/cost.h"

namespace mmcheck::cli {

/// What each of the designs costs, case by case.
std::vector<report::CostLine> measure_costs(std::span<const design::Design* const> designs);

}  // namespace mmcheck::cli

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "workload/scenario.h"

namespace mmcheck::workload {

/// The meaning of a scenario as text, for comparison in tests: what names were resolved to, which
/// operation each call became. Without places.
std::string dump(const Scenario& scenario);

std::string dump(const Expr& expr);

/// What the command line prints for an error: "f.litmus:3:5: expected ...".
std::string describe(const InputError& error);

}  // namespace mmcheck::workload

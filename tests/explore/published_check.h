// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "published_counts.h"

namespace classic {

/// The rows of that cost.
std::vector<Row> rows(Cost cost);
/// For GoogleTest: a name of letters, digits and underscores that tells rows apart.
std::string test_name(const Row& row);
std::ostream& operator<<(std::ostream& out, const Row& row);

/// Expects that the search finds the published number, and that none is begun in vain.
void check(const Row& row);

/// Expects it of the classes that brute force finds. False: there are more than `executions_max`
/// orders to try, and nothing was compared.
bool check_by_brute_force(const Row& row, std::uint64_t executions_max);

}  // namespace classic

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "design/design.h"
#include "explore/explorer.h"
#include "workload/program.h"

namespace mmcheck::testing {

/// One scenario of the catalog under one design, searched to the end or to the first violation.
struct Cell {
  explore::Result result;
  std::string verdict;  ///< "held", "R-WRITE" ..., or "incomplete"
};

Cell search(const workload::Scenario& scenario, const design::Design& design,
            const explore::Options& options = {},
            explore::MemoryModel memory = explore::MemoryModel::Sc);

/// The names of all scenarios of the catalog, sorted.
std::vector<std::string> catalog_names();

/// A scenario of the catalog, by name.
workload::Scenario catalog(const std::string& name);

/// What a scenario is run under: all designs, and the variants and mutations of which its file says
/// what comes out.
std::vector<const design::Design*> designs_of(const workload::Scenario& scenario);

}  // namespace mmcheck::testing

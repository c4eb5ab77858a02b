// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "workload/scenario.h"

namespace mmcheck::lab {

/// Tests run in the root of the repository.
inline workload::Scenario catalog_scenario(const std::string& name) {
  return workload::load_scenario("catalog/" + name + ".litmus");
}

}  // namespace mmcheck::lab

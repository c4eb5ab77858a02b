// SPDX-License-Identifier: Apache-2.0
#include "workload/scenario.h"

#include "workload/read_file.h"

namespace mmcheck::workload {

Scenario load_scenario(const std::string& path) {
  return parse_scenario(read_file(path, "scenario"), path);
}

}  // namespace mmcheck::workload

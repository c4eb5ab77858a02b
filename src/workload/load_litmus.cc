// SPDX-License-Identifier: Apache-2.0
#include "workload/litmus.h"
#include "workload/read_file.h"

namespace mmcheck::workload {

Scenario load_litmus(const std::string& path) {
  return parse_litmus(read_file(path, "litmus"), path);
}

}  // namespace mmcheck::workload

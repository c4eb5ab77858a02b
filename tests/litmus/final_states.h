// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "explore/memory.h"
#include "workload/litmus.h"

namespace mmcheck::workload {

/// The final states of a test, separated by '|': "0:r0=0; [x]=1;|0:r0=1; [x]=1;". They are found
/// twice, by the search that is meant for it and by trying every interleaving; what differs is told
/// instead. Also what is wrong with the text is told: "LINE:COLUMN: MESSAGE".
std::string final_states(const std::string& text,
                         explore::MemoryModel model = explore::MemoryModel::Sc);

/// The same for a test in C whose initial section is `initial`, whose threads are `threads`, and
/// whose `locations` are those given.
std::string final_states_of(const std::string& initial, const std::string& threads,
                            const std::string& locations);

}  // namespace mmcheck::workload

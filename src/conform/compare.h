// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>

#include "conform/program.h"

namespace mmcheck::conform {

/// The first call of which the results are not what one kernel would give, if another also may.
/// Where a side failed, it is the call after the last.
std::optional<std::size_t> first_difference(const Program& program, const Outcome& host,
                                            const Outcome& model);

}  // namespace mmcheck::conform

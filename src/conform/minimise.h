// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "conform/program.h"

namespace mmcheck::conform {

/// A program of which no call can be left out, and no operand made simpler, so that `fails` still
/// holds, as it does for `program`.
Program minimise(Program program, const std::function<bool(const Program&)>& fails);

}  // namespace mmcheck::conform

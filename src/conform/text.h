// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "conform/program.h"

namespace mmcheck::conform {

/// "munmap(w + 2*P, P)"
std::string text_of(const Call& call);

/// "EINVAL", "w + P", "SIGBUS".
std::string text_of(const Call& call, const Result& result);

/// The program as lines of C, with the results; both of them at the call where they differ.
std::string text_of(const Program& program, const Outcome& host, const Outcome& model,
                    std::size_t difference);

}  // namespace mmcheck::conform

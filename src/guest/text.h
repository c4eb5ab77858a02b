// SPDX-License-Identifier: Apache-2.0
// Strings that a guest passes, wherever they are: also in memory that the model maps, of which the
// machine's own memory shows only what was loaded last.
#pragma once

#include <cstdarg>
#include <cstdio>
#include <string_view>

#include "guest/runtime.h"
#include "guest/scratch.h"

namespace mmcheck::guest {

/// Up to its NUL, or to `bytes_max` bytes.
ScratchString take_string(const char* text, Place place, std::size_t bytes_max = SIZE_MAX);

/// As printf() makes it.
ScratchString format_text(const char* format, va_list arguments, Place place);

/// Writes to a stream of the guest's. Returns whether it could.
bool print_to(FILE* stream, std::string_view text, Place place);

}  // namespace mmcheck::guest

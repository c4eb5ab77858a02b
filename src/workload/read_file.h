// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace mmcheck::workload {

/// The contents of an input file, one byte more than is allowed at most, so that the parser sees
/// that it is too long. Throws InputError that says that a `what` file was expected.
std::string read_file(const std::string& path, const char* what);

}  // namespace mmcheck::workload

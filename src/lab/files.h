// SPDX-License-Identifier: Apache-2.0
// Files as a whole.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mmcheck::lab {

/// Throws InputError if it cannot be read.
std::string read_file(const std::filesystem::path& path);
/// Throws InputError if it cannot be written. What was there before stays until all is written.
void write_file(const std::filesystem::path& path, std::string_view bytes);

/// Without its end.
std::string first_line(const std::string& text);
std::vector<std::string> lines_of(const std::string& text);

/// In hexadecimal.
std::string sha256(const std::filesystem::path& path);

/// Runs it, and throws InputError, with what it has printed, if it fails.
std::string run_or_throw(const std::vector<std::string>& words);

}  // namespace mmcheck::lab

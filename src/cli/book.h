// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "book/chapter.h"
#include "cli/session.h"

namespace mmcheck::cli {

/// What is known of each rule: the programs in DIRECTORY/programs, run again, and the catalog.
/// Throws InputError where a program does not show what it is there for.
std::vector<book::Chapter> load_chapters(const std::string& directory, const Session& session);

/// What to do about blocks that are not what they should be.
enum class Stale : std::uint8_t { Write, Report };

/// `mmcheck rules --book DIRECTORY`.
ExitCode make_book(const std::string& directory, Stale stale, const Session& session);

}  // namespace mmcheck::cli

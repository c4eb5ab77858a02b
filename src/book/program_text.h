// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace mmcheck::book {

/// A scenario as a page shows it: without comments, expectations and empty lines, and a thread of
/// one statement on a line.
std::string program_text(const std::string& scenario);

/// The command at the end of a comment, "Found by mmcheck hunt ...", on one line; empty if there is
/// none. It may be broken into lines by "\\".
std::string hunt_command(const std::string& comment);

}  // namespace mmcheck::book

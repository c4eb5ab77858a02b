// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace mmcheck::cli {

/// Public: scripts depend on the numbers. See docs/reference/cli.md.
enum class ExitCode : int {
  Met = 0,         ///< every expectation is met
  NotMet = 1,      ///< one is not met, or a rule is broken of which no expectation says so
  Usage = 2,       ///< the command line or an input file is wrong
  Incomplete = 3,  ///< a search was cut short where --require-complete asked for all of it
  Internal = 4,    ///< mmcheck broke a promise of its own
};

}  // namespace mmcheck::cli

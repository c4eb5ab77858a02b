// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "report/style.h"
#include "report/verdict.h"

namespace mmcheck::report {

/// Designs down, scenarios across, in order of first appearance, without mutations that were run
/// under some scenarios only. Each cell is `held`, `held(2)`
/// (within so many preemptions), `held~` (in a sample), `incomplete` or the broken rule, and the
/// number of executions. Scenarios that do not fit into the width continue below.
std::string matrix_table(std::span<const Verdict> verdicts, Colour colour,
                         unsigned width = kLineWidth);

/// What the table leaves out: mutations, each run where a scenario says what comes out. One line a
/// cell. Empty if there is none; begins with a blank line.
std::string mutation_table(std::span<const Verdict> verdicts, Colour colour);

/// What the cells of the table say, as far as it needs to be said of these; ends with a blank line.
std::string matrix_legend(std::span<const Verdict> verdicts);

/// How many cells held, were violated, were cut short; whether every expectation is met; which
/// rules had nothing to decide in any cell.
std::string summary(std::span<const Verdict> verdicts);

/// One line on one cell, without its scenario: "  linux-6.1  R-WRITE  37 executions".
std::string verdict_line(const Verdict& verdict, unsigned design_width, Colour colour);

}  // namespace mmcheck::report

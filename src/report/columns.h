// SPDX-License-Identifier: Apache-2.0
// An execution as kernel engineers draw it in mail: one column per CPU, time downwards, what
// changed at the right.
#pragma once

#include <cstdint>
#include <string>

#include "report/style.h"
#include "trace/record.h"

namespace mmcheck::report {

enum class Steps : std::uint8_t {
  Essential,  ///< Major ones, those that change something Major, those that break the rule
  All,
  Focus,  ///< of the essential ones the last that are about what is broken: see focus.h
};

struct ColumnsOptions {
  Steps steps = Steps::Essential;
  Colour colour = Colour::No;
  unsigned width = kLineWidth;
  std::string replay{};             ///< what `mmcheck replay` takes; empty: no such line
  std::string program = "mmcheck";  ///< what a shell calls this program
  std::string only_rule{};          ///< the one that was watched; empty: all were
  std::string memory = "sc";        ///< the memory model
};

/// The table, then `why:`, `replay:` and `not shown:`. Steps carry the number that they have in the
/// whole execution, so that they are called the same whichever of them are shown.
std::string columns(const trace::Record& record, const ColumnsOptions& options);

/// The command that runs the execution again: quoted for a shell, and broken into lines that the
/// shell and `mmcheck replay` take as one.
std::string replay_command(const ColumnsOptions& options, unsigned label_width);

}  // namespace mmcheck::report

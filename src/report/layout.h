// SPDX-License-Identifier: Apache-2.0
// Lays out a table of wrapped texts within a number of characters.
#pragma once

#include <string>
#include <vector>

#include "report/style.h"

namespace mmcheck::report {

/// A text that begins on a line of its own within its cell.
struct Item {
  std::string text;
  Emphasis emphasis = Emphasis::None;
};

using CellItems = std::vector<Item>;
using Row = std::vector<CellItems>;  ///< one per column

/// The first column holds numbers: aligned to the right, never wrapped.
struct Table {
  std::vector<std::string> headings;
  std::vector<Row> rows;
};

std::string draw(const Table& table, unsigned width, Colour colour);

}  // namespace mmcheck::report

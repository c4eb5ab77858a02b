// SPDX-License-Identifier: Apache-2.0
#include "report/layout.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

namespace mmcheck::report {
namespace {

constexpr unsigned kMargin = 2;  // before the first column
constexpr unsigned kGap = 2;     // between columns
constexpr unsigned kHangingIndent = 2;
constexpr unsigned kNarrowest = 8;  // with more columns than fit so, lines become longer

struct Line {
  std::string text;
  Emphasis emphasis = Emphasis::None;
};

std::vector<Line> lines_of(const CellItems& items, unsigned width) {
  std::vector<Line> lines;
  for (const Item& item : items) {
    for (std::string& line : wrap(item.text, width, kHangingIndent)) {
      lines.push_back({std::move(line), item.emphasis});
    }
  }
  return lines;
}

std::vector<unsigned> natural_widths(const Table& table) {
  std::vector<unsigned> widths;
  for (const std::string& heading : table.headings) {
    widths.push_back(static_cast<unsigned>(heading.size()));
  }
  for (const Row& row : table.rows) {
    for (std::size_t column = 0; column < row.size(); ++column) {
      for (const Item& item : row[column]) {
        widths[column] = std::max(widths[column], static_cast<unsigned>(item.text.size()));
      }
    }
  }
  return widths;
}

/// Whether some word of `text` is longer than a line.
bool splits_word(std::string_view text, unsigned width) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > width) return true;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return false;
}

/// How badly the table reads with these widths: its height, and one for each torn word.
std::size_t badness_of(const Table& table, const std::vector<unsigned>& widths) {
  std::size_t badness = 0;
  for (const Row& row : table.rows) {
    std::size_t tallest = 1;
    for (std::size_t column = 0; column < row.size(); ++column) {
      tallest = std::max(tallest, lines_of(row[column], widths[column]).size());
      for (const Item& item : row[column])
        badness += splits_word(item.text, widths[column]) ? 1 : 0;
    }
    badness += tallest;
  }
  return badness;
}

/// Takes character after character from the widest columns until the sum fits.
void shrink(std::vector<unsigned>& widths, unsigned room) {
  const auto sum = [&widths] {
    unsigned total = 0;
    for (std::size_t i = 1; i < widths.size(); ++i) total += widths[i];
    return total;
  };
  while (sum() > room) {
    const auto widest = std::max_element(widths.begin() + 1, widths.end());
    if (*widest <= kNarrowest) return;
    --*widest;
  }
}

/// Moves width between columns as long as that makes the table read better.
void balance(const Table& table, const std::vector<unsigned>& natural,
             std::vector<unsigned>& widths) {
  constexpr unsigned kStep = 2;
  std::size_t badness = badness_of(table, widths);
  for (bool better = true; better;) {
    better = false;
    for (std::size_t from = 1; from < widths.size(); ++from) {
      for (std::size_t to = 1; to < widths.size(); ++to) {
        if (from == to || widths[from] < kNarrowest + kStep || widths[to] >= natural[to]) continue;
        std::vector<unsigned> trial = widths;
        trial[from] -= kStep;
        trial[to] += kStep;
        const std::size_t trial_badness = badness_of(table, trial);
        if (trial_badness >= badness) continue;
        widths = trial;
        badness = trial_badness;
        better = true;
      }
    }
  }
}

std::vector<unsigned> widths_for(const Table& table, unsigned width) {
  std::vector<unsigned> natural = natural_widths(table);
  if (natural.size() < 2) return natural;
  std::vector<unsigned> widths = natural;
  const unsigned gaps = kGap * static_cast<unsigned>(widths.size() - 1);
  const unsigned taken = kMargin + widths[0] + gaps;
  const unsigned room = width > taken ? width - taken : 0;
  unsigned sum = 0;
  for (std::size_t i = 1; i < widths.size(); ++i) sum += widths[i];
  if (sum <= room) return widths;
  shrink(widths, room);
  balance(table, natural, widths);
  return widths;
}

enum class Align { Left, Right };

std::string pad(const std::string& text, unsigned width, Align align) {
  const std::size_t size = std::min<std::size_t>(text.size(), width);
  const std::string blank(width - size, ' ');
  return align == Align::Right ? blank + text : text + blank;
}

void append_line(const std::vector<Line>& cells, const std::vector<unsigned>& widths, Colour colour,
                 std::string& out) {
  std::string line(kMargin, ' ');
  std::size_t last = 0;
  for (std::size_t column = 0; column < cells.size(); ++column) {
    if (!cells[column].text.empty()) last = column;
  }
  for (std::size_t column = 0; column <= last; ++column) {
    const Line& cell = cells[column];
    const std::string padded =
        pad(cell.text, widths[column], column == 0 ? Align::Right : Align::Left);
    // No blanks at the end of a line: mails and golden files keep them badly.
    line += paint(colour, cell.emphasis, column == last && column > 0 ? cell.text : padded);
    if (column != last) line.append(kGap, ' ');
  }
  out += line;
  out += '\n';
}

}  // namespace

std::string draw(const Table& table, unsigned width, Colour colour) {
  const std::vector<unsigned> widths = widths_for(table, width);
  std::string out;
  const auto append_rows = [&](const Row& row) {
    std::vector<std::vector<Line>> cells;
    std::size_t height = 1;
    for (std::size_t column = 0; column < row.size(); ++column) {
      cells.push_back(lines_of(row[column], widths[column]));
      height = std::max(height, cells.back().size());
    }
    for (std::size_t y = 0; y < height; ++y) {
      std::vector<Line> line;
      for (const std::vector<Line>& cell : cells)
        line.push_back(y < cell.size() ? cell[y] : Line{});
      append_line(line, widths, colour, out);
    }
  };
  Row headings;
  for (const std::string& heading : table.headings) {
    headings.push_back(heading.empty() ? CellItems{} : CellItems{{heading, Emphasis::Bold}});
  }
  append_rows(headings);
  for (const Row& row : table.rows) append_rows(row);
  return out;
}

}  // namespace mmcheck::report

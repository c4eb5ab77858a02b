// SPDX-License-Identifier: Apache-2.0
#include "book/page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>

#include "base/error.h"

namespace mmcheck::book {
namespace {

constexpr std::string_view kBegin = "<!-- generated:";
constexpr std::string_view kClose = "-->";
constexpr std::string_view kEnd = "<!-- end -->";

std::vector<std::string> words_of(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

/// The words of a line that begins a block; nothing if it does not.
std::optional<std::vector<std::string>> begun_by(std::string_view line, const SourcePlace& place) {
  if (!line.starts_with(kBegin)) return std::nullopt;
  if (!line.ends_with(kClose)) throw InputError(place, "the marker does not end with '-->'");
  line.remove_prefix(kBegin.size());
  line.remove_suffix(kClose.size());
  std::vector<std::string> words = words_of(line);
  if (words.empty()) throw InputError(place, "the marker does not say what is generated");
  return words;
}

}  // namespace

std::string Block::name() const { return fmt::format("{}", fmt::join(words, " ")); }

Page::Page(std::string text, std::string path) : text_(std::move(text)), path_(std::move(path)) {
  unsigned number = 0;
  bool open = false;
  for (std::size_t begin = 0; begin < text_.size();) {
    const std::size_t end = std::min(text_.find('\n', begin), text_.size());
    const std::string_view line = std::string_view(text_).substr(begin, end - begin);
    const SourcePlace place{path_, ++number, 0};
    if (auto words = begun_by(line, place)) {
      if (open) {
        throw InputError(place, fmt::format("the block '{}' of line {} has no {} before this one",
                                            blocks_.back().name(), blocks_.back().line, kEnd));
      }
      open = true;
      blocks_.push_back({std::move(*words), number, {}, end + 1});
    } else if (line == kEnd) {
      if (!open) throw InputError(place, fmt::format("{} ends no block", kEnd));
      open = false;
      Block& block = blocks_.back();
      block.content = text_.substr(block.offset, begin - block.offset);
    }
    begin = end + 1;
  }
  if (!open) return;
  throw InputError({path_, blocks_.back().line, 0},
                   fmt::format("the block '{}' has no {}", blocks_.back().name(), kEnd));
}

void Page::require(std::string_view kind) const {
  for (const Block& block : blocks_) {
    if (block.kind() == kind) return;
  }
  const auto nr_lines = static_cast<unsigned>(std::count(text_.begin(), text_.end(), '\n'));
  throw InputError({path_, nr_lines, 0},
                   fmt::format("the page ends without the lines '{} {} {}' and '{}'", kBegin, kind,
                               kClose, kEnd));
}

std::string Page::with(const std::vector<std::string>& contents) const {
  std::string out;
  std::size_t from = 0;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    out += text_.substr(from, block.offset - from) + contents.at(i);
    from = block.offset + block.content.size();
  }
  return out + text_.substr(from);
}

std::string empty_block(std::string_view name) {
  return fmt::format("{} {} {}\n{}\n", kBegin, name, kClose, kEnd);
}

}  // namespace mmcheck::book

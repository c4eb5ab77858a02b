// SPDX-License-Identifier: Apache-2.0
#include "conform/native_smaps.h"

#include <charconv>

#include "conform/perform.h"

namespace mmcheck::conform {
namespace {

/// The next word of the line, which loses it.
std::string_view take_word(std::string_view& line) {
  const std::size_t begin = line.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  line.remove_prefix(begin);
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  return word;
}

std::uint64_t number_of(std::string_view word, int base) {
  std::uint64_t number = 0;
  std::from_chars(word.data(), word.data() + word.size(), number, base);
  return number;
}

}  // namespace

bool SmapsSum::add(std::string_view text) {
  for (const char c : text) {
    if (c != '\n') {
      if (line_bytes_ < line_.size()) line_[line_bytes_++] = c;
      continue;
    }
    add_line({line_.data(), line_bytes_});
    line_bytes_ = 0;
  }
  return !past_;
}

// "Rss:    8 kB" within a mapping, and before it "4d0000000000-4d0000002000 rw-p 0 fe:00 12 PATH".
void SmapsSum::add_line(std::string_view line) {
  const std::string_view first = take_word(line);
  if (first.empty()) return;
  if (first.back() != ':') {
    past_ = past_ || number_of(first, 16) >= kWindow + 2 * kWindowPages * 4096;
    within_ = !past_ && number_of(first, 16) >= kWindow;
    if (within_) begin_mapping(line);
  } else if (within_) {
    constexpr std::uint64_t kKilobytesPerPage = 4;
    add_figure(first.substr(0, first.size() - 1),
               number_of(take_word(line), 10) / kKilobytesPerPage);
  }
}

void SmapsSum::begin_mapping(std::string_view line) {
  take_word(line);  // permissions
  take_word(line);  // offset
  take_word(line);  // device
  file_ = take_word(line) != "0";
}

void SmapsSum::add_figure(std::string_view name, std::uint64_t pages) {
  if (name == "Size") field(SmapsField::Size) += pages;
  if (name == "Anonymous") field(SmapsField::Anonymous) += pages;
  if (file_) return;
  if (name == "Rss") field(SmapsField::AnonRss) += pages;
  if (name == "Shared_Dirty") field(SmapsField::AnonSharedDirty) += pages;
  if (name == "Private_Dirty") field(SmapsField::AnonPrivateDirty) += pages;
}

}  // namespace mmcheck::conform

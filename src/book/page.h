// SPDX-License-Identifier: Apache-2.0
// A page of the rule book: prose, which people write, and blocks between it, which are generated.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mmcheck::book {

/// What stands between two lines:
///
///     <!-- generated: program linux-6.1 -->
///     <!-- end -->
struct Block {
  std::vector<std::string> words;  ///< "program", "linux-6.1"
  unsigned line = 0;               ///< of the first marker, from 1
  std::string content;             ///< whole lines
  std::size_t offset = 0;          ///< of `content` in the page

  const std::string& kind() const { return words.front(); }
  std::string name() const;  ///< the words, with blanks between
};

class Page {
 public:
  /// Throws InputError, with the line, where a marker lacks the one that belongs to it. `path` is
  /// for messages only.
  Page(std::string text, std::string path);

  const std::string& path() const { return path_; }
  const std::string& text() const { return text_; }
  const std::vector<Block>& blocks() const { return blocks_; }

  /// Throws InputError if there is no block of this kind.
  void require(std::string_view kind) const;

  /// The page with other contents of its blocks, in their order. All else stays, to the byte.
  std::string with(const std::vector<std::string>& contents) const;

 private:
  std::string text_;
  std::string path_;
  std::vector<Block> blocks_;
};

/// The two lines around an empty block.
std::string empty_block(std::string_view name);

}  // namespace mmcheck::book

// SPDX-License-Identifier: Apache-2.0
// What is in pages of 4096 bytes, where a frame of the model holds one word.
//
// The word names the contents: equal words are equal contents. So page cache, disk, copies and
// rules are as they are where a word is a value. Contents do not change; a store makes others.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>

namespace mmcheck::syscall {

/// A tree of blocks of 64 bytes, each of which is there once: a page is a block with the numbers of
/// 4 blocks with the numbers of 16 blocks with bytes. A store to a page makes three. Number 0 is
/// the block of zeros, and so on each level all that is below is zeros too.
class PageContents {
 public:
  using Word = std::uint64_t;

  PageContents() { clear(); }

  /// The bytes at `offset` of a page.
  void read(Word page, unsigned offset, std::span<std::byte> out) const;
  /// The page with other bytes at `offset`.
  Word write(Word page, unsigned offset, std::span<const std::byte> in);
  /// The page with zeros from `begin` to before `end`.
  Word zero(Word page, unsigned begin, unsigned end);

  /// Words that were given out mean nothing any more.
  void clear();
  /// How many blocks there are.
  std::size_t size() const { return blocks_.size(); }

 private:
  using Number = std::uint32_t;
  /// 64 bytes, or the numbers of blocks.
  using Block = std::array<Number, 16>;

  Number intern(const Block& block);
  Number write_below(Number number, unsigned bytes_of_child, unsigned offset,
                     std::span<const std::byte> in);

  std::deque<Block> blocks_;
  /// By hash, or, where that is taken, by one of the next numbers.
  boost::unordered_flat_map<std::uint64_t, Number> by_hash_;
};

}  // namespace mmcheck::syscall

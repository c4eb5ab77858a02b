// SPDX-License-Identifier: Apache-2.0
#include "syscall/contents.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "base/types.h"

namespace mmcheck::syscall {

namespace {

constexpr unsigned kLeafBytes = 64;
constexpr unsigned kFanOut = kLeafBytes / sizeof(std::uint32_t);
constexpr unsigned kMiddleBytes = kFanOut * kLeafBytes;

}  // namespace

void PageContents::clear() {
  blocks_.clear();
  by_hash_.clear();
  intern(Block{});
}

PageContents::Number PageContents::intern(const Block& block) {
  std::uint64_t hash = XXH3_64bits(block.data(), sizeof(block));
  while (true) {
    const auto [place, is_new] = by_hash_.emplace(hash, static_cast<Number>(blocks_.size()));
    if (is_new) blocks_.push_back(block);
    if (is_new || blocks_[place->second] == block) return place->second;
    ++hash;
  }
}

void PageContents::read(Word page, unsigned offset, std::span<std::byte> out) const {
  const Block& root = blocks_[page];
  while (!out.empty()) {
    const Block& middle = blocks_[root[offset / kMiddleBytes]];
    const Block& leaf = blocks_[middle[offset % kMiddleBytes / kLeafBytes]];
    const unsigned begin = offset % kLeafBytes;
    const std::size_t bytes = std::min<std::size_t>(out.size(), kLeafBytes - begin);
    std::memcpy(out.data(), std::as_bytes(std::span(leaf)).data() + begin, bytes);
    out = out.subspan(bytes);
    offset += static_cast<unsigned>(bytes);
  }
}

/// A block like this one but for the bytes at `offset` of what is below it. A child is so many
/// bytes long; of a block of bytes, none.
PageContents::Number PageContents::write_below(Number number, unsigned bytes_of_child,
                                               unsigned offset, std::span<const std::byte> in) {
  Block block = blocks_[number];
  if (bytes_of_child == 0) {
    std::memcpy(std::as_writable_bytes(std::span(block)).data() + offset, in.data(), in.size());
    return intern(block);
  }
  const unsigned below = bytes_of_child == kMiddleBytes ? kLeafBytes : 0;
  while (!in.empty()) {
    const unsigned begin = offset % bytes_of_child;
    const std::size_t bytes = std::min<std::size_t>(in.size(), bytes_of_child - begin);
    Number& child = block[offset / bytes_of_child];
    child = write_below(child, below, begin, in.first(bytes));
    in = in.subspan(bytes);
    offset += static_cast<unsigned>(bytes);
  }
  return intern(block);
}

PageContents::Word PageContents::write(Word page, unsigned offset, std::span<const std::byte> in) {
  return write_below(static_cast<Number>(page), kMiddleBytes, offset, in);
}

PageContents::Word PageContents::zero(Word page, unsigned begin, unsigned end) {
  static constexpr std::array<std::byte, kPageSizeBytes> kZeros{};
  return write(page, begin, std::span(kZeros).subspan(begin, end - begin));
}

}  // namespace mmcheck::syscall

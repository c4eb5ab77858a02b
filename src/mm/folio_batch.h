// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>

#include "mm/encoded_page.h"

namespace mmcheck::mm {

/// Pages that a CPU will do something about, all at once. Only that CPU looks at it.
/// linux v6.12 include/linux/pagevec.h: folio_batch. differs: 31 of them there, 15 in v6.1.
class folio_batch {
 public:
  static constexpr unsigned kMax = 2;

  std::span<const encoded_page> pages() const { return {pages_.data(), nr_}; }
  bool full() const { return nr_ == kMax; }
  void add(folio& page, page_flags_t flags) { pages_[nr_++] = encode_page(page, flags); }
  void clear() { nr_ = 0; }

 private:
  std::array<encoded_page, kMax> pages_{};
  std::uint32_t nr_ = 0;
};

}  // namespace mmcheck::mm

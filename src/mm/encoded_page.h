// SPDX-License-Identifier: Apache-2.0
// A pointer to a page with flags in its low bits, as a type of its own: it is no page pointer until
// somebody has said what becomes of the flags.
// linux v6.12 include/linux/mm_types.h: encoded_page, encode_page, encoded_page_flags,
// encoded_page_ptr, encode_nr_pages, encoded_nr_pages
#pragma once

#include <span>

#include "mm/types.h"

namespace mmcheck::mm {

class encoded_page;

/// Never defined and not constexpr: that the compiler meets a call of it is the error.
void flags_do_not_fit_beside_a_page_pointer();

/// What the low bits say. They mean something else in each array of encoded pages: see
/// mm/mmu_gather.h, mm/mlock.h.
class page_flags_t {
 public:
  /// linux v6.12 include/linux/mm_types.h: ENCODED_PAGE_BITS
  /// differs: Linux counts on two bits, and has more where struct page is aligned for them
  /// (CONFIG_HAVE_ALIGNED_STRUCT_PAGE), as folio is here.
  static constexpr std::uintptr_t kBits = alignof(folio) - 1;

  constexpr page_flags_t() = default;
  /// linux v6.12 include/linux/mm_types.h: encode_page: BUILD_BUG_ON(flags > ENCODED_PAGE_BITS)
  /// differs: is refused by the language, whatever the optimiser finds out about the value.
  // NOLINTNEXTLINE(google-explicit-constructor): a constant is as good as a flag.
  consteval page_flags_t(std::uintptr_t bits) : bits_(bits) {
    if ((bits & ~kBits) != 0) flags_do_not_fit_beside_a_page_pointer();
  }

  constexpr bool test(page_flags_t flag) const { return (bits_ & flag.bits_) != 0; }
  constexpr bool any() const { return bits_ != 0; }
  friend constexpr page_flags_t operator|(page_flags_t a, page_flags_t b) {
    page_flags_t both;
    both.bits_ = a.bits_ | b.bits_;
    return both;
  }
  constexpr page_flags_t& operator|=(page_flags_t flag) { return *this = *this | flag; }
  friend constexpr bool operator==(page_flags_t, page_flags_t) = default;

 private:
  friend encoded_page encode_page(folio& page, page_flags_t flags);
  friend page_flags_t encoded_page_flags(encoded_page page);
  std::uintptr_t bits_ = 0;
};

class encoded_page {
 public:
  encoded_page() = default;

 private:
  friend encoded_page encode_page(folio& page, page_flags_t flags);
  friend page_flags_t encoded_page_flags(encoded_page page);
  friend folio* encoded_page_ptr(encoded_page page);
  friend encoded_page encode_nr_pages(unsigned nr);
  friend unsigned encoded_nr_pages(encoded_page slot);
  std::uintptr_t word_ = 0;
};
static_assert(sizeof(encoded_page) == sizeof(std::uintptr_t));

inline encoded_page encode_page(folio& page, page_flags_t flags) {
  encoded_page encoded;
  encoded.word_ = reinterpret_cast<std::uintptr_t>(&page) | flags.bits_;
  return encoded;
}

inline page_flags_t encoded_page_flags(encoded_page page) {
  page_flags_t flags;
  flags.bits_ = page.word_ & page_flags_t::kBits;
  return flags;
}

inline folio* encoded_page_ptr(encoded_page page) {
  return reinterpret_cast<folio*>(page.word_ & ~page_flags_t::kBits);
}

/// The slot behind holds no page, but how many pages of its folio are meant, from this one on.
/// linux v6.12 include/linux/mm_types.h: ENCODED_PAGE_BIT_NR_PAGES_NEXT
inline constexpr page_flags_t kNrPagesNext = 2;

inline encoded_page encode_nr_pages(unsigned nr) {
  encoded_page slot;
  slot.word_ = std::uintptr_t{nr} * (page_flags_t::kBits + 1);
  return slot;
}

inline unsigned encoded_nr_pages(encoded_page slot) {
  return static_cast<unsigned>(slot.word_ / (page_flags_t::kBits + 1));
}

/// How many slots a page takes, and how many pages are meant by the one in slot `i`.
inline unsigned nr_slots(encoded_page page) {
  return encoded_page_flags(page).test(kNrPagesNext) ? 2 : 1;
}
inline unsigned nr_pages_of(std::span<const encoded_page> slots, std::size_t i) {
  return nr_slots(slots[i]) == 1 ? 1 : encoded_nr_pages(slots[i + 1]);
}

}  // namespace mmcheck::mm

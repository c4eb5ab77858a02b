// SPDX-License-Identifier: Apache-2.0
// Pages with flags in the low bits of their pointer. That flags which do not fit do not compile is
// tested by tests/mm/CMakeLists.txt, with encoded_page_compiles.cc.
#include "mm/encoded_page.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace mmcheck::mm {
namespace {

/// Never dereferenced: only the pointer counts.
folio& some_folio() {
  alignas(folio) static std::byte storage[sizeof(folio)];
  return *reinterpret_cast<folio*>(storage);
}

TEST(EncodedPage, GivesBackThePageAndEveryFlag) {
  static_assert(page_flags_t::kBits == 15);
  constexpr page_flags_t kAll[] = {0, 1, 2, 3, 4, 7, 8, 15};
  for (const page_flags_t flags : kAll) {
    const encoded_page encoded = encode_page(some_folio(), flags);
    EXPECT_EQ(encoded_page_ptr(encoded), &some_folio());
    EXPECT_EQ(encoded_page_flags(encoded), flags);
  }
}

TEST(EncodedPage, IsNoPagePointer) {
  static_assert(!std::is_convertible_v<encoded_page, folio*>);
  static_assert(!std::is_convertible_v<folio*, encoded_page>);
  static_assert(!std::is_convertible_v<page_flags_t, bool>);
}

// Amit, 8 Nov 2022: as posted, encoded_page_flags() returned a bool. One flag survives that; of
// two, which one it was is lost.
TEST(EncodedPage, FlagsAreNotABool) {
  constexpr page_flags_t kFirst = 1;
  constexpr page_flags_t kSecond = 2;
  EXPECT_FALSE(encoded_page_flags(encode_page(some_folio(), kSecond)).test(kFirst));
  const auto as_posted = [](encoded_page page) {
    return encoded_page_flags(page).any() ? page_flags_t{1} : page_flags_t{};
  };
  EXPECT_TRUE(as_posted(encode_page(some_folio(), kFirst)).test(kFirst));
  EXPECT_TRUE(as_posted(encode_page(some_folio(), kSecond)).test(kFirst));    // wrong
  EXPECT_FALSE(as_posted(encode_page(some_folio(), kSecond)).test(kSecond));  // wrong
}

}  // namespace
}  // namespace mmcheck::mm

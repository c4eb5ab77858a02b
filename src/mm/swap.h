// SPDX-License-Identifier: Apache-2.0
// Giving back references to pages, many at a time. linux mm/swap.c
#pragma once

#include "mm/encoded_page.h"
#include "mm/system.h"

namespace mmcheck::mm {

/// An array of pages, of folios (the same here), or of encoded pages whose flags have had their
/// say. linux v6.12 include/linux/mm.h: release_pages_arg, a transparent union
class release_pages_arg {
 public:
  // NOLINTBEGIN(google-explicit-constructor): any of them is an argument, as in Linux.
  release_pages_arg(std::span<folio* const> folios) : folios_(folios) {}
  release_pages_arg(std::span<const encoded_page> encoded) : encoded_(encoded) {}
  // NOLINTEND(google-explicit-constructor)

  std::size_t nr() const { return folios_.size() + encoded_.size(); }
  folio& operator[](std::size_t i) const {
    return folios_.empty() ? *encoded_page_ptr(encoded_[i]) : *folios_[i];
  }
  unsigned slots(std::size_t i) const { return folios_.empty() ? nr_slots(encoded_[i]) : 1; }
  unsigned refs(std::size_t i) const { return folios_.empty() ? nr_pages_of(encoded_, i) : 1; }

 private:
  std::span<folio* const> folios_;
  std::span<const encoded_page> encoded_;
};

/// Drops one reference for each page; those whose last it was are freed. Ignores
/// flags, but for kNrPagesNext.
void release_pages(thread& task, release_pages_arg pages);

}  // namespace mmcheck::mm

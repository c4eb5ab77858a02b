// SPDX-License-Identifier: Apache-2.0
// References to the pages that user addresses name, without and with locks. linux mm/gup.c
#pragma once

#include "mm/system.h"

namespace mmcheck::mm {

/// linux v6.12 include/linux/mm_types.h: FOLL_WRITE, FOLL_PIN
struct gup_flags {
  machine::AccessKind kind = machine::AccessKind::Load;  ///< Store: FOLL_WRITE
  bool pin = false;                                      ///< FOLL_PIN, else FOLL_GET
};

/// The page at `va`, with a reference that the thread now holds, or null if nothing is mapped
/// there. linux v6.12 mm/gup.c: get_user_pages_fast, pin_user_pages_fast, of one page
folio* get_user_pages_fast(thread& task, Vaddr va, gup_flags flags);

/// Gives back what get_user_pages_fast() or alloc_page() got.
/// linux v6.12 include/linux/mm.h: put_page; mm/gup.c: unpin_user_page
void put_held_page(thread& task, folio& page);
bool holds_page(const thread& task, const folio& page);

/// Marks a page dirty that the thread holds a reference to, whether it is mapped or not.
/// linux v6.12 mm/folio-compat.c: set_page_dirty; mm/page-writeback.c: set_page_dirty_lock
void set_page_dirty(thread& task, folio& page);
void set_page_dirty_lock(thread& task, folio& page);

/// Writes to a page by its own address, or reads it, as drivers, devices and pipes do.
/// linux v6.12 include/linux/highmem.h: memcpy_to_page, memcpy_from_page
void memcpy_to_page(thread& task, folio& page, std::uint64_t value);
std::uint64_t memcpy_from_page(thread& task, folio& page);

}  // namespace mmcheck::mm

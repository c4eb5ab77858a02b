// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mm/system.h"

namespace mmcheck::mm {

trace::Arg arg(const folio& page);

/// linux v6.12 include/linux/mm.h: folio_get. The caller has a reference or a lock that keeps one.
void folio_get(thread& task, folio& page);
/// linux v6.12 include/linux/mm.h: folio_put; mm/swap.c: __folio_put
void folio_put(thread& task, folio& page);

void folio_lock(thread& task, folio& page);
bool folio_trylock(thread& task, folio& page);
void folio_unlock(thread& task, folio& page);

/// linux v6.12 mm/page-writeback.c: folio_mark_dirty
void folio_mark_dirty(thread& task, folio& page);

/// A folio from this CPU's free list, with one reference.
folio& folio_alloc(thread& task);

/// The last reference is gone: back to the free list. Part of the current step.
/// linux v6.12 mm/page_alloc.c: free_unref_page, free_page_is_bad
void free_folio(thread& task, folio& page);

}  // namespace mmcheck::mm

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mm/system.h"

namespace mmcheck::mm {

trace::Arg arg(const folio& page);
void format_signed(const trace::Names& names, std::uint64_t value, std::string& out);

/// linux v6.12 include/linux/page-flags.h: page_folio. The folio that a page is in, while something
/// keeps it from being split: a lock, or a reference.
folio& page_folio(folio& page);
/// The same where nothing does: an access of the current step, and the answer may be old by the
/// next.
folio& page_folio_lockless(folio& page);
/// linux v6.12 include/linux/mm.h: folio_nr_pages, folio_page
unsigned folio_nr_pages(const folio& page);
folio& folio_page(folio& page, unsigned nr);
bool folio_test_large(const folio& page);
/// linux v6.12 include/linux/pagemap.h: folio_file_page. The page of the folio at an index in its
/// file.
folio& folio_file_page(folio& page, unsigned index);

/// Whether something maps the folio. Accesses of the current step; of a large folio in v6.1 all the
/// pages are looked at (differs: all of them in one step).
/// linux v6.12 include/linux/mm.h: folio_mapped; v6.1 mm/util.c: folio_mapped
bool folio_mapped(const folio& page);
/// See Execution::read_last.
bool folio_mapped_last(const folio& page);
/// How many mappings there are, without an access.
int folio_mapcount_peek(const folio& page);

/// An anonymous page that MADV_FREE has made lazyfree: !PG_swapbacked. Stable while the page is
/// isolated: only reclaim itself, which has it locked, makes it an ordinary one again.
bool folio_test_lazyfree(const folio& page);

/// linux v6.12 include/linux/mm.h: folio_get. The caller has a reference or a lock that keeps one.
void folio_get(thread& task, folio& page);
/// linux v6.12 include/linux/mm.h: folio_put, folio_put_refs; mm/swap.c: __folio_put
void folio_put(thread& task, folio& page, unsigned refs = 1);

void folio_lock(thread& task, folio& page);
bool folio_trylock(thread& task, folio& page);
void folio_unlock(thread& task, folio& page);

/// Torvalds, 29 Oct 2022, option (c): the spinlock that the page's hash leads to. Does nothing
/// where the design has none.
void lock_dirtying(thread& task, folio& page);
void unlock_dirtying(thread& task, folio& page);

/// linux v6.12 mm/page-writeback.c: folio_mark_dirty
void folio_mark_dirty(thread& task, folio& page);

/// This very page, if it is free: as if its frame were the next to be handed out. The thread then
/// holds it. One step. linux v6.12 mm/page_alloc.c: alloc_pages
folio* alloc_page(thread& task, folio& page);

/// A folio from this CPU's free list, with one reference.
folio& folio_alloc(thread& task);

/// The thread has got references to a page that it gives back later.
void hold_page(thread& task, const folio& page, int references);

/// linux v6.12 include/linux/mm.h: folio_maybe_dma_pinned. Part of the current step.
bool folio_maybe_dma_pinned(const thread& task, const folio& page);

/// Changes the reference count by `delta`, as part of the current step.
void folio_ref_add(thread& task, folio& page, int delta);

/// Puts a frame that nothing has been in on this CPU's free list; at setup, if System::recycles.
void add_free_folio(thread& task, folio& page);

/// Registers the handler that frees the page when its last reference is gone. After the threads.
/// linux v6.12 mm/swap.c: __folio_put; mm/page_alloc.c: free_unref_page, free_page_is_bad
/// differs: the free may come later than the put that caused it, as if somebody had held a
/// reference for a moment longer.
void start_freeing(folio& page);

}  // namespace mmcheck::mm

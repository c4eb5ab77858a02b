// SPDX-License-Identifier: Apache-2.0
#include "mm/mmu_gather.h"

#include <algorithm>

#include "mm/folio.h"
#include "mm/mlock.h"
#include "mm/rmap.h"
#include "mm/swap.h"
#include "mm/swapfile.h"
#include "mm/tlb_gen.h"

namespace mmcheck::mm {

namespace {

// linux v6.12 mm/mmu_gather.c: tlb_next_batch
bool tlb_next_batch(thread& task, mmu_gather& tlb) {
  const bool active_is_local = tlb.active == 0;
  if (!task.system->policies->gather->may_start_batch(tlb.delayed_rmap, active_is_local)) {
    return false;
  }
  if (tlb.active == task.system->gather_batches_max || tlb.active + 1u == mmu_gather::kBatchesMax) {
    return false;
  }
  ++tlb.active;
  return true;
}

// linux v6.12 include/asm-generic/tlb.h: __tlb_reset_range
void tlb_reset_range(mmu_gather& tlb) {
  tlb.start_page = tlb.fullmm ? 0 : ~0u;
  tlb.end_page = tlb.fullmm ? static_cast<unsigned>(tlb.mm->ptes.size()) : 0;
  tlb.freed_tables = false;
  tlb.need_flush = false;
}

/// Torvalds' two proposals do here, once no TLB holds the entries any more, what the others have
/// done under the PTL: first for all pages of the batch, then the batch is released.
/// Torvalds, 29 and 31 Oct 2022: clean_and_free_pages_and_swap_cache
void clean_pages(thread& task, std::span<const encoded_page> pages) {
  for (std::size_t i = 0; i < pages.size(); i += nr_slots(pages[i])) {
    folio& page = *encoded_page_ptr(pages[i]);
    const page_flags_t flags = encoded_page_flags(pages[i]);
    if (flags.test(kDirty)) folio_mark_dirty(task, page_folio(page));
    if (flags.test(kRmapAtFree)) page_remove_rmap(task, page, nr_pages_of(pages, i));
  }
}

/// linux v6.12 mm/swap_state.c: free_pages_and_swap_cache
///
/// The map count goes down before the reference that the mapping held (R-COUNT; Hildenbrand, 3 Nov
/// 2022: otherwise the page may be freed, and used by another, while it counts as mapped):
///
///     CPU0 release, rmap last        CPU1 fadvise(DONTNEED)
///     folio_put(page)
///                                    refcount 2: unused, out of the page cache
///                                    folio_put(page): free                     [mapped]
///     page_remove_rmap(page)
void free_pages_and_swap_cache(thread& task, std::span<const encoded_page> pages) {
  lru_add_drain(task);
  const bool put_first = task.system->policies->rmap_versus_put == RmapVersusPut::PutFirst;
  if (put_first) release_pages(task, pages);
  clean_pages(task, pages);
  if (has_swap(task)) {
    for (std::size_t i = 0; i < pages.size(); i += nr_slots(pages[i])) {
      free_swap_cache(task, page_folio(*encoded_page_ptr(pages[i])));
    }
  }
  if (!put_first) release_pages(task, pages);
}

// linux v6.12 mm/mmu_gather.c: tlb_batch_pages_flush
void tlb_batch_pages_flush(thread& task, mmu_gather& tlb) {
  for (unsigned i = 0; i <= tlb.active; ++i) free_pages_and_swap_cache(task, tlb.batch(i));
  tlb.encoded_pages.clear();
  tlb.nr = {};
  tlb.active = 0;
}

// linux v6.12 mm/mmu_gather.c: tlb_flush_rmap_batch
void tlb_flush_rmap_batch(thread& task, std::span<const encoded_page> pages) {
  for (std::size_t i = 0; i < pages.size(); i += nr_slots(pages[i])) {
    if (encoded_page_flags(pages[i]).test(kDelayRmap)) {
      page_remove_rmap(task, *encoded_page_ptr(pages[i]), nr_pages_of(pages, i));
    }
  }
}

}  // namespace

// linux v6.12 mm/mmu_gather.c: tlb_gather_mmu
mmu_gather tlb_gather_mmu(thread& task, mm_struct& mm, bool fullmm) {
  mmu_gather tlb;
  tlb.encoded_pages = task.gathered;
  tlb.tables = task.gathered_tables;
  tlb.mm = &mm;
  tlb.fullmm = fullmm;
  tlb_reset_range(tlb);
  task.x().step({.format = "tlb_gather_mmu()", .detail = Detail::Minor});
  // The order of increments and decrements is invisible; only tlb_finish_mmu() reads the count.
  mm.tlb_flush_pending.commute(mm.tlb_flush_pending.peek() + 1);
  return tlb;
}

// linux v6.12 mm/mmu_gather.c: tlb_finish_mmu
//
// The nested rule. Two threads may zap one range at a time. The second finds entries that the
// first has cleared but not flushed; it gathers nothing, but may not return to user space with
// TLBs that still hold what it was asked to remove (R-PERM):
//
//     CPU0 MADV_DONTNEED          CPU1 MADV_DONTNEED          CPU2 user
//     clear entry, drop PTL                                   (TLB holds it)
//                                 entry is none: nothing to do
//                                 return                      still reads the old page
//     flush
void tlb_finish_mmu(thread& task, mmu_gather& tlb) {
  if (task.system->policies->nested_rule == NestedRule::Kept) {
    task.x().step({.format = "mm_tlb_flush_nested()?", .detail = Detail::Minor});
    if (tlb.mm->tlb_flush_pending.read_last() > 1) {
      tlb.fullmm = true;
      tlb_reset_range(tlb);
      tlb.freed_tables = true;
    }
  }
  tlb_flush_mmu(task, tlb);
  task.x().step({.format = "tlb_finish_mmu()", .detail = Detail::Minor});
  tlb.mm->tlb_flush_pending.commute(tlb.mm->tlb_flush_pending.peek() - 1);
}

void tlb_remove_tlb_entry(mmu_gather& tlb, unsigned page_nr) {
  tlb.start_page = std::min(tlb.start_page, page_nr);
  tlb.end_page = std::max(tlb.end_page, page_nr + 1);
  tlb.need_flush = true;
}

// linux v6.12 mm/mmu_gather.c: __tlb_remove_folio_pages_size
// differs: v6.12 leaves the last slot of a batch free for a page count; here a count that comes
// last makes its batch one slot longer.
bool tlb_remove_pages(thread& task, mmu_gather& tlb, folio& page, unsigned nr, page_flags_t flags) {
  const encoded_page encoded[] = {encode_page(page, nr > 1 ? flags | kNrPagesNext : flags),
                                  encode_nr_pages(nr)};
  const std::span<const encoded_page> slots(encoded, nr_slots(encoded[0]));
  if (!task.system->arch().gathers_pages()) {
    // Nothing is delayed where TLBs have followed already.
    tlb_flush_rmap_batch(task, slots);
    free_pages_and_swap_cache(task, slots);
    return false;
  }
  for (const encoded_page slot : slots) tlb.encoded_pages.push_back(slot);
  tlb.nr[tlb.active] += static_cast<std::uint16_t>(slots.size());
  if (flags.test(kDelayRmap)) tlb.delayed_rmap = true;
  const System& system = *task.system;
  const unsigned max = tlb.active == 0 ? system.gather_bundle : system.gather_batch_max;
  if (tlb.nr[tlb.active] < max) return false;
  return !tlb_next_batch(task, tlb);
}

// linux v6.12 include/asm-generic/tlb.h: tlb_flush_mmu_tlbonly
void tlb_flush_mmu_tlbonly(thread& task, mmu_gather& tlb) {
  if (!tlb.need_flush && !tlb.freed_tables) return;
  const bool needed = task.system->arch().needs_tlb_flush(tlb.fullmm, tlb.freed_tables);
  if (task.system->policies->generations != nullptr) {
    flush_tlb_generation(task, *tlb.mm, tlb.tlb_gen);
  } else if (needed && task.system->policies->flushes == Flushes::Done) {
    flush_tlb_pages(task, *tlb.mm, tlb.start_page, tlb.end_page,
                    tlb.freed_tables ? machine::FreedTables::Yes : machine::FreedTables::No);
  }
  tlb_reset_range(tlb);
}

// linux v6.12 mm/mmu_gather.c: tlb_flush_rmaps [PTL]
// The flags stay as they are: the batches are freed right after.
void tlb_flush_rmaps(thread& task, mmu_gather& tlb) {
  if (!tlb.delayed_rmap) return;
  if (tlb.active != 0 && task.system->policies->gather->walks_local_batch()) {
    tlb_flush_rmap_batch(task, tlb.batch(0));
  }
  tlb_flush_rmap_batch(task, tlb.batch(tlb.active));
  tlb.delayed_rmap = false;
}

// linux v6.12 mm/mmu_gather.c: tlb_flush_mmu
void tlb_flush_mmu(thread& task, mmu_gather& tlb) {
  const bool free_first = task.system->policies->flush_versus_free == FlushVersusFree::FreeFirst;
  if (free_first) tlb_batch_pages_flush(task, tlb);
  const bool tables_first =
      task.system->policies->flush_versus_tables == FlushVersusTables::TablesFirst;
  if (tables_first) tlb_table_flush(task, tlb);
  tlb_flush_mmu_tlbonly(task, tlb);
  if (!tables_first) tlb_table_flush(task, tlb);
  if (!free_first) tlb_batch_pages_flush(task, tlb);
}

}  // namespace mmcheck::mm

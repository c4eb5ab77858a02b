// SPDX-License-Identifier: Apache-2.0
// The gather: what has been unmapped and may be freed once no TLB can reach it.
// linux mm/mmu_gather.c, include/asm-generic/tlb.h
//
// The order that it keeps, and why:
//     1) unhook the page (clear its entry)
//     2) flush TLBs
//     3) free the page
// Free before the flush, and another CPU writes into a page that has a new owner (R-FREE).
#pragma once

#include "mm/system.h"

namespace mmcheck::mm {

/// A page with flags. linux v6.12 include/linux/mm_types.h: encoded_page. Small, as the gather is:
/// it is on a stack that is copied for each step.
struct encoded_page {
  static constexpr std::uint8_t kDelayRmap = 1;   ///< ENCODED_PAGE_BIT_DELAY_RMAP
  static constexpr std::uint8_t kDirty = 2;       ///< only in torvalds-dirty-in-batch
  static constexpr std::uint8_t kRmapAtFree = 4;  ///< only in torvalds-rmap-at-free

  Pfn pfn = kNoPfn;
  std::uint8_t nr_pages = 1;  ///< of one folio (Linux: in the slot behind, NR_PAGES_NEXT)
  std::uint8_t flags = 0;
  std::uint8_t batch = 0;  ///< which batch it is in (Linux: struct mmu_gather_batch)
};

/// linux v6.12 include/asm-generic/tlb.h: mmu_gather. On the stack of its thread.
struct mmu_gather {
  static constexpr unsigned kBatchesMax = 8;

  mm_struct* mm = nullptr;
  bool fullmm = false;
  bool freed_tables = false;
  bool delayed_rmap = false;
  bool need_flush = false;  ///< cleared_ptes: an entry in [start, end) was cleared
  unsigned start_page = ~0u;
  unsigned end_page = 0;
  std::uint8_t active = 0;     ///< the active batch; 0 is the one on the stack ("local")
  std::uint8_t nr_active = 0;  ///< pages in it
  static_vector<encoded_page, machine::kEntriesMax> pages;  ///< of all batches, in order
};

mmu_gather tlb_gather_mmu(thread& task, mm_struct& mm, bool fullmm);
void tlb_finish_mmu(thread& task, mmu_gather& tlb);

void tlb_remove_tlb_entry(mmu_gather& tlb, unsigned page_nr);
/// Returns true if the gather is full and must be flushed.
bool tlb_remove_page(thread& task, mmu_gather& tlb, encoded_page page);

void tlb_flush_mmu_tlbonly(thread& task, mmu_gather& tlb);
void tlb_flush_rmaps(thread& task, mmu_gather& tlb);
void tlb_flush_mmu(thread& task, mmu_gather& tlb);

}  // namespace mmcheck::mm

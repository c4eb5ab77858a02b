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

#include <array>
#include <numeric>
#include <span>

#include "mm/encoded_page.h"
#include "mm/system.h"

namespace mmcheck::mm {

// What the flags of the gather's encoded pages mean, beside kNrPagesNext.
inline constexpr page_flags_t kDelayRmap = 1;   ///< ENCODED_PAGE_BIT_DELAY_RMAP
inline constexpr page_flags_t kDirty = 4;       ///< only in torvalds-dirty-in-batch
inline constexpr page_flags_t kRmapAtFree = 8;  ///< TLB_ZAP_RMAP: only in torvalds-rmap-at-free

/// linux v6.12 include/asm-generic/tlb.h: mmu_gather. On the stack of its thread, which has one at
/// a time; what is copied with the stack for each step is small, so the pages are elsewhere.
struct mmu_gather {
  static constexpr unsigned kBatchesMax = 20;  ///< 1 + MAX_GATHER_BATCH_COUNT

  mm_struct* mm = nullptr;
  bool fullmm = false;
  bool freed_tables = false;
  bool delayed_rmap = false;
  std::uint32_t tlb_gen = 0;  ///< with generations: of the last change
  bool need_flush = false;    ///< cleared_ptes: an entry in [start, end) was cleared
  unsigned start_page = ~0u;
  unsigned end_page = 0;
  std::uint8_t active = 0;  ///< the active batch; 0 is the one on the stack ("local")
  std::array<std::uint16_t, kBatchesMax> nr{};  ///< mmu_gather_batch::nr: slots in each batch
  KeptVector<encoded_page> encoded_pages;       ///< of all batches, in order

  KeptVector<page_table*> tables;  ///< mmu_table_batch

  std::span<const encoded_page> batch(unsigned index) const {
    const auto begin = std::accumulate(nr.begin(), nr.begin() + index, std::size_t{0});
    return {encoded_pages.data() + begin, nr[index]};
  }
};

/// A table has been unhooked: it is freed once nobody can walk it.
/// linux v6.12 include/asm-generic/tlb.h: pte_free_tlb; mm/mmu_gather.c: tlb_remove_table
void pte_free_tlb(thread& task, mmu_gather& tlb, page_table& table);
void tlb_table_flush(thread& task, mmu_gather& tlb);

mmu_gather tlb_gather_mmu(thread& task, mm_struct& mm, bool fullmm);
void tlb_finish_mmu(thread& task, mmu_gather& tlb);

void tlb_remove_tlb_entry(mmu_gather& tlb, unsigned page_nr);
/// This page and the next ones of its folio, with a reference for each. Returns true if the gather
/// is full and must be flushed.
bool tlb_remove_pages(thread& task, mmu_gather& tlb, folio& page, unsigned nr, page_flags_t flags);

void tlb_flush_mmu_tlbonly(thread& task, mmu_gather& tlb);
void tlb_flush_rmaps(thread& task, mmu_gather& tlb);
void tlb_flush_mmu(thread& task, mmu_gather& tlb);

}  // namespace mmcheck::mm

// SPDX-License-Identifier: Apache-2.0
// What two kernels have, of the functions that count.
#pragma once

#include "lab/symbols.h"

namespace mmcheck::lab {

/// Removes the rmap before the flush.
inline Symbols symbols_of_6_1() {
  return Symbols(
      "ffffffff81000100 T page_remove_rmap\n"
      "ffffffff81000200 T set_page_dirty\n"
      "ffffffff81000280 T folio_mark_dirty\n"
      "ffffffff81000300 T flush_tlb_mm_range\n"
      "ffffffff81000400 T folio_mkclean\n"
      "ffffffff81000500 T folio_clear_dirty_for_io\n"
      "ffffffff81000600 T folio_end_writeback\n"
      "ffffffff81000700 T mapping_evict_folio\n");
}

/// Removes it behind the flush.
inline Symbols symbols_of_6_12() {
  return Symbols(
      "ffffffff81000180 T folio_remove_rmap_pmd\n"
      "ffffffff81000200 T folio_mark_dirty\n"
      "ffffffff81000300 T flush_tlb_mm_range\n"
      "ffffffff81000350 T tlb_flush_rmaps\n"
      "ffffffff81000400 T folio_mkclean\n"
      "ffffffff81000500 T folio_clear_dirty_for_io\n"
      "ffffffff81000600 T folio_end_writeback\n"
      "ffffffff81000700 T mapping_evict_folio\n");
}

}  // namespace mmcheck::lab

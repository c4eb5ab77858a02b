// SPDX-License-Identifier: Apache-2.0
// Generations of page-table changes: how amit-tlb-generation knows of flushes that have been put
// off. Amit, 27 and 30 Oct 2022; in Linux they have never been.
//
// Each change whose flush is put off gets a number, the pending generation of the address space,
// which is also left in the table that was changed. A flush that is over moves the completed
// generation up to what was pending when it began. Whoever is about to rely on what he reads in a
// table compares the two, and flushes first if the table is ahead. (A flush of a range would say
// nothing about other tables, so one for the sake of a generation is of the whole address space.)
#pragma once

#include "mm/system.h"

namespace mmcheck::mm {

using TlbGeneration = std::uint32_t;

/// Entries have been cleared and are not flushed: counts it. With a table: [its PTL]
TlbGeneration defer_tlb_flush(thread& task, mm_struct& mm, page_table* table);

/// Returns when a flush has been completed that began after `generation` was counted.
void flush_tlb_generation(thread& task, mm_struct& mm, TlbGeneration generation);

/// [PTL] No TLB holds what is not in the table any more.
void flush_deferred(thread& task, mm_struct& mm, page_table& table);

}  // namespace mmcheck::mm

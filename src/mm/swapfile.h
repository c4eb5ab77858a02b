// SPDX-License-Identifier: Apache-2.0
// The swap device, its map of counts, and the swap cache. linux mm/swapfile.c, mm/swap_state.c,
// mm/page_io.c
//
// Who may free a slot: an entry that refers to it is one count, and the swap cache holds it too
// (SWAP_HAS_CACHE). A folio in the swap cache has a reference from there. The slot is free again
// when neither is left.
// differs: each anonymous page has a slot of its own in store, so that allocating one meets nobody;
// the device is synchronous, as zram is.
#pragma once

#include "mm/system.h"

namespace mmcheck::mm {

inline bool has_swap(const thread& task) { return !task.system->swap_slots.empty(); }

/// Gives a locked anonymous folio a slot, puts it into the swap cache and marks it dirty.
void add_to_swap(thread& task, folio& page);

/// [PTL] One more entry refers to the slot.
void swap_duplicate(thread& task, unsigned slot);
/// [PTL] One fewer, after a folio of it has been found for the entry.
void swap_free(thread& task, unsigned slot);
/// [PTL] One fewer, and what nobody wants any more is dropped from the swap cache.
void free_swap_and_cache(thread& task, unsigned slot);

/// Takes a locked folio out of the swap cache if no entry refers to its slot.
bool folio_free_swap(thread& task, folio& page);
/// The same, for a folio that is about to lose a reference: if nobody maps it, and its lock is
/// free.
void free_swap_cache(thread& task, folio& page);

/// The folio of the slot, locked and with a reference: from the swap cache, or read from the device
/// into it. Null if the slot has changed meanwhile: the fault is tried again.
folio* swapin(thread& task, unsigned slot);

enum class Pageout : std::uint8_t {
  KeepLocked,  ///< not tried, or it is dirty again
  Keep,        ///< unlocked by now
  Clean,       ///< written, and locked
};
/// Writes a locked, unmapped, dirty folio of the swap cache.
Pageout pageout(thread& task, folio& page);

}  // namespace mmcheck::mm

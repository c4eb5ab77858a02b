// SPDX-License-Identifier: Apache-2.0
// Reclaim. linux mm/vmscan.c
#pragma once

#include "mm/system.h"

namespace mmcheck::mm {

/// Folios that have been taken off their LRU lists: each with a reference.
using FolioList = static_vector<folio*, kPagesMax>;

/// Takes the folio that the page is in off its LRU list: a reference, unless it is being freed
/// (nullptr). linux v6.12 mm/vmscan.c: isolate_lru_folios
folio* folio_isolate(thread& task, folio& page);

/// Tries to reclaim the folios, and puts back those that it keeps. Returns how many are gone.
/// linux v6.12 mm/vmscan.c: shrink_folio_list (v6.1: the same; the thread says shrink_page_list)
unsigned shrink_folio_list(thread& task, const FolioList& folios);

/// Moves folios from the active to the inactive list, while there are too many buffers. Returns how
/// many have lost theirs. linux v6.12 mm/vmscan.c: shrink_active_list
unsigned shrink_active_list(thread& task, const FolioList& folios);

/// Takes a locked, clean, unmapped folio out of its file if the caller's reference is the only
/// other one. One step.
bool remove_mapping(thread& task, folio& page);

}  // namespace mmcheck::mm

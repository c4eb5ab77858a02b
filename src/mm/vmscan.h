// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mm/system.h"

namespace mmcheck::mm {

/// Takes a page off its LRU list: a reference, unless it is being freed.
/// linux v6.12 mm/vmscan.c: isolate_lru_folios
bool folio_isolate(thread& task, folio& page);

/// Tries to reclaim one page of a file; returns whether it is gone.
/// linux v6.12 mm/vmscan.c: shrink_folio_list
bool shrink_folio_list(thread& task, address_space& mapping, unsigned index);

}  // namespace mmcheck::mm

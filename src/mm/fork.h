// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mm/system.h"

namespace mmcheck::mm {

/// Copies what a child must have from the start: the entries of anonymous pages, write-protected in
/// both. Shared mappings of files are left to faults. `child` has the same VMAs already.
/// linux v6.12 kernel/fork.c: dup_mmap; mm/memory.c: copy_page_range, copy_present_ptes
void dup_mmap(thread& task, mm_struct& child, mm_struct& parent);

}  // namespace mmcheck::mm

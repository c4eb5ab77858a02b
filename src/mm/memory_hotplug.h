// SPDX-License-Identifier: Apache-2.0
// Memory that is taken out of a running machine. linux mm/memory_hotplug.c, mm/sparse.c
#pragma once

#include "mm/system.h"

namespace mmcheck::mm {

/// Takes the page out of use, if it is free: nobody can allocate it any more.
/// linux v6.12 mm/memory_hotplug.c: offline_pages
/// differs: a page in use is not migrated; the call fails, as it does where pages cannot be moved.
bool offline_pages(thread& task, folio& page);

/// Removes the memory of an offline page, and with it its struct page. One step.
/// linux v6.12 mm/memory_hotplug.c: arch_remove_memory, __remove_pages; mm/sparse.c:
/// section_deactivate
void arch_remove_memory(thread& task, folio& page);

}  // namespace mmcheck::mm

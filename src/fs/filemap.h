// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fs/filesystem.h"

namespace mmcheck::fs {

/// The page at `index` if it is cached, with a reference. One step.
folio* find_get(thread& task, address_space& mapping, unsigned index);

/// The page at `index`, locked and with a reference; read from disk if it is not cached.
folio* filemap_get_locked(thread& task, address_space& mapping, unsigned index);

/// The same, for a mapping; null behind the end of the file.
folio* filemap_fault(thread& task, address_space& mapping, unsigned index);

/// Whether the page lies behind the end of the file. An access of the current step.
bool is_behind_end(const address_space& mapping, unsigned index);

/// Takes the pages [first, end) out of the page cache, mapped or not.
/// linux v6.12 mm/truncate.c: truncate_pagecache
void truncate_pagecache(thread& task, address_space& mapping, unsigned first, unsigned end);

/// Part of the current step; the page is locked. linux v6.12 fs/buffer.c: create_empty_buffers
void attach_buffers(thread& task, folio& page);

}  // namespace mmcheck::fs

// SPDX-License-Identifier: Apache-2.0
#include "hunt/alphabet.h"

#include <algorithm>

namespace mmcheck::hunt {

namespace {

using enum Caller;
using M = Memory;
using H = Holding;

// Left out, as they are the same code as one that is here: fdatasync() and a flusher's writeback()
// (fsync), unpin_user_page() (put_page). Missing: reclaim of a whole file.
// clang-format off
constexpr Operation kOperations[] = {
    {.name = "load", .statement = "$r = READ_ONCE(*$x)"},
    {.name = "store", .statement = "WRITE_ONCE(*$x, $v)"},
    {.name = "munmap", .statement = "munmap($x, 4096)"},
    {.name = "dontneed", .statement = "madvise($x, 4096, MADV_DONTNEED)"},
    {.name = "mmap-file", .statement =
         "mmap($x, 4096, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, f, $o)", .memory = M::File},
    {.name = "mmap-anon", .statement =
         "mmap($x, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)"},
    {.name = "msync", .statement = "msync($x, 4096, MS_SYNC)", .memory = M::File},
    {.name = "fsync", .statement = "fsync(f)", .memory = M::File, .per_page = false},
    {.name = "fadvise", .statement = "posix_fadvise(f, $o, 4096, POSIX_FADV_DONTNEED)",
     .memory = M::File},
    {.name = "pread", .statement = "$r = pread(f, $o)", .memory = M::File},
    {.name = "pwrite", .statement = "pwrite(f, $o, $v)", .memory = M::File},
    {.name = "truncate", .statement = "ftruncate(f, 0)", .memory = M::File, .per_page = false},
    {.name = "gup", .statement = "$r = get_user_pages_fast($x, FOLL_WRITE)", .holding = H::Gets},
    {.name = "pin", .statement = "$r = pin_user_pages_fast($x, FOLL_WRITE)", .holding = H::Gets},
    {.name = "gup-read", .statement = "$r = get_user_pages_fast($x, 0)", .holding = H::GetsToRead},
    {.name = "pin-read", .statement = "$r = pin_user_pages_fast($x, 0)", .holding = H::GetsToRead},
    {.name = "dirty", .statement = "set_page_dirty($g)", .holding = H::Writes, .per_page = false},
    {.name = "dirty-lock", .statement = "set_page_dirty_lock($g)", .holding = H::Writes,
     .per_page = false},
    {.name = "copy", .statement = "memcpy_to_page($g, $v)", .holding = H::Writes,
     .per_page = false},
    {.name = "copy-from", .statement = "$r = memcpy_from_page($g)", .holding = H::Reads,
     .per_page = false},
    {.name = "put", .statement = "put_page($g)", .holding = H::Puts, .per_page = false},
    {.name = "munmap-all", .statement = "munmap($m)", .per_page = false, .several = true},
    {.name = "dontneed-all", .statement = "madvise($m, MADV_DONTNEED)", .per_page = false,
     .several = true},
    {.name = "msync-all", .statement = "msync($m, MS_SYNC)", .memory = M::File, .per_page = false,
     .several = true},
    {.name = "free", .statement = "madvise($x, 4096, MADV_FREE)", .memory = M::NoFile},
    {.name = "read-only", .statement = "mprotect($x, 4096, PROT_READ)"},
    {.name = "no-access", .statement = "mprotect($x, 4096, PROT_NONE)"},
    {.name = "writable", .statement = "mprotect($x, 4096, PROT_READ|PROT_WRITE)"},
    {.name = "mremap", .statement = "mremap($x, 4096, 4096, MREMAP_MAYMOVE|MREMAP_FIXED, $y)",
     .several = true},
    {.name = "mremap-keep", .statement =
         "mremap($x, 4096, 4096, MREMAP_MAYMOVE|MREMAP_FIXED|MREMAP_DONTUNMAP, $y)",
     .several = true},
    {.name = "fork", .statement = "fork(B)", .memory = M::Child, .per_page = false},
    {.name = "mlock", .statement = "mlock($m)", .per_page = false},
    {.name = "munlock", .statement = "munlock($m)", .per_page = false},
    {.name = "schedule", .statement = "schedule()", .per_page = false},
    {.name = "yield", .statement = "yield()", .per_page = false},
    {.name = "exit", .statement = "exit_group(0)", .holding = H::Ends, .per_page = false},
    {.name = "reclaim", .statement = "shrink_folio_list($p)", .caller = Kernel,
     .memory = M::Mapped},
    {.name = "deactivate", .statement = "shrink_active_list($p)", .caller = Kernel,
     .memory = M::Mapped},
    {.name = "referenced", .statement = "folio_referenced($p)", .caller = Kernel,
     .memory = M::Mapped},
    {.name = "migrate", .statement = "migrate_vma($p)", .caller = Kernel, .memory = M::Mapped},
    {.name = "move-charge", .statement = "mem_cgroup_move_charge($p)", .caller = Kernel,
     .memory = M::Mapped},
    {.name = "alloc", .statement = "alloc_page($p)", .caller = Kernel, .memory = M::Mapped},
    {.name = "offline", .statement = "offline_pages($p)", .caller = Kernel, .memory = M::Mapped},
    {.name = "remove", .statement = "arch_remove_memory($p)", .caller = Kernel,
     .memory = M::Mapped},
    {.name = "synchronize-rcu", .statement = "synchronize_rcu()", .caller = Kernel,
     .per_page = false},
    {.name = "split", .statement = "split_folio($p)", .caller = Kernel, .memory = M::Large},
    {.name = "rmap-walk", .statement = "rmap_walk_anon($p)", .caller = Kernel,
     .memory = M::AnonPage},
    {.name = "get-anon-vma", .statement = "folio_get_anon_vma($p)", .caller = Kernel,
     .memory = M::AnonPage},
    {.name = "oom-kill", .statement = "oom_kill_process(A)", .caller = Kernel,
     .per_page = false},
};
// clang-format on

constexpr Start kStarts[] = {
    {.name = "shared", .mapping = "mmap(f, $n, MAP_SHARED), dirty", .file = true, .mapped = true},
    {.name = "anon",
     .mapping = "mmap($n, MAP_PRIVATE|MAP_ANONYMOUS), dirty",
     .mapped = true,
     .anonymous = true},
    {.name = "shared-clean",
     .mapping = "mmap(f, $n, MAP_SHARED), read",
     .file = true,
     .mapped = true},
    {.name = "shared-none", .mapping = "mmap(f, $n, MAP_SHARED)", .file = true},
    {.name = "anon-clean",
     .mapping = "mmap($n, MAP_PRIVATE|MAP_ANONYMOUS), read",
     .mapped = true,
     .anonymous = true},
    {.name = "private", .mapping = "mmap(f, $n, MAP_PRIVATE), read", .file = true, .mapped = true},
    {.name = "anon-none", .mapping = "mmap($n, MAP_PRIVATE|MAP_ANONYMOUS)"},
    {.name = "vma-locks",
     .mapping = "mmap(f, $n, MAP_SHARED)",
     .file = true,
     .settings = "vma locks;"},
    {.name = "anon-vma-locks",
     .mapping = "mmap($n, MAP_PRIVATE|MAP_ANONYMOUS), dirty",
     .mapped = true,
     .anonymous = true,
     .settings = "vma locks;"},
    {.name = "no-memory",
     .mapping = "mmap(f, $n, MAP_SHARED), dirty",
     .file = true,
     .mapped = true,
     .settings = "gather batch 1; gather batches 1; gather tables 0;"},
    {.name = "batches",
     .mapping = "mmap(f, $n, MAP_SHARED), dirty",
     .file = true,
     .mapped = true,
     .settings = "gather batch 1; gather batches 3;",
     .pages_min = 4},
    {.name = "large",
     .mapping = "mmap(f, $n, MAP_SHARED), dirty",
     .file = true,
     .mapped = true,
     .file_state = ", large folio",
     .pages_min = 2},
    {.name = "huge",
     .mapping = "mmap(f, $n, MAP_SHARED), dirty, huge",
     .file = true,
     .mapped = true,
     .file_state = ", large folio",
     .pages_min = 2},
    {.name = "anon-large",
     .mapping = "mmap($n, MAP_PRIVATE|MAP_ANONYMOUS), dirty, large folio",
     .mapped = true,
     .anonymous = true,
     .pages_min = 2},
    {.name = "fork",
     .mapping = "mmap($n, MAP_PRIVATE|MAP_ANONYMOUS), dirty",
     .mapped = true,
     .anonymous = true,
     .child = true},
    {.name = "fork-vma-locks",
     .mapping = "mmap($n, MAP_PRIVATE|MAP_ANONYMOUS), dirty",
     .mapped = true,
     .anonymous = true,
     .settings = "vma locks;",
     .child = true},
    {.name = "fork-private",
     .mapping = "mmap(f, $n, MAP_PRIVATE), read",
     .file = true,
     .mapped = true,
     .child = true},
    {.name = "twice",
     .mapping = "mmap(f, $n, MAP_SHARED), dirty",
     .file = true,
     .mapped = true,
     .twice = true},
};

}  // namespace

std::span<const Operation> operations() { return kOperations; }

std::span<const Start> starts() { return kStarts; }

bool fits(const Operation& operation, const Start& start) {
  switch (operation.memory) {
    case Memory::Any:
      return true;
    case Memory::File:
      return start.file;
    case Memory::Mapped:
      return start.mapped;
    case Memory::Large:
      return start.anonymous && start.pages_min > 1;
    case Memory::AnonPage:
      return start.mapped && start.anonymous;
    case Memory::NoFile:
      return !start.file;
    case Memory::Child:
      return start.child;
  }
  return false;
}

bool names_mapping(const Operation& operation) {
  return operation.statement.find("$x") != std::string_view::npos ||
         operation.statement.find("$m") != std::string_view::npos;
}

const Operation* find_operation(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kOperations), std::end(kOperations),
                                         [&](const Operation& o) { return o.name == name; });
  return found == std::end(kOperations) ? nullptr : found;
}

const Start* find_start(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kStarts), std::end(kStarts),
                                         [&](const Start& s) { return s.name == name; });
  return found == std::end(kStarts) ? nullptr : found;
}

}  // namespace mmcheck::hunt

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernel/task.h"

namespace mmcheck::mm {

struct anon_vma;
struct folio;
struct mem_cgroup;
struct thread;

/// What the memory manager tells about itself; see machine::Monitor.
class Monitor : public kernel::Monitor {
 public:
  /// A page's map count was decremented to `mapcount` (-1: not mapped any more).
  virtual void mapcount_dropped(folio& page, int mapcount) = 0;
  /// The count of pages that are mapped and charged to a group is `count` now.
  virtual void memcg_stat_changed(const mem_cgroup& memcg, int count) = 0;
  /// A page is about to be freed: its last reference is gone.
  virtual void page_freed(folio& page) = 0;
  /// A walk goes on with an anon_vma that it has locked and that a page led to.
  virtual void anon_vma_used(anon_vma& av) = 0;
  virtual void anon_vma_freed(anon_vma& av) = 0;
  /// The count of a swap slot was decremented to `count`.
  virtual void swap_count_dropped(int count) = 0;
  /// The filesystem is asked to mark a page dirty; part of the step that does it.
  virtual void page_dirtied(folio& page, bool was_dirty) = 0;
  /// A clean page leaves the page cache or the swap cache: what is in it is on disk, or lost.
  virtual void page_evicted(folio& page) = 0;
  /// A page is taken hold of without locks, by a walk that found it in `slot`. `since` is the
  /// version that the entry is known to have had when the reference was taken. Part of a step that
  /// reads the entry.
  virtual void page_pinned(const machine::PteSlot& slot, unsigned since, const folio& page,
                           const folio& grabbed, machine::AccessKind kind) = 0;
  /// The struct page of a page is used that the user of it holds no reference to.
  virtual void page_metadata_used(const folio& page) = 0;
  /// A reference is added to a page that has none: it is being freed, or is free.
  virtual void freed_page_referenced(const folio& page) = 0;
  /// A page that was in a batch is looked at.
  virtual void batched_page_used(folio& page) = 0;
  /// A page leaves its file because the file becomes shorter.
  virtual void page_truncated(folio& page) = 0;
  /// A call that took the mapping of these pages away returns to user space. `task.zapped_at` says
  /// which version of each entry it left behind.
  virtual void unmap_returned(thread& task, unsigned first_page, unsigned end_page) = 0;

  /// The same of a call that has made these pages' entries less permissive, or clean (MADV_FREE):
  /// no TLB may use an older one for a load, for a store, or as one that is dirty.
  enum class Revoked : std::uint8_t { Load, Store, Dirty };
  virtual void change_returned(thread& task, unsigned first_page, unsigned end_page,
                               Revoked revoked) = 0;
  // MADV_FREE: part of the step that makes the page lazyfree, of the one in which the call returns,
  // and of reclaim's that drops the page.
  virtual void lazyfree_marked(folio& page) = 0;
  virtual void lazyfree_returned(folio& page) = 0;
  virtual void lazyfree_discarded(folio& page) = 0;
  /// The thread has read or written a page by its own address, through a reference that it holds.
  virtual void held_page_read(const thread& task, folio& page) = 0;
  virtual void held_page_written(const thread& task, folio& page) = 0;
  /// Copy on write: the contents of `page` are copied for a process, and, when no entry of that
  /// process leads to the old page any more, the entry leads to the copy. `stores` says how many
  /// had been made to the old page when it was read. Parts of the steps that do so.
  virtual void page_copied(folio& page, folio& copy) = 0;
  virtual void page_replaced(const thread& task, folio& page, unsigned stores) = 0;
  /// fork() returns. `task.zapped_at` says which version of each entry has lost its W.
  virtual void fork_returned(thread& task) = 0;

  /// TLBs have been made to forget entries, by one flush.
  virtual void tlb_flushed() {}

 protected:
  ~Monitor() = default;
};

}  // namespace mmcheck::mm

// SPDX-License-Identifier: Apache-2.0
// Memory cgroups: to whom a page is charged, what is counted for it, and moving both to another
// group. linux v6.1 mm/memcontrol.c; v6.12 mm/memcontrol-v1.c
//
// What the mover and the reverse map must agree on (R-COUNT): a page is either mapped and counted,
// or neither. If the mover looks between the two, it leaves the count behind, and the other takes
// it from where it is not:
//
//     CPU0 page_remove_rmap                  CPU1 mem_cgroup_move_account
//     atomic_add_negative(_mapcount)
//                                            folio_mapped(): no
//                                            memcg_data = to
//     memcg_data (to): NR_FILE_MAPPED--      [of `to`, where it was never counted]
//
// Weiner, 7 Nov 2022. v6.1 has a lock for it, taken before the map count is touched; v6.12 relies
// on the page-table lock, which who removes the rmap holds, and the mover too.
//
// differs: two groups; a new page is charged to the first. Only the count of mapped pages: not of
// pages, dirty pages or pages under writeback.
#pragma once

#include "mm/system.h"

namespace mmcheck::mm {

/// Counts one more or one less mapped page where the page is charged. Does nothing where there are
/// no cgroups.
void mod_mapped_stat(thread& task, folio& page, int delta);

/// linux v6.1 mm/memcontrol.c: lock_page_memcg (v6.12: folio_memcg_lock)
class PageMemcgLock {
 public:
  PageMemcgLock(thread& task, folio& page);
  void unlock();

 private:
  thread& task_;
  mem_cgroup* locked_ = nullptr;  ///< null: nobody moves charges, so being an RCU reader will do
};

/// Moves the charge of what is, or was, mapped at this page of the address space to the second
/// group. What follows when a task is moved to another group.
void mem_cgroup_move_charge(thread& task, mm_struct& mm, unsigned page_nr);

/// Moves the charge of a page that was found on the LRU list of its group.
/// linux v3.18 mm/memcontrol.c: mem_cgroup_reparent_charges, mem_cgroup_move_parent: what followed
/// when a group was removed, until v3.19
void mem_cgroup_move_parent(thread& task, folio& page);

}  // namespace mmcheck::mm

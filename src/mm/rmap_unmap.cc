// SPDX-License-Identifier: Apache-2.0
// Unmapping by reclaim, with the TLB flush batched. linux mm/rmap.c
#include <algorithm>

#include "mm/folio.h"
#include "mm/page_vma_mapped.h"
#include "mm/swapfile.h"
#include "mm/tlb_gen.h"

namespace mmcheck::mm {

namespace {

/// linux v6.12 mm/rmap.c: set_tlb_ubc_flush_pending. In one step: all is under the PTL, and
/// flush_tlb_batched_pending() looks under a PTL.
void set_tlb_ubc_flush_pending(thread& task, mm_struct& mm, PteSlot& slot, pte_t old,
                               tlb_batch& batch) {
  if (!pte_accessible(task, mm, old)) return;
  task.system->arch().arch_tlbbatch_add_pending(*task.cpu, slot, mm_cpumask(mm));
  std::uint32_t generation = 0;
  if (task.system->policies->generations != nullptr) {
    generation = defer_tlb_flush(task, mm, &mm.table_of(mm.page_of(slot.va())));
  } else {
    task.x().step({.format = "set_tlb_ubc_flush_pending()", .detail = Detail::Minor});
    mm.tlb_flush_batched.write(mm.tlb_flush_batched.read_last() + 1);
  }
  auto place = std::find(batch.mms.begin(), batch.mms.end(), &mm);
  if (place == batch.mms.end()) place = batch.mms.insert(place, &mm);
  batch.tlb_gen[static_cast<std::size_t>(place - batch.mms.begin())] = generation;
  if (pte_dirty(old)) batch.writable = true;
}

/// Whether nobody has the page but its mappings, and who has taken it off its list.
bool folio_unused(thread& task, folio& page) {
  if (task.system->policies->lazyfree.ref_check == Step::Dropped) return true;
  task.x().step({.format = "folio_ref_count({}) == 1 + folio_mapcount()?", .args = {arg(page)}});
  const int mapped = page.mapcount.read() + 1;
  return page.refcount.read() == 1 + mapped;
}

bool folio_test_dirty(thread& task, folio& page) {
  if (task.system->policies->lazyfree.dirty_check == Step::Dropped) return false;
  task.x().step({.format = "folio_test_dirty({})?", .args = {arg(page)}});
  return page.dirty.read();
}

/// linux v6.12 mm/rmap.c: try_to_unmap_one, "MADV_FREE page check" [PTL]. The entry is cleared, and
/// D is in the folio. `unused`: see below.
///
/// Two pairs of steps keep what was written since. GUP-fast raises the count and looks at the entry
/// again; this clears the entry and looks at the count: one sees the other. Who has got the page
/// marks it dirty and then drops the count; this looks at the count and then at the flag (Linux
/// 5.18, 6c8e2a256915: until then it looked at the flag only):
///
///     CPU0 reclaim                    CPU1 O_DIRECT read
///                                     GUP-fast: has the page
///     clear the entry: clean
///     not dirty: drop the page        the device writes to it
///                                     set_page_dirty, put_page
///                                     [the next load faults, and finds zeros]
bool can_discard(thread& task, folio& page, bool unused) {
  const LazyfreePolicies& policies = task.system->policies->lazyfree;
  const bool flag_first = policies.ref_before_dirty == Step::Dropped;
  if (flag_first && folio_test_dirty(task, page)) return false;
  if (policies.clear_before_ref == Step::Kept) unused = folio_unused(task, page);
  return unused && (flag_first || !folio_test_dirty(task, page));
}

/// What becomes of a lazyfree page whose entry has been cleared; returns whether it is dropped.
/// [PTL]
bool discard_lazyfree(thread& task, PteSlot& slot, folio& page, pte_t old, bool unused) {
  if (can_discard(task, page, unused)) {
    task.x().step({.format = "discard {}", .args = {arg(page)}});
    task.system->monitor->lazyfree_discarded(page);
    return true;
  }
  task.system->arch().set_pte(*task.cpu, slot, old,
                              {.format = "set_pte({}) back", .args = {machine::arg(slot.va())}});
  task.x().step({.format = "folio_set_swapbacked({})", .args = {arg(page)}});
  page.swapbacked.write(true);
  return false;
}

/// linux v6.12 mm/rmap.c: try_to_unmap_one [PTL]. Returns false if the page stays mapped.
/// differs: no mlock, no uffd markers; an entry that maps a whole large folio is left alone (Linux:
/// TTU_SPLIT_HUGE_PMD).
bool try_to_unmap_one(thread& task, vm_area_struct& vma, folio& page, tlb_batch& batch) {
  const bool lazyfree = folio_test_lazyfree(page);
  PageVmaMappedWalk walk(task, vma, page, task.system->policies->reclaim.unmap_walk);
  for (; walk.found(); walk.next()) {
    if (walk.huge()) continue;
    PteSlot& slot = vma.mm->pte(walk.page_nr());
    const bool looks_first =
        lazyfree && task.system->policies->lazyfree.clear_before_ref == Step::Dropped;
    const bool unused = looks_first && folio_unused(task, page);
    const pte_t old = task.system->arch().ptep_get_and_clear(*task.cpu, slot);
    set_tlb_ubc_flush_pending(task, *vma.mm, slot, old, batch);
    if (pte_dirty(old)) folio_mark_dirty(task, page);
    if (lazyfree) {
      if (!discard_lazyfree(task, slot, page, old, unused)) {
        walk.next();  // page_vma_mapped_walk_done: the folio has no other page.
        return false;
      }
    } else if (page.mapping.peek().is_anon()) {
      if (task.system->policies->reclaim.swap_duplicate == Step::Kept) {
        swap_duplicate(task, page.swapcache.peek() - 1u);
      }
      task.x().step({.format = "set_pte({})", .args = {machine::arg(slot.va())}});
      slot.set_pte(machine::swp_entry_to_pte(page.swapcache.peek() - 1u));
    }
    page_remove_rmap(task, walk.page());
    folio_put(task, page);
  }
  return true;
}

}  // namespace

// linux v6.12 mm/rmap.c: try_to_unmap, TTU_BATCH_FLUSH
void try_to_unmap(thread& task, folio& page, tlb_batch& batch) {
  const mapping_t mapping = page.mapping.peek();  // Stable: the page is locked.
  if (mapping.is_anon()) {
    anon_vma* av = folio_lock_anon_vma_read(task, page, WhenContended::Wait);
    if (av == nullptr) return;
    for (vm_area_struct* vma : av->tree) {
      if (!try_to_unmap_one(task, *vma, page, batch)) break;
    }
    anon_vma_unlock_read(task, *av);
    return;
  }
  if (!mapping.is_file()) return;
  address_space& file = task.system->files[mapping.file()];
  file.i_mmap_rwsem.down_read(task, {.format = "i_mmap_lock_read()", .detail = Detail::Minor});
  for (vm_area_struct* vma : file.i_mmap) {
    if (vma->kind != VmaKind::Anonymous) try_to_unmap_one(task, *vma, page, batch);
  }
  file.i_mmap_rwsem.up_read(task, {.format = "i_mmap_unlock_read()", .detail = Detail::Minor});
}

// linux v6.12 mm/rmap.c: try_to_unmap_flush, try_to_unmap_flush_dirty
void try_to_unmap_flush(thread& task, tlb_batch& batch) {
  const System& system = *task.system;
  for (std::size_t i = 0; i < batch.mms.size(); ++i) {
    mm_struct& mm = *batch.mms[i];
    if (system.policies->batch_flush == BatchFlush::Omitted) continue;
    if (system.policies->generations != nullptr) {
      flush_tlb_generation(task, mm, batch.tlb_gen[i]);
    } else if (!system.arch().arch_tlbbatch_flush(*task.cpu)) {
      flush_tlb_pages(task, mm, 0, static_cast<unsigned>(mm.ptes.size()));
    }
  }
  batch.mms.clear();
  batch.writable = false;
}

void try_to_unmap_flush_dirty(thread& task, tlb_batch& batch) {
  if (batch.writable) try_to_unmap_flush(task, batch);
}

// linux v6.12 mm/rmap.c: flush_tlb_batched_pending; arch_flush_tlb_batched_pending
//
// Two counters, and not a flag, so that an unmapping that comes between the flush and the last step
// stays pending. On arm64 a DSB here would not do, since it completes what this CPU has issued:
//
//     CPU0 kswapd                    CPU1 munmap                     CPU2 user
//     ptep_get_and_clear
//     TLBI
//                                    entry is none: nothing to do    (TLB holds it)
//                                    DSB
//                                    return                          still reads the page
//     DSB
void flush_tlb_batched_pending(thread& task, mm_struct& mm) {
  constexpr unsigned kFlushedShift = 16;
  constexpr std::uint32_t kPendingMask = (1u << kFlushedShift) - 1;
  // Part of the step that took the PTL: whoever unmaps under this PTL has counted before.
  const std::uint32_t batch = mm.tlb_flush_batched.read_last();
  const std::uint32_t pending = batch & kPendingMask;
  if (pending == batch >> kFlushedShift) return;
  if (task.system->policies->batched_pending == BatchedPending::Flush) {
    flush_tlb_pages(task, mm, 0, static_cast<unsigned>(mm.ptes.size()));
  } else {
    task.cpu->dsb();
  }
  task.x().step({.format = "flush_tlb_batched_pending(): done", .detail = Detail::Minor});
  // Linux gives up if somebody else has changed the word; so this does not go back either.
  if (mm.tlb_flush_batched.read() == batch) {
    mm.tlb_flush_batched.write(pending | pending << kFlushedShift);
  }
}

}  // namespace mmcheck::mm

// SPDX-License-Identifier: Apache-2.0
// What must hold when all is quiet: no store lost, all counts right.
#include <algorithm>

#include "mm/folio.h"
#include "rules/monitors.h"

namespace mmcheck::rules {

using machine::pte_dirty;
using machine::pte_pfn;
using machine::pte_present;

namespace {

trace::Arg count_arg(int count) {
  return machine::arg(static_cast<std::uint64_t>(std::int64_t{count}));
}

}  // namespace

void Monitors::count_mappings() {
  mappings_.assign(system_->folios.size(), {});
  const auto count = [&](machine::pte_t pte) {
    if (!pte_present(pte)) return;
    Mappings& mappings = mappings_[to_index(pte_pfn(pte))];
    ++mappings.all;
    mappings.dirty |= pte_dirty(pte);
  };
  for (const mm::mm_struct& mm : system_->mms) {
    for (const machine::PteSlot& slot : mm.ptes) count(slot.peek());
    for (const machine::PteSlot& pmd : mm.huge_pmds) count(pmd.peek());
  }
}

int Monitors::mappings_of(const mm::folio& page) const {
  int sum = 0;
  for (unsigned nr = 0; nr < mm::folio_nr_pages(page); ++nr) {
    sum += mappings_[to_index(page.frame.pfn()) + nr].all;
  }
  return sum;
}

bool Monitors::dirty_entry_maps(const mm::folio& page) const {
  for (unsigned nr = 0; nr < mm::folio_nr_pages(page); ++nr) {
    if (mappings_[to_index(page.frame.pfn()) + nr].dirty) return true;
  }
  return false;
}

void Monitors::store_lost(mm::folio& page, EventId written_at) {
  broken(
      RuleId::Write,
      {.what = {.format = "{} is clean, and its last store is not on disk",
                .args = {mm::arg(page)}},
       .why =
           "while a TLB may still hold a writable, dirty entry, the page must stay dirty or keep "
           "its cleaner waiting: flush before the rmap is removed, both under the PTL",
       .events = {page.frame.last_store(), mm::page_folio(page).last_clean, written_at}});
}

// A clean page is dropped: from now on the disk is all there is. Part of the step that drops it.
void Monitors::page_evicted(mm::folio& page) {
  if (!system_->swap_slots.empty() && page.swapcache.peek() != 0) {
    const mm::swap_slot& slot = system_->swap_slots[page.swapcache.peek() - 1u];
    if (slot.count.read() == 0) return;  // Nobody will ever ask for it.
    exercised_.add(RuleId::Write);
    if (page.frame.read() != slot.block.read_last()) store_lost(page, slot.written_at);
    return;
  }
  const mm::address_space& file = system_->files[page.mapping.peek().file()];
  for (unsigned nr = 0; nr < mm::folio_nr_pages(page); ++nr) {
    mm::folio& part = mm::folio_page(page, nr);
    const unsigned index = page.index + nr;
    if (part.frame.last_store() != kNoEvent) exercised_.add(RuleId::Write);
    if (part.frame.read() != file.blocks[index].read_last()) {
      store_lost(part, file.written_at[index]);
    }
  }
}

void Monitors::check_page_of_file(mm::address_space& file, unsigned index) {
  mm::folio* page = system_->cached(file.i_pages[index].peek());
  if (page == nullptr) return;
  mm::folio& part = mm::folio_file_page(*page, index);
  if (part.frame.last_store() != kNoEvent && page->last_clean != kNoEvent) {
    exercised_.add(RuleId::Write);
  }
  if (page->dirty.peek() || dirty_entry_maps(*page)) return;
  // By value: stores of the value that is on disk already would be lost unseen.
  if (part.frame.peek() != file.blocks[index].peek()) store_lost(part, file.written_at[index]);
}

int Monitors::held_references(const mm::folio& page) const {
  int references = 0;
  for (const mm::thread& thread : system_->threads) {
    for (const mm::held_page& held : thread.held_pages) {
      if (held.pfn == kNoPfn) continue;
      if (&mm::page_folio(system_->page(held.pfn)) == &page) references += held.refs;
    }
  }
  return references;
}

void Monitors::check_counts(mm::folio& page) {
  const int refcount = page.refcount.peek();
  if (refcount == mm::folio::kFree || refcount == mm::folio::kOffline) return;
  const int mapcount = mm::folio_mapcount_peek(page);
  const int mapped = mappings_of(page);
  if (mapcount != mapped) {
    broken(RuleId::Count,
           {.what = {.format = "in the end {} has map count {} and another number of mappings",
                     .args = {mm::arg(page), count_arg(mapcount)}},
            .why = "each mapping is counted once"});
    return;
  }
  const bool cached = page.mapping.peek().is_file();
  const bool swapcache = !system_->swap_slots.empty() && page.swapcache.peek() != 0;
  const int pages = static_cast<int>(mm::folio_nr_pages(page));
  const int expected = mapped + (cached || swapcache ? pages : 0) + (page.buffers.peek() ? 1 : 0) +
                       batches_holding(page) + held_references(page);
  if (refcount == expected) return;
  broken(
      RuleId::Count,
      {.what = {.format = "in the end {} has {} references and {} holders",
                .args = {mm::arg(page), count_arg(refcount), count_arg(expected)}},
       .why = "each mapping, the page cache, the buffers and batches hold one reference each, and "
              "who has got the page holds his"});
}

int Monitors::batches_holding(const mm::folio& page) const {
  int held = 0;
  for (const auto batches : {system_->mlock_batches, system_->lru_add_batches}) {
    for (const mm::folio_batch& batch : batches) {
      for (const mm::encoded_page encoded : batch.pages()) {
        held += encoded_page_ptr(encoded) == &page ? 1 : 0;
      }
    }
  }
  return held;
}

void Monitors::check_lru(const mm::folio& page) {
  if (!system_->mlocks || page.refcount.peek() <= 0) return;
  const mm::mapping_t mapping = page.mapping.peek();
  if (!mapping.is_anon() && !mapping.is_file()) return;  // alloc_page() has it.
  exercised_.add(RuleId::Lru);
  if (page.lru.peek() || batches_holding(page) > 0) return;
  broken(RuleId::Lru, {.what = {.format = "in the end {} is in use, and on no LRU list",
                                .args = {mm::arg(page)}},
                       .why = "a new page must be told from one that is on a list already"});
}

void Monitors::check_memcg(const mm::mem_cgroup& memcg) {
  int mapped = 0;
  for (const mm::folio& page : system_->folios) {
    mapped += page.memcg_data.peek() == memcg.id && mm::folio_mapcount_peek(page) > 0 ? 1 : 0;
  }
  if (memcg.nr_mapped.peek() == mapped) return;
  broken(RuleId::Count,
         {.what = {.format = "in the end memory cgroup {} counts {} mapped pages and has {}",
                   .args = {machine::arg(std::uint64_t{memcg.id}),
                            count_arg(memcg.nr_mapped.peek()), count_arg(mapped)}},
          .why = "a page is mapped and counted, or neither, whenever its charge is moved"});
}

// What munmap() has taken away is gone, although its threads may go on: no entry without a VMA.
// Not after exit, where designs differ in whether threads are waited for.
void Monitors::check_unmapped(const mm::mm_struct& mm) {
  if (mm.exiting.peek()) return;
  const auto has_vma = [&](unsigned page) {
    return std::any_of(mm.vmas.begin(), mm.vmas.end(), [&](const mm::vm_area_struct& vma) {
      return vma.attached && vma.first_page <= page && page < vma.end_page;
    });
  };
  for (unsigned page = 0; page < mm.ptes.size(); ++page) {
    const machine::PteSlot& slot = mm.ptes[page];
    const bool mapped =
        pte_present(slot.peek()) || (slot.huge() != nullptr && pte_present(slot.huge()->peek()));
    if (!mapped || has_vma(page)) continue;
    broken(RuleId::Perm, {.what = {.format = "in the end {} is mapped, and in no VMA",
                                   .args = {machine::arg(slot.va())}},
                          .why = "what unmaps a range must find all of its entries, and no fault "
                                 "may add one behind it"});
  }
}

// A folio of the swap cache that can be dropped, as it is clean, must be what is on the device.
void Monitors::check_swapped(const mm::swap_slot& slot) {
  mm::folio* page = system_->cached(slot.cache.peek());
  if (page == nullptr || page->dirty.peek() || dirty_entry_maps(*page)) return;
  if (slot.count.peek() == 0 && page->mapcount.peek() < 0) return;
  exercised_.add(RuleId::Write);
  if (page->frame.peek() != slot.block.peek()) store_lost(*page, slot.written_at);
}

void Monitors::check_swap_counts(const mm::swap_slot& slot, unsigned number) {
  int entries = 0;
  for (const mm::mm_struct& mm : system_->mms) {
    for (const machine::PteSlot& pte : mm.ptes) {
      entries += pte.peek() == machine::swp_entry_to_pte(number) ? 1 : 0;
    }
  }
  if (slot.count.peek() == entries) return;
  broken(RuleId::Count, {.what = {.format = "in the end swap slot {} has count {} and {} entries",
                                  .args = {machine::arg(std::uint64_t{number}),
                                           count_arg(slot.count.peek()), count_arg(entries)}},
                         .why = "each entry that refers to a slot is counted once"});
}

void Monitors::check_final_state() {
  count_mappings();
  for (const mm::mm_struct& mm : system_->mms) check_unmapped(mm);
  for (const mm::mm_struct& mm : system_->mms) check_protected(mm);
  for (mm::address_space& file : system_->files) {
    for (unsigned index = 0; index < file.nr_pages; ++index) check_page_of_file(file, index);
  }
  for (mm::folio& page : system_->folios) check_counts(page);
  for (const mm::folio& page : system_->folios) check_lru(page);
  for (const mm::mem_cgroup& memcg : system_->memcgs) check_memcg(memcg);
  for (unsigned number = 0; number < system_->swap_slots.size(); ++number) {
    check_swapped(system_->swap_slots[number]);
    check_swap_counts(system_->swap_slots[number], number);
  }
}

}  // namespace mmcheck::rules

// SPDX-License-Identifier: Apache-2.0
#include "rules/monitors.h"

#include <algorithm>

#include "mm/folio.h"

namespace mmcheck::rules {

using machine::pte_pfn;
using machine::pte_present;
using mm::arg;

namespace {

void format_lock(const trace::Names&, std::uint64_t value, std::string& out) {
  out += kernel::lock_class_name(static_cast<kernel::LockClass>(value));
}

trace::Arg lock_arg(kernel::LockClass lock) {
  return {static_cast<std::uint64_t>(lock), format_lock};
}

/// Also with a count that is too low.
bool counts_as_mapped(const mm::folio& page) {
  return mm::folio_test_large(page) ? mm::folio_mapped(page) : page.mapcount.read_last() != -1;
}

}  // namespace

void Monitors::broken(RuleId rule, trace::Violation violation) {
  if (!watched_.contains(rule)) return;
  violation.rule = rules()[static_cast<unsigned>(rule)].name;
  x().violate(violation);
}

void Monitors::freed_frame_used(const machine::Frame& frame) {
  broken(RuleId::Free,
         {.what = {.format = "{} is used after it was freed", .args = {machine::arg(frame.pfn())}},
          .why = "a frame may be freed only when nobody can reach it any more",
          .events = {frame.freed_at(), x().current_event()}});
}

// A page that has left its file while it was clean: nobody will ever write it again.
void Monitors::store_landed(const machine::Frame& frame) {
  mm::folio& page = system_->page(frame.pfn());
  lazyfree_written(page);
  if (system_->has_fork) note_writer(current_mm(), page);
  const mm::mapping_t mapping = mm::page_folio_lockless(page).mapping.read_last();
  if (mapping.is_anon() || mapping.is_file()) return;
  store_lost(page, kNoEvent);
}

bool Monitors::in_use(CpuId cpu, const machine::PteSlot& slot) const {
  if (!system_->x86_tlb) return true;
  return system_->x86_tlb->in_use(*system_->cpus[to_index(cpu)],
                                  static_cast<unsigned>(slot.space()));
}

// A CPU that ran something else when a call returned may come back with old translations. Whether
// the call returned before is asked of happens-before, as below.
void Monitors::check_revoked(const machine::PteSlot& slot, unsigned version) {
  const machine::X86Tlb::Revoked revoked = system_->x86_tlb->revoked(slot);
  if (version >= revoked.version || !x().ordered_before(revoked.at)) return;
  broken(RuleId::Perm,
         {.what = {.format = "{} is used as {} after the call that took it away has returned",
                   .args = {machine::arg(slot.va()), machine::arg(slot.version(version).value)}},
          .why = "a CPU that was not interrupted must find out by itself that its TLB is old",
          .events = {slot.version(version + 1).stored_at, revoked.at, x().current_event()}});
}

void Monitors::watch(mm::System& system) {
  system_ = &system;
  if (!system.recycles) return;
  for (MappedBy& slots : mapped_by_) slots.clear();
  mapped_by_.resize(system.folios.capacity());
}

// Where there are many entries, not all are looked at when a frame is freed.
void Monitors::entry_changed(machine::PteSlot& slot, machine::pte_t value) {
  if (pte_pfn(value) == kNoPfn) return;
  MappedBy& slots = mapped_by_[to_index(pte_pfn(value))];
  if (std::find(slots.begin(), slots.end(), &slot) == slots.end()) slots.push_back(&slot);
}

void Monitors::frame_freed(const machine::Frame& frame) {
  if (system_->recycles) {
    MappedBy& slots = mapped_by_[to_index(frame.pfn())];
    for (machine::PteSlot* slot : slots) frame_freed_under(frame, *slot, 1);
    slots.clear();
    return;
  }
  for (mm::mm_struct& mm : system_->mms) {
    for (machine::PteSlot& slot : mm.ptes) frame_freed_under(frame, slot, 1);
    for (machine::PteSlot& pmd : mm.huge_pmds) frame_freed_under(frame, pmd, mm::kPtrsPerTable);
  }
}

/// A huge entry maps all pages of the folio that it names, `nr_pages` at most.
void Monitors::frame_freed_under(const machine::Frame& frame, machine::PteSlot& slot,
                                 unsigned nr_pages) {
  const auto maps = [&](machine::pte_t pte) {
    const unsigned first = to_index(pte_pfn(pte));
    const unsigned pfn = to_index(frame.pfn());
    if (pte_pfn(pte) == kNoPfn || pfn < first) return false;
    return pfn == first ||
           (nr_pages > 1 && pfn < first + mm::folio_nr_pages(system_->page(pte_pfn(pte))));
  };
  // Read in any case: an entry that is made after the free must be told from one made before.
  const machine::pte_t now = slot.ptep_get();
  bool ever = false;
  for (unsigned v = slot.oldest(); v <= slot.current(); ++v) ever |= maps(slot.version(v).value);
  if (!ever) return;
  exercised_.add(RuleId::Free);
  if (maps(now)) {
    broken(RuleId::Free, {.what = {.format = "{} is freed while {} maps it",
                                   .args = {machine::arg(frame.pfn()), machine::arg(slot.va())}},
                          .why = "each entry that maps a page holds a reference to it"});
  }
  const auto stale = slot.find_stale([&](unsigned v) { return maps(slot.version(v).value); },
                                     [&](CpuId cpu) { return in_use(cpu, slot); });
  if (stale.version < 0) return;
  const unsigned replaced = static_cast<unsigned>(stale.version) + 1;
  broken(RuleId::Free, {.what = {.format = "{} is freed while TLB{} may still hold {}",
                                 .args = {machine::arg(frame.pfn()), machine::arg(stale.cpu),
                                          machine::arg(slot.va())}},
                        .why = "unhook the page, flush TLBs, free the page: in this order",
                        .events = {slot.version(replaced).stored_at, x().current_event()}});
}

// An access through an old entry is wrong only if it can be told from one that came before the
// change: if the new entry is known, by happens-before, to have been there already.
void Monitors::translated(const machine::PteSlot& slot, unsigned version) {
  if (system_->x86_tlb) check_revoked(slot, version);
  const Pfn used = pte_pfn(slot.version(version).value);
  for (unsigned v = slot.oldest(); v <= slot.current(); ++v) {
    const Pfn other = pte_pfn(slot.version(v).value);
    if (other == kNoPfn || other == used) continue;
    exercised_.add(RuleId::Cohere);
    if (v < version || !x().ordered_before(slot.version(v).stored_at)) continue;
    broken(RuleId::Cohere,
           {.what = {.format = "{} is used as {} although it names {} by now",
                     .args = {machine::arg(slot.va()), machine::arg(used), machine::arg(other)}},
            .why = "between clearing an entry and installing another TLBs must be flushed",
            .events = {slot.version(version + 1).stored_at, slot.version(v).stored_at,
                       x().current_event()}});
  }
}

void Monitors::read_lockless(const machine::PteSlot& slot, machine::pte_t seen) {
  if (slot.current() > 0) exercised_.add(RuleId::Torn);
  if (!pte_present(seen)) return;
  for (unsigned v = slot.oldest(); v <= slot.current(); ++v) {
    if (slot.version(v).value == seen) return;
  }
  broken(RuleId::Torn,
         {.what = {.format = "{} is read as {}, which it never was",
                   .args = {machine::arg(slot.va()), machine::arg(seen)}},
          .why = "halves that are read one after the other belong together only if nothing comes "
                 "between: a flush that waits for the reader, or a load of both at once",
          .events = {slot.version(slot.current()).stored_at, x().current_event()}});
}

void Monitors::lock_out_of_order(kernel::LockClass held, kernel::LockClass wanted) {
  broken(RuleId::Live, {.what = {.format = "{} is asked for while {} is held",
                                 .args = {lock_arg(wanted), lock_arg(held)}},
                        .why = "locks are taken in one order everywhere"});
}

void Monitors::sleep_in_atomic(kernel::LockClass wanted) {
  broken(RuleId::Live, {.what = {.format = "{} may sleep, under a spinlock or with interrupts off",
                                 .args = {lock_arg(wanted)}},
                        .why = "who holds a spinlock may not sleep"});
}

void Monitors::mapcount_dropped(mm::folio& page, int mapcount) {
  exercised_.add(RuleId::Count);
  if (mapcount >= -1) return;
  broken(RuleId::Count,
         {.what = {.format = "the map count of {} goes below -1", .args = {arg(page)}},
          .why = "each removal belongs to one mapping"});
}

void Monitors::memcg_stat_changed(const mm::mem_cgroup& memcg, int count) {
  exercised_.add(RuleId::Count);
  if (count >= 0) return;
  broken(RuleId::Count,
         {.what = {.format = "memory cgroup {} counts less than no mapped page",
                   .args = {machine::arg(std::uint64_t{memcg.id})}},
          .why = "a page is mapped and counted, or neither, whenever its charge is moved"});
}

void Monitors::swap_count_dropped(int count) {
  exercised_.add(RuleId::Count);
  if (count >= 0) return;
  broken(RuleId::Count, {.what = {.format = "the count of a swap slot goes below 0"},
                         .why = "each entry that refers to a slot is counted once"});
}

void Monitors::page_freed(mm::folio& page) {
  exercised_.add(RuleId::Count);
  if (!counts_as_mapped(page)) return;
  broken(RuleId::Count,
         {.what = {.format = "{} is freed while it still counts as mapped (bad page)",
                   .args = {arg(page)}},
          .why = "the map count drops before the reference that the mapping held"});
}

void Monitors::page_truncated(mm::folio& page) {
  exercised_.add(RuleId::Count);
  if (!counts_as_mapped(page)) return;
  broken(RuleId::Count,
         {.what = {.format = "{} leaves its file while it still counts as mapped (bad page)",
                   .args = {arg(page)}},
          .why = "truncation has unmapped the page: where no entry is left, no map count may be"});
}

void Monitors::batched_page_used(mm::folio& page) {
  exercised_.add(RuleId::Count);
  if (page.refcount.read_last() > 0) return;
  broken(RuleId::Count,
         {.what = {.format = "{} was freed while a batch held it", .args = {arg(page)}},
          .why = "each place in a batch holds a reference of its own"});
}

void Monitors::anon_vma_used(mm::anon_vma& av) {
  exercised_.add(RuleId::Anon);
  if (!av.freed.read_last()) return;
  broken(RuleId::Anon,
         {.what = {.format = "the anon_vma is used after it was freed"},
          .why = "a page may count as mapped only while its anon_vma lives: its rmap must be "
                 "removed before unlink_anon_vmas()",
          .events = {av.freed_at, x().current_event()}});
}

void Monitors::anon_vma_freed(mm::anon_vma& av) {
  if (!av.freed.read_last()) return;
  broken(RuleId::Anon, {.what = {.format = "the anon_vma is freed twice"},
                        .why = "who finds the count at 0 must leave it there",
                        .events = {av.freed_at, x().current_event()}});
}

// linux v6.12 fs/ext4/inode.c: ext4_dirty_folio has a warning for each.
void Monitors::page_dirtied(mm::folio& page, bool was_dirty) {
  exercised_.add(RuleId::Fs);
  if (!was_dirty && !page.locked.test_last()) {
    broken(RuleId::Fs,
           {.what = {.format = "{} becomes dirty neither locked nor dirty (ext4 warns)",
                     .args = {arg(page)}},
            .why = "between clearing the entry and marking the page dirty, writeback has "
                   "cleaned it: nothing made it wait",
            .events = {page.last_clean, x().current_event()}});
  }
  if (!page.buffers.read_last()) {
    broken(RuleId::Fs, {.what = {.format = "{} becomes dirty without buffers (ext4 warns)",
                                 .args = {arg(page)}},
                        .why = "buffers can be dropped as soon as the page is unmapped and clean"});
  }
}

void Monitors::unmap_returned(mm::thread& task, unsigned first_page, unsigned end_page) {
  for (unsigned page = first_page; page < end_page; ++page) {
    const machine::PteSlot& slot = task.mm->pte(page);
    zap_returned(slot, task.zapped_at[page]);
    if (system_->x86_tlb) system_->x86_tlb->revoke(task.mm->id, page, task.zapped_at[page]);
    if (slot.huge() != nullptr) zap_returned(*slot.huge(), task.zapped_huge_at[page]);
  }
}

void Monitors::zap_returned(const machine::PteSlot& slot, unsigned zapped_at) {
  if (zapped_at > 0) exercised_.add(RuleId::Perm);
  // What others have mapped and cleared since is their business.
  const auto stale = slot.find_stale([&](unsigned v) { return v < zapped_at; },
                                     [&](CpuId cpu) { return in_use(cpu, slot); });
  if (stale.version < 0) return;
  const auto version = static_cast<unsigned>(stale.version);
  broken(RuleId::Perm,
         {.what = {.format = "the call returns, but TLB{} may still hold {} ({})",
                   .args = {machine::arg(stale.cpu), machine::arg(slot.va()),
                            machine::arg(slot.version(version).value)}},
          .why = "what the caller was promised to be gone may have been cleared by somebody "
                 "else who has not flushed yet",
          .events = {slot.version(version + 1).stored_at, x().current_event()}});
}

}  // namespace mmcheck::rules

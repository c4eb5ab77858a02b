// SPDX-License-Identifier: Apache-2.0
#include "rules/monitors.h"

#include "mm/folio.h"

namespace mmcheck::rules {

using machine::pte_pfn;
using mm::arg;

namespace {

void format_lock(const trace::Names&, std::uint64_t value, std::string& out) {
  out += kernel::lock_class_name(static_cast<kernel::LockClass>(value));
}

trace::Arg lock_arg(kernel::LockClass lock) {
  return {static_cast<std::uint64_t>(lock), format_lock};
}

}  // namespace

void Monitors::freed_frame_used(const machine::Frame& frame) {
  x().violate(
      {.rule = "R-FREE",
       .what = {.format = "{} is used after it was freed", .args = {machine::arg(frame.pfn())}},
       .why = "a frame may be freed only when nobody can reach it any more",
       .events = {frame.freed_at(), x().current_event()}});
}

void Monitors::frame_freed(const machine::Frame& frame) {
  for (mm::mm_struct& mm : system_->mms) {
    for (machine::PteSlot& slot : mm.ptes) {
      bool ever = false;
      for (unsigned v = 0; v <= slot.current(); ++v) {
        ever |= pte_pfn(slot.version(v).value) == frame.pfn();
      }
      if (!ever) continue;
      exercised_.add(RuleId::Free);
      if (pte_pfn(slot.ptep_get()) == frame.pfn()) {
        x().violate({.rule = "R-FREE",
                     .what = {.format = "{} is freed while {} maps it",
                              .args = {machine::arg(frame.pfn()), machine::arg(slot.va())}},
                     .why = "each entry that maps a page holds a reference to it"});
      }
      const auto stale = slot.find_stale(
          [&](unsigned v) { return pte_pfn(slot.version(v).value) == frame.pfn(); });
      if (stale.version < 0) continue;
      const unsigned replaced = static_cast<unsigned>(stale.version) + 1;
      x().violate({.rule = "R-FREE",
                   .what = {.format = "{} is freed while TLB{} may still hold {}",
                            .args = {machine::arg(frame.pfn()), machine::arg(stale.cpu),
                                     machine::arg(slot.va())}},
                   .why = "unhook the page, flush TLBs, free the page: in this order",
                   .events = {slot.version(replaced).stored_at, x().current_event()}});
    }
  }
}

void Monitors::pte_installed(machine::PteSlot& slot) {
  exercised_.add(RuleId::Cohere);
  const machine::pte_t now = slot.version(slot.current()).value;
  const auto stale =
      slot.find_stale([&](unsigned v) { return pte_pfn(slot.version(v).value) != pte_pfn(now); });
  if (stale.version < 0) return;
  const unsigned version = static_cast<unsigned>(stale.version);
  x().violate({.rule = "R-COHERE",
               .what = {.format = "{} names {} now, but TLB{} may still hold another page",
                        .args = {machine::arg(slot.va()), machine::arg(pte_pfn(now)),
                                 machine::arg(stale.cpu)}},
               .why = "between clearing an entry and installing another TLBs must be flushed",
               .events = {slot.version(version + 1).stored_at, x().current_event()}});
}

void Monitors::lock_out_of_order(kernel::LockClass held, kernel::LockClass wanted) {
  x().violate({.rule = "R-LIVE",
               .what = {.format = "{} is asked for while {} is held",
                        .args = {lock_arg(wanted), lock_arg(held)}},
               .why = "locks are taken in one order everywhere"});
}

void Monitors::sleep_in_atomic(kernel::LockClass wanted) {
  x().violate({.rule = "R-LIVE",
               .what = {.format = "{} may sleep, under a spinlock or with interrupts off",
                        .args = {lock_arg(wanted)}},
               .why = "who holds a spinlock may not sleep"});
}

void Monitors::mapcount_dropped(mm::folio& page, int mapcount) {
  exercised_.add(RuleId::Count);
  if (mapcount >= -1) return;
  x().violate({.rule = "R-COUNT",
               .what = {.format = "the map count of {} goes below -1", .args = {arg(page)}},
               .why = "each removal belongs to one mapping"});
}

void Monitors::page_freed(mm::folio& page) {
  exercised_.add(RuleId::Count);
  if (page.mapcount.read() == -1) return;
  x().violate({.rule = "R-COUNT",
               .what = {.format = "{} is freed while it still counts as mapped (bad page)",
                        .args = {arg(page)}},
               .why = "the map count drops before the reference that the mapping held"});
}

void Monitors::anon_vma_used(mm::anon_vma& av) {
  exercised_.add(RuleId::Anon);
  if (!av.freed.read()) return;
  x().violate({.rule = "R-ANON",
               .what = {.format = "the anon_vma is used after it was freed"},
               .why = "a page may count as mapped only while its anon_vma lives: its rmap must be "
                      "removed before unlink_anon_vmas()",
               .events = {av.freed_at, x().current_event()}});
}

// linux v6.12 fs/ext4/inode.c: ext4_dirty_folio has a warning for each.
void Monitors::page_dirtied(mm::folio& page, bool was_dirty) {
  exercised_.add(RuleId::Fs);
  if (!was_dirty && !page.locked.test()) {
    x().violate({.rule = "R-FS",
                 .what = {.format = "{} becomes dirty neither locked nor dirty (ext4 warns)",
                          .args = {arg(page)}},
                 .why = "between clearing the entry and marking the page dirty, writeback has "
                        "cleaned it: nothing made it wait",
                 .events = {page.last_clean, x().current_event()}});
  }
  if (!page.buffers.read()) {
    x().violate(
        {.rule = "R-FS",
         .what = {.format = "{} becomes dirty without buffers (ext4 warns)", .args = {arg(page)}},
         .why = "buffers can be dropped as soon as the page is unmapped and clean"});
  }
}

void Monitors::user_stored(mm::folio& page) {
  if (!page.mapping.peek().is_anon()) exercised_.add(RuleId::Write);
}

void Monitors::unmap_returned(mm::thread& task, unsigned first_page, unsigned end_page) {
  for (unsigned page = first_page; page < end_page; ++page) {
    const machine::PteSlot& slot = task.mm->pte(page);
    if (task.zapped_at[page] > 0) exercised_.add(RuleId::Perm);
    // What others have mapped and cleared since is their business.
    const auto stale = slot.find_stale([&](unsigned v) { return v < task.zapped_at[page]; });
    if (stale.version < 0) continue;
    const auto version = static_cast<unsigned>(stale.version);
    x().violate({.rule = "R-PERM",
                 .what = {.format = "the call returns, but TLB{} may still hold {} ({})",
                          .args = {machine::arg(stale.cpu), machine::arg(slot.va()),
                                   machine::arg(slot.version(version).value)}},
                 .why = "what the caller was promised to be gone may have been cleared by somebody "
                        "else who has not flushed yet",
                 .events = {slot.version(version + 1).stored_at, x().current_event()}});
  }
}

}  // namespace mmcheck::rules

// SPDX-License-Identifier: Apache-2.0
// The answers that the designs give to the questions of mm/policy.h.
#pragma once

#include "mm/policy.h"

namespace mmcheck::design {

/// linux v6.1 mm/memory.c: zap_pte_range: the rmap is removed as the entry is cleared; a dirty
/// entry of a file forces the flush before the PTL is dropped.
class EarlyRmap final : public mm::ZapPolicy {
 public:
  Treatment treat(const mm::zap_entry& entry) const override {
    const bool dirty_file = !entry.anon && machine::pte_dirty(entry.pte);
    return {.flush = dirty_file ? mm::FlushTime::BeforeUnlock : mm::FlushTime::AtFinish};
  }
};

/// linux v6.12 mm/memory.c: zap_present_folio_ptes: where the flush is forced, the rmap waits for
/// it.
class DelayedRmap final : public mm::ZapPolicy {
 public:
  Treatment treat(const mm::zap_entry& entry) const override {
    if (entry.anon || !machine::pte_dirty(entry.pte)) return {};
    return {.rmap = mm::RmapRemoval::AfterFlush, .flush = mm::FlushTime::BeforeUnlock};
  }
};

/// Torvalds, 29 Oct 2022: the D bit travels with the page pointer and is set after the flush, so
/// that nothing forces a flush under the PTL any more. The rmap still goes early.
class DirtyInBatch final : public mm::ZapPolicy {
 public:
  Treatment treat(const mm::zap_entry&) const override {
    return {.dirty = mm::DirtyTransfer::WithBatch};
  }
};

/// Torvalds, 31 Oct 2022, first version: the rmap is removed where pages are freed, for
/// anonymous pages too.
class RmapAtFree final : public mm::ZapPolicy {
 public:
  Treatment treat(const mm::zap_entry& entry) const override {
    const bool dirty_file = !entry.anon && machine::pte_dirty(entry.pte);
    return {.rmap = mm::RmapRemoval::AtFree,
            .flush = dirty_file ? mm::FlushTime::BeforeUnlock : mm::FlushTime::AtFinish};
  }
};

/// The same for pages of files only: anonymous ones lose their rmap at once, as Dickins asked for
/// on 6 Nov 2022.
class FileRmapAtFree final : public mm::ZapPolicy {
 public:
  Treatment treat(const mm::zap_entry& entry) const override {
    if (entry.anon) return {};
    return {.rmap = mm::RmapRemoval::AtFree,
            .flush = machine::pte_dirty(entry.pte) ? mm::FlushTime::BeforeUnlock
                                                   : mm::FlushTime::AtFinish};
  }
};

/// Zijlstra, 25 Oct 2022 (ZAP_FLAG_FORCE_FLUSH): where the mapping stays, every cleared entry
/// forces the flush before the PTL is dropped. The rmap still goes early.
class ForceFlush final : public mm::ZapPolicy {
 public:
  Treatment treat(const mm::zap_entry& entry) const override {
    const bool dirty_file = !entry.anon && machine::pte_dirty(entry.pte);
    const bool forced = dirty_file || (entry.dontneed && !entry.fullmm);
    return {.flush = forced ? mm::FlushTime::BeforeUnlock : mm::FlushTime::AtFinish};
  }
};

/// Torvalds, 27 Oct 2022, question (b): do even shared pages need the forced flush "for the fullmm
/// case when we tear down the whole VM?" Here they do without.
class NoForceAtExit final : public mm::ZapPolicy {
 public:
  Treatment treat(const mm::zap_entry& entry) const override {
    return entry.fullmm ? Treatment{} : DelayedRmap().treat(entry);
  }
};

/// Amit, 30 Oct 2022: with generations nothing need be flushed under the PTL, and the rmap of pages
/// of files may go when they are freed: who cleans such a page finds it mapped, goes to the table,
/// and sees there that a flush is outstanding. Anonymous pages cannot wait (Dickins, 6 Nov).
class RmapByGeneration final : public mm::ZapPolicy {
 public:
  Treatment treat(const mm::zap_entry& entry) const override {
    return {.rmap = entry.anon ? mm::RmapRemoval::Now : mm::RmapRemoval::AtFree};
  }
};

/// What everybody would do if flushes were free: as wp_page_copy() does it.
class FlushEveryPage final : public mm::ZapPolicy {
 public:
  Treatment treat(const mm::zap_entry&) const override { return {.flush = mm::FlushTime::AtOnce}; }
};

/// The posted series of Nov 2022, patch 4/4: no further batch while removals are outstanding, so
/// that all of them are in the active one.
class NoBatchWhileDelayed final : public mm::GatherPolicy {
 public:
  bool may_start_batch(bool delayed_rmap, bool) const override { return !delayed_rmap; }
  bool walks_local_batch() const override { return false; }
};

/// linux v6.12 mm/mmu_gather.c: one further batch after the one on the stack; both are walked.
class LocalAndActive final : public mm::GatherPolicy {
 public:
  bool may_start_batch(bool delayed_rmap, bool active_is_local) const override {
    return !delayed_rmap || active_is_local;
  }
  bool walks_local_batch() const override { return true; }
};

/// Before delayed removal there was nothing to look for.
class AnyBatch final : public mm::GatherPolicy {
 public:
  bool may_start_batch(bool, bool) const override { return true; }
  bool walks_local_batch() const override { return true; }
};

inline constexpr EarlyRmap kEarlyRmap;
inline constexpr DelayedRmap kDelayedRmap;
inline constexpr DirtyInBatch kDirtyInBatch;
inline constexpr RmapAtFree kRmapAtFree;
inline constexpr FileRmapAtFree kFileRmapAtFree;
inline constexpr ForceFlush kForceFlush;
inline constexpr NoForceAtExit kNoForceAtExit;
inline constexpr RmapByGeneration kRmapByGeneration;
inline constexpr FlushEveryPage kFlushEveryPage;
inline constexpr NoBatchWhileDelayed kNoBatchWhileDelayed;
inline constexpr LocalAndActive kLocalAndActive;
inline constexpr AnyBatch kAnyBatch;

}  // namespace mmcheck::design

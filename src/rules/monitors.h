// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/container/small_vector.hpp>
#include <vector>

#include "mm/system.h"
#include "rules/rules.h"

namespace mmcheck::rules {

/// The rules, as watchers of one execution after the other. Reads words only inside the step that
/// it is told about, so that a check is ordered like any other access.
class Monitors : public mm::Monitor {
 public:
  virtual ~Monitors() = default;

  /// The system that is watched from now on. Called once per execution, before any step.
  void watch(mm::System& system);

  /// All threads are done: what must hold then.
  void check_final_state();

  RuleSet exercised() const { return exercised_; }
  void add_exercised(RuleSet rules) { exercised_.add(rules); }
  void forget_exercised() { exercised_ = {}; }

  /// Reports only violations of these rules: an execution goes on past the others'. R-LIVE's
  /// deadlock and lack of progress are the explorer's, and always reported.
  void watch_only(RuleSet rules) { watched_ = rules; }

  // machine::Monitor
  void freed_frame_used(const machine::Frame& frame) override;
  void frame_freed(const machine::Frame& frame) override;
  void store_landed(const machine::Frame& frame) override;
  void load_done(const machine::Frame& frame) override;
  void translated(const machine::PteSlot& slot, unsigned version) override;
  void entry_changed(machine::PteSlot& slot, machine::pte_t value) override;
  void freed_table_walked(const machine::TablePage& table) override;
  void table_freed(const machine::TablePage& table, unsigned generation) override;
  void read_lockless(const machine::PteSlot& slot, machine::pte_t seen) override;
  // kernel::Monitor
  void lock_out_of_order(kernel::LockClass held, kernel::LockClass wanted) override;
  void sleep_in_atomic(kernel::LockClass wanted) override;
  void lock_checked() override { exercised_.add(RuleId::Live); }
  // mm::Monitor
  void mapcount_dropped(mm::folio& page, int mapcount) override;
  void memcg_stat_changed(const mm::mem_cgroup& memcg, int count) override;
  void page_freed(mm::folio& page) override;
  void anon_vma_used(mm::anon_vma& av) override;
  void anon_vma_freed(mm::anon_vma& av) override;
  void swap_count_dropped(int count) override;
  void page_dirtied(mm::folio& page, bool was_dirty) override;
  void page_evicted(mm::folio& page) override;
  void page_pinned(const machine::PteSlot& slot, unsigned since, const mm::folio& page,
                   const mm::folio& grabbed, machine::AccessKind kind) override;
  void page_metadata_used(const mm::folio& page) override;
  void freed_page_referenced(const mm::folio& page) override;
  void page_truncated(mm::folio& page) override;
  void batched_page_used(mm::folio& page) override;
  void unmap_returned(mm::thread& task, unsigned first_page, unsigned end_page) override;
  void change_returned(mm::thread& task, unsigned first_page, unsigned end_page,
                       Revoked revoked) override;
  void lazyfree_marked(mm::folio& page) override;
  void lazyfree_returned(mm::folio& page) override;
  void lazyfree_discarded(mm::folio& page) override;
  void held_page_read(const mm::thread& task, mm::folio& page) override;
  void held_page_written(const mm::thread& task, mm::folio& page) override;
  void page_copied(mm::folio& page, mm::folio& copy) override;
  void page_replaced(const mm::thread& task, mm::folio& page, unsigned stores) override;
  void fork_returned(mm::thread& task) override;

 private:
  explore::Execution& x() const { return *system_->execution; }
  /// Returns only if the rule is not watched, or all threads have finished.
  void broken(RuleId rule, trace::Violation violation);
  /// Whether user code on a CPU may use what its TLB holds of the entry. Accesses of the step.
  bool in_use(CpuId cpu, const machine::PteSlot& slot) const;
  void check_revoked(const machine::PteSlot& slot, unsigned version);
  void store_lost(mm::folio& page, EventId written_at);
  void check_page_of_file(mm::address_space& file, unsigned index);
  void check_counts(mm::folio& page);
  int held_references(const mm::folio& page) const;
  void check_memcg(const mm::mem_cgroup& memcg);
  void check_lru(const mm::folio& page);
  int batches_holding(const mm::folio& page) const;
  void check_swapped(const mm::swap_slot& slot);
  void check_swap_counts(const mm::swap_slot& slot, unsigned number);
  void count_mappings();
  bool dirty_entry_maps(const mm::folio& page) const;
  int mappings_of(const mm::folio& page) const;
  void frame_freed_under(const machine::Frame& frame, machine::PteSlot& slot, unsigned nr_pages);
  void zap_returned(const machine::PteSlot& slot, unsigned zapped_at);
  void check_unmapped(const mm::mm_struct& mm);
  void check_protected(const mm::mm_struct& mm);
  void lazyfree_lost(mm::folio& page);
  void lazyfree_written(mm::folio& page);
  /// The process whose thread's user code runs in the current step.
  const mm::mm_struct& current_mm() const;
  void note_writer(const mm::mm_struct& mm, const mm::folio& page);
  void check_pinned(const mm::thread& task, const mm::folio& page);
  void check_reader(const mm::mm_struct& mm, const mm::folio& page);

  using MappedBy = boost::container::small_vector<machine::PteSlot*, 2>;
  /// In the end: the entries that map a frame.
  struct Mappings {
    int all = 0;
    bool dirty = false;
  };

  mm::System* system_ = nullptr;
  std::vector<MappedBy> mapped_by_;  ///< by frame: entries that do or did; if System::recycles
  std::vector<Mappings> mappings_;   ///< by frame; of a huge entry its first one
  RuleSet exercised_;  ///< over all executions: steps that are taken back have been made
  RuleSet watched_ = RuleSet::all();
};

}  // namespace mmcheck::rules

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mm/system.h"
#include "workload/scenario.h"

namespace mmcheck::workload {

/// The name of an object whose changes no counterexample shows.
inline trace::ObjectText quiet(std::string_view name) { return {.format = name}; }

/// Builds the initial state of a scenario: CPUs, files, page cache, processes with their mappings.
/// Threads are created, not started. Deterministic; called once per execution, so nothing here
/// allocates from the heap.
class Builder {
 public:
  Builder(const Scenario& scenario, mm::System& system) : scenario_(scenario), system_(system) {}

  void build();

  /// Number of the first page of a mapping in its process's address space.
  static unsigned first_page_of(const ProcessDecl& process, unsigned mapping);

  /// The page that an address names before the first step.
  static mm::folio* initial_page(mm::System& system, const Scenario& scenario, const Expr& page);

 private:
  struct PagePlan;

  void build_mechanisms();
  void build_cpus();
  void build_swap();
  void build_file_pages(unsigned file);
  std::uint16_t build_file_page(unsigned file, unsigned index);
  std::uint16_t build_large_file_page(unsigned file, unsigned index);
  void build_process(unsigned process);
  void build_mapping(unsigned process, unsigned mapping, mm::mm_struct& mm);
  void build_vma_locks(mm::mm_struct& mm);
  void build_birth(unsigned process, mm::mm_struct& mm);
  void build_huge(unsigned process, mm::mm_struct& mm, machine::pte_t pmd);
  mm::anon_vma& build_anon_vma(int refcount);
  machine::pte_t initial_pte(const MappingDecl& mapping, unsigned page, mm::vm_area_struct& vma,
                             unsigned page_nr);
  void build_threads();
  void build_x86_tlb();
  void build_dirty_locks();
  void build_memcgs();
  void build_lru();
  void link_trees();
  void name_things();

  const Scenario& scenario_;
  mm::System& system_;
  std::uint8_t next_swap_slot_ = 0;
};

/// Whether some file is in the page cache as one large folio.
bool has_large_file(const Scenario& scenario);

/// Whether the thread walks page tables without locks.
bool walks_without_locks(const ThreadDecl& thread);

/// Whether a process is a child that is to be born.
bool has_fork(const Scenario& scenario);

/// How often the thread's body calls fork() for the process.
unsigned nr_forks(const ThreadDecl& thread, unsigned process);

/// Whether some thread of the scenario makes such a call.
bool any_thread_calls(const Scenario& scenario, Operation operation);

/// Whether some thread changes protection, or maps memory that may not be read and written.
bool changes_protection(const Scenario& scenario);

/// How many page frames a thread may need, with some to spare for lost races.
unsigned frames_wanted(const Scenario& scenario, const ThreadDecl& thread);

/// How many VMAs the calls of a scenario may make, in each process.
unsigned spare_vmas(const Scenario& scenario);

}  // namespace mmcheck::workload

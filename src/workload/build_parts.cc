// SPDX-License-Identifier: Apache-2.0
// What a scenario needs of the model, small parts of it, and the names of things for reports.
#include <algorithm>

#include "mm/folio.h"
#include "workload/build.h"
#include "workload/build_calls.h"

namespace mmcheck::workload {

using explore::Cell;

namespace {

unsigned count_calls(const std::vector<Statement>& body, Operation operation) {
  unsigned count = 0;
  any_call(body, [&](const Expr& call) {
    count += call.operation == operation ? 1 : 0;
    return false;
  });
  return count;
}

bool has_large_mapping(const ProcessDecl& process) {
  return std::any_of(process.mappings.begin(), process.mappings.end(),
                     [](const MappingDecl& mapping) { return mapping.large_folio; });
}

}  // namespace

// For mmap(), and for splits: each call may make three of one VMA.
unsigned spare_vmas(const Scenario& scenario) {
  unsigned calls = 0;
  for (const ThreadDecl& thread : scenario.threads) {
    calls += count_calls(thread.body, Operation::Mmap) +
             count_calls(thread.body, Operation::Munmap) +
             count_calls(thread.body, Operation::Mprotect) +
             2 * count_calls(thread.body, Operation::Mremap);  // It unmaps at both ends.
  }
  return calls == 0 ? 0 : 2 * calls + 1;
}

unsigned frames_wanted(const Scenario& scenario, const ThreadDecl& thread) {
  const bool uncached = any_thread_calls(scenario, Operation::PosixFadvise) ||
                        any_thread_calls(scenario, Operation::ShrinkFolioList) ||
                        any_thread_calls(scenario, Operation::Ftruncate);
  bool scarce = uncached || any_thread_calls(scenario, Operation::Mmap);
  unsigned missing = 0;
  unsigned by_one_fault = 1;
  if (thread.process) {
    for (const MappingDecl& mapping : scenario.processes[*thread.process].mappings) {
      scarce |= mapping.kind != MappingKind::Shared || !populated(mapping);
      if (scarce || !populated(mapping)) missing += mapping.nr_pages;
      // One for the page cache, one for the copy.
      if (uncached && mapping.kind == MappingKind::Private) by_one_fault = 2;
    }
  }
  const unsigned populates = count_calls(thread.body, Operation::Mlock);
  const unsigned reads_files =
      count_calls(thread.body, Operation::Pread) + count_calls(thread.body, Operation::Pwrite);
  const unsigned accesses = count_calls(thread.body, Operation::Load) +
                            count_calls(thread.body, Operation::Store) +
                            count_calls(thread.body, Operation::GetUserPagesFast) +
                            count_calls(thread.body, Operation::PinUserPagesFast);
  unsigned copied = 0;  // At once, as they are pinned.
  if (count_calls(thread.body, Operation::Fork) > 0 &&
      any_thread_calls(scenario, Operation::PinUserPagesFast)) {
    for (const MappingDecl& mapping : scenario.processes[*thread.process].mappings) {
      if (mapping.kind != MappingKind::Shared) copied += mapping.nr_pages;
    }
  }
  // A page may be dropped as often as it is freed.
  const unsigned lost = any_thread_calls(scenario, Operation::MadviseFree) ? 4 : 2;
  return (scarce && accesses > 0 ? (accesses + lost) * by_one_fault : 0) +
         (reads_files > 0 ? reads_files + 1 : 0) + populates * missing + copied;
}

// What no thread can tell is left out: it would only cost time.
void Builder::build_mechanisms() {
  system_.has_pins = any_thread_calls(scenario_, Operation::PinUserPagesFast);
  system_.has_fork = has_fork(scenario_);
  system_.has_hot_remove = any_thread_calls(scenario_, Operation::ArchRemoveMemory);
  if (system_.has_hot_remove) system_.metadata_freed_at = &system_.kept.make<EventId>(kNoEvent);
  system_.has_large_folios =
      has_large_file(scenario_) ||
      std::any_of(scenario_.processes.begin(), scenario_.processes.end(), has_large_mapping);
  system_.has_vma_locks =
      scenario_.vma_locks && system_.policies->vma_lock.fault == mm::FaultLock::Vma;
  system_.has_protection = changes_protection(scenario_);
  system_.has_lazyfree = any_thread_calls(scenario_, Operation::MadviseFree);
  machine::cpumask_t readers;
  for (unsigned thread = 0; thread < scenario_.threads.size(); ++thread) {
    if (walks_without_locks(scenario_.threads[thread])) readers.set(static_cast<CpuId>(thread));
  }
  // A lazy CPU has the tables loaded, and may walk them by speculation.
  const bool lazy_walks = any_thread_calls(scenario_, Operation::Schedule) &&
                          any_thread_calls(scenario_, Operation::Munmap);
  system_.follows_tables = readers.bits() != 0 || lazy_walks;
  if (!system_.follows_tables) return;
  const bool asked = system_.policies->rcu_readers == mm::RcuReaders::IrqsOff;
  system_.rcu = {system_.kept, asked ? readers : machine::cpumask_t{}};
}

mm::anon_vma& Builder::build_anon_vma(int refcount) {
  explore::Execution& x = *system_.execution;
  mm::anon_vma& av = system_.anon_vmas.emplace_back(system_.kept);
  av.id = static_cast<unsigned>(system_.anon_vmas.size() - 1);
  av.rwsem = {x, kernel::LockClass::anon_vma, quiet("anon_vma.rwsem")};
  av.refcount = Cell<int>(x, refcount, quiet("anon_vma.refcount"));
  av.freed = Cell<bool>(x, false, {.format = "anon_vma.freed", .value = trace::format_flag});
  return av;
}

void Builder::build_vma_locks(mm::mm_struct& mm) {
  explore::Execution& x = *system_.execution;
  mm.mm_lock_seq = Cell<std::uint32_t>(x, 1, quiet("mm_lock_seq"));
  mm.mm_mt = Cell<std::uint32_t>(x, 0, quiet("mm_mt"));
  mm.vma_locks.reserve(mm.vmas.size());
  for (unsigned i = 0; i < mm.vmas.size(); ++i) {
    mm::vma_lock& lock = mm.vma_locks.emplace_back();
    lock.rwsem = {x, kernel::LockClass::vma_lock, quiet("vm_lock")};
    lock.seq = Cell<std::uint32_t>(x, 0, quiet("vm_lock_seq"));
    lock.detached = Cell<bool>(x, false, quiet("detached"));
  }
}

void Builder::build_dirty_locks() {
  if (system_.policies->dirty_lock == mm::DirtyLock::None) return;
  while (system_.dirty_locks.size() < system_.dirty_locks.capacity()) {
    system_.dirty_locks.emplace_back(*system_.execution, kernel::LockClass::dirty_lock,
                                     quiet("dirty_lock"));
  }
}

void Builder::build_lru() {
  if (!system_.mlocks) return;
  explore::Execution& x = *system_.execution;
  for (mm::folio& page : system_.folios) {
    const trace::Arg name = mm::arg(page);
    const bool in_use = page.refcount.peek() > 0;
    page.lru =
        Cell<bool>(x, in_use, {.format = "{}.lru", .args = {name}, .value = trace::format_flag});
    page.unevictable = Cell<bool>(
        x, false, {.format = "{}.unevictable", .args = {name}, .value = trace::format_flag});
    page.mlocked =
        Cell<bool>(x, false, {.format = "{}.mlocked", .args = {name}, .value = trace::format_flag});
    page.mlock_count = Cell<int>(x, 0, quiet("mlock_count"));
  }
  const std::size_t nr_cpus = scenario_.threads.size();
  system_.mlock_batches = system_.kept.make_array<mm::folio_batch>(nr_cpus);
  system_.lru_add_batches = system_.kept.make_array<mm::folio_batch>(nr_cpus);
}

void Builder::build_birth(unsigned process, mm::mm_struct& mm) {
  explore::Execution& x = *system_.execution;
  if (system_.has_fork && system_.has_pins) {
    mm.write_protect_seq = Cell<std::uint32_t>(x, 0, quiet("write_protect_seq"));
  }
  const std::optional<unsigned> parent = scenario_.processes[process].parent;
  if (!parent) return;
  mm.parent = &system_.mms[*parent];
  mm.birth = Cell<mm::Birth>(x, mm::Birth::Awaited, quiet("birth"));
  mm.born_at = &system_.kept.make<EventId>(kNoEvent);
}

/// The entry above the last table, which maps a whole folio.
void Builder::build_huge(unsigned process, mm::mm_struct& mm, machine::pte_t pmd) {
  explore::Execution& x = *system_.execution;
  mm::page_table& table = mm.tables.back();
  table.pmd_lock = {x, kernel::LockClass::ptl, quiet("pmd_lock")};
  mm.pud = machine::pmd_t(x, true, quiet("pud"));
  mm.huge_pmds.emplace_back(system_.kept, *system_.memory, *system_.monitor,
                            mm.va_of(table.first_page), process, mm.cpumask, mm.pud, pmd,
                            mm.has_context ? &mm.context : nullptr, "pmd({}:{})");
  if (system_.arch().splits_entries()) mm.huge_pmds.back().split();
}

void Builder::name_things() {
  trace::Names& names = system_.execution->names();
  for (unsigned file = 0; file < scenario_.files.size(); ++file) {
    names.set(trace::NameSpace::File, file, scenario_.files[file].name);
    for (unsigned index = 0; index < scenario_.files[file].nr_pages; ++index) {
      mm::folio* whole = system_.cached(system_.files[file].i_pages[index].peek());
      if (whole == nullptr) continue;
      names.set(trace::NameSpace::Page, to_index(mm::folio_file_page(*whole, index).frame.pfn()),
                scenario_.files[file].name + "[" + std::to_string(index) + "]");
    }
  }
  for (unsigned process = 0; process < scenario_.processes.size(); ++process) {
    const ProcessDecl& decl = scenario_.processes[process];
    names.set(trace::NameSpace::Process, process, decl.name);
    for (unsigned mapping = 0; mapping < decl.mappings.size(); ++mapping) {
      const unsigned first = first_page_of(decl, mapping);
      for (unsigned page = 0; page < decl.mappings[mapping].nr_pages; ++page) {
        std::string name = decl.mappings[mapping].name;
        if (page != 0) name += "+" + std::to_string(page * kPageSizeBytes);
        const Vaddr va = system_.mms[process].va_of(first + page);
        names.set(trace::NameSpace::Address, to_bytes(va), std::move(name));
      }
    }
  }
  for (unsigned i = 0; i < scenario_.variables.size(); ++i) {
    names.set(trace::NameSpace::Object, i, scenario_.variables[i].name);
  }
}

}  // namespace mmcheck::workload

// SPDX-License-Identifier: Apache-2.0
#include "workload/build.h"

#include <algorithm>

#include "mm/folio.h"
#include "workload/build_calls.h"
#include "workload/parse_limits.h"

namespace mmcheck::workload {

using explore::Cell;
using mm::mapping_t;

namespace {

static_assert(kFolioPagesMax == mm::kPtrsPerTable);

explore::Execution& execution_of(mm::System& system) { return *system.execution; }

bool starts_with_anon_pages(const MappingDecl& mapping) {
  return populated(mapping) &&
         (mapping.kind == MappingKind::Anonymous ||
          (mapping.kind == MappingKind::Private && mapping.populate == Populate::Dirty));
}

/// How many entries map the page of the file before the first step, and whether one is dirty. An
/// entry of the level above, which maps all pages of a file, is counted apart.
struct InitialUse {
  int mapped = 0;
  int mapped_huge = 0;
  bool dirty = false;
};

InitialUse initial_use(const Scenario& scenario, unsigned file, unsigned index) {
  InitialUse use;
  for (const ProcessDecl& process : scenario.processes) {
    for (const MappingDecl& mapping : process.mappings) {
      if (mapping.kind == MappingKind::Anonymous || mapping.file != file) continue;
      if (index < mapping.first_page || index >= mapping.first_page + mapping.nr_pages) continue;
      // A dirty page of a private mapping is a copy; the page cache has nothing to do with it.
      if (mapping.kind == MappingKind::Private && mapping.populate == Populate::Dirty) continue;
      (mapping.huge ? use.mapped_huge : use.mapped) += populated(mapping) ? 1 : 0;
      use.dirty |= mapping.populate == Populate::Dirty;
    }
  }
  return use;
}

/// Of all the pages of a file.
InitialUse initial_use(const Scenario& scenario, unsigned file) {
  InitialUse sum;
  for (unsigned index = 0; index < scenario.files[file].nr_pages; ++index) {
    const InitialUse use = initial_use(scenario, file, index);
    sum.mapped += use.mapped;
    sum.mapped_huge = use.mapped_huge;
    sum.dirty |= use.dirty;
  }
  return sum;
}

bool has_call(const std::vector<Statement>& body, Operation operation) {
  return any_call(body, [=](const Expr& call) { return call.operation == operation; });
}

/// Whether some thread reclaims a page that need not be one of a file.
bool reclaims_anon(const Scenario& scenario) {
  const auto test = [](const Expr& call) {
    return call.operation == Operation::ShrinkFolioList && call.operands[0].kind == ExprKind::Page;
  };
  return std::any_of(scenario.threads.begin(), scenario.threads.end(),
                     [&](const ThreadDecl& thread) { return any_call(thread.body, test); });
}

}  // namespace

bool walks_without_locks(const ThreadDecl& thread) {
  return has_call(thread.body, Operation::GetUserPagesFast) ||
         has_call(thread.body, Operation::PinUserPagesFast);
}

bool has_large_file(const Scenario& scenario) {
  return std::any_of(scenario.files.begin(), scenario.files.end(),
                     [](const FileDecl& file) { return file.large_folio; });
}

bool any_thread_calls(const Scenario& scenario, Operation operation) {
  return std::any_of(scenario.threads.begin(), scenario.threads.end(),
                     [&](const ThreadDecl& thread) { return has_call(thread.body, operation); });
}

bool changes_protection(const Scenario& scenario) {
  const auto test = [](const Expr& call) {
    return call.operation == Operation::Mprotect ||
           (call.operation == Operation::Mmap &&
            call.operands[2].value != (kProtRead | kProtWrite));
  };
  return std::any_of(scenario.threads.begin(), scenario.threads.end(),
                     [&](const ThreadDecl& thread) { return any_call(thread.body, test); });
}

unsigned Builder::first_page_of(const ProcessDecl& process, unsigned mapping) {
  unsigned page = 0;
  for (unsigned i = 0; i < mapping; ++i) page += process.mappings[i].nr_pages;
  return page;
}

mm::folio* Builder::initial_page(mm::System& system, const Scenario& scenario, const Expr& page) {
  const ProcessDecl& process = scenario.processes[page.process];
  const unsigned number = first_page_of(process, page.index) + page.page;
  const machine::PteSlot& slot = system.mms[page.process].pte(number);
  const machine::pte_t pte = (slot.huge() ? *slot.huge() : slot).version(0).value;
  return pte_present(pte) ? &system.page(pte_pfn(pte)) : nullptr;
}

void Builder::build() {
  build_mechanisms();
  build_cpus();
  build_swap();
  for (unsigned file = 0; file < scenario_.files.size(); ++file) build_file_pages(file);
  for (unsigned process = 0; process < scenario_.processes.size(); ++process) {
    build_process(process);
  }
  unsigned nr_entries = 0;
  for (mm::mm_struct& mm : system_.mms) {
    nr_entries += static_cast<unsigned>(mm.ptes.size() + mm.huge_pmds.size());
    mm.context.entries = {mm.ptes.data(), mm.ptes.size()};
  }
  for (machine::Cpu* cpu : system_.cpus) {
    system_.arch().start_cpu(*cpu, system_.kept, nr_entries);
  }
  build_x86_tlb();
  link_trees();
  build_threads();
  build_dirty_locks();
  build_memcgs();
  build_lru();
  if (system_.execution->recording()) name_things();
}

void Builder::build_cpus() {
  const auto nr_cpus = static_cast<unsigned>(scenario_.threads.size());
  for (unsigned cpu = 0; cpu < nr_cpus; ++cpu) {
    system_.cpu_storage.emplace_back(system_.kept, static_cast<CpuId>(cpu), nr_cpus);
    system_.cpus.push_back(&system_.cpu_storage.back());
  }
}

/// A slot for each anonymous page, where a thread reclaims one.
void Builder::build_swap() {
  if (!reclaims_anon(scenario_)) return;
  unsigned nr_slots = 0;
  for (const ProcessDecl& process : scenario_.processes) {
    for (const MappingDecl& mapping : process.mappings) {
      if (starts_with_anon_pages(mapping)) nr_slots += mapping.nr_pages;
    }
  }
  system_.swap_slots.reserve(nr_slots);
  for (unsigned slot = 0; slot < nr_slots; ++slot) {
    system_.swap_slots.emplace_back(system_.kept, execution_of(system_), slot);
  }
}

void Builder::build_file_pages(unsigned file) {
  explore::Execution& x = execution_of(system_);
  mm::address_space& mapping = system_.files.emplace_back();
  mapping.id = file;
  mapping.nr_pages = scenario_.files[file].nr_pages;
  mapping.written_at = system_.kept.make_array<EventId>(mapping.nr_pages, kNoEvent);
  mapping.i_pages.reserve(mapping.nr_pages);
  mapping.blocks.reserve(mapping.nr_pages);
  mapping.i_mmap_rwsem = {x, kernel::LockClass::i_mmap_rwsem, quiet("i_mmap_rwsem")};
  for (unsigned index = 0; index < mapping.nr_pages; ++index) {
    const std::uint16_t entry = scenario_.files[file].large_folio
                                    ? build_large_file_page(file, index)
                                    : build_file_page(file, index);
    mapping.i_pages.emplace_back(x, entry, quiet("i_pages"));
    mapping.blocks.emplace_back(x, std::uint64_t{0},
                                trace::ObjectText{.format = "disk block {}",
                                                  .args = {machine::arg(std::uint64_t{index})},
                                                  .value = trace::format_decimal});
  }
}

/// Both return what the page cache holds at the index: 1 + the number of the folio, or 0.
std::uint16_t Builder::build_file_page(unsigned file, unsigned index) {
  const InitialUse use = initial_use(scenario_, file, index);
  if (use.mapped == 0) return 0;
  const auto pfn = static_cast<Pfn>(system_.folios.size());
  system_.folios.emplace_back(
      system_, pfn,
      mm::folio_init{.data = use.dirty ? std::uint64_t{kPopulateDirtyValue} : 0,
                     .mapping = mapping_t::of_file(file),
                     .index = index,
                     .refcount = use.mapped + 1 + (use.dirty ? 1 : 0),
                     .mapcount = use.mapped - 1,
                     .dirty = use.dirty,
                     .buffers = use.dirty});
  return static_cast<std::uint16_t>(to_index(pfn) + 1);
}

std::uint16_t Builder::build_large_file_page(unsigned file, unsigned index) {
  const InitialUse use = initial_use(scenario_, file);
  const int mappings = use.mapped + use.mapped_huge;
  if (mappings == 0) return 0;
  const bool sum = system_.policies->large_mapcount == mm::LargeMapcount::Sum;
  const auto pfn = static_cast<Pfn>(system_.folios.size());
  const auto head = static_cast<Pfn>(to_index(pfn) - index);
  const unsigned nr_pages = scenario_.files[file].nr_pages;
  const InitialUse own = initial_use(scenario_, file, index);
  mm::folio_init init;
  init.data = own.dirty ? std::uint64_t{kPopulateDirtyValue} : 0;
  init.index = index;
  init.mapcount = sum ? -1 : own.mapped - 1;
  if (index == 0) {
    init.mapping = mapping_t::of_file(file);
    init.refcount = mappings + static_cast<int>(nr_pages) + (use.dirty ? 1 : 0);
    init.large_mapcount = (sum ? mappings : use.mapped_huge) - 1;
    init.dirty = init.buffers = use.dirty;
    init.nr_pages = nr_pages;
  } else {
    init.head = head;
  }
  system_.folios.emplace_back(system_, pfn, init);
  return static_cast<std::uint16_t>(to_index(head) + 1);
}

void Builder::build_process(unsigned process) {
  explore::Execution& x = execution_of(system_);
  mm::mm_struct& mm = system_.mms.emplace_back();
  mm.id = process;
  mm.mmap_lock = {x, kernel::LockClass::mmap_lock, quiet("mmap_lock")};
  int users = 0;
  for (unsigned thread = 0; thread < scenario_.threads.size(); ++thread) {
    if (scenario_.threads[thread].process != process) continue;
    ++users;
    mm.cpumask.set(static_cast<CpuId>(thread));
  }
  if (system_.arch().uses_context(any_thread_calls(scenario_, Operation::Yield))) {
    mm.has_context = true;
    mm.context.usable = Cell<std::uint32_t>(x, mm.cpumask.bits(), quiet("usable TLBs"));
    mm.context.cpu_attach_mask =
        Cell<std::uint32_t>(x, mm.cpumask.bits(), quiet("cpu_attach_mask"));
    mm.context.flush_count = Cell<std::uint32_t>(x, 0, quiet("flush_count"));
    mm.context.flush_mm = Cell<bool>(x, false, quiet("flush_mm"));
    mm.context.lock = Cell<bool>(x, false, quiet("context.lock"));
  }
  mm.mm_users = Cell<int>(x, users, quiet("mm_users"));
  mm.tlb_flush_pending = Cell<int>(x, 0, quiet("tlb_flush_pending"));
  mm.tlb_flush_batched = Cell<std::uint32_t>(x, 0, quiet("tlb_flush_batched"));
  if (system_.policies->generations != nullptr) {
    mm.tlb_gen_pending = Cell<std::uint32_t>(x, 0, quiet("pending generation"));
    mm.tlb_gen_completed = Cell<std::uint32_t>(x, 0, quiet("completed generation"));
  }
  mm.exiting = Cell<bool>(x, false, quiet("exiting"));
  if (system_.has_oom) {
    mm.unstable = Cell<bool>(x, false, quiet("MMF_UNSTABLE"));
    mm.oom_skip = Cell<bool>(x, false, quiet("MMF_OOM_SKIP"));
  }
  build_birth(process, mm);
  const auto nr_mappings = static_cast<unsigned>(scenario_.processes[process].mappings.size());
  const bool maps = any_thread_calls(scenario_, Operation::Mmap);
  const unsigned nr_spare = spare_vmas(scenario_);
  unsigned nr_pages = 0;
  for (const MappingDecl& decl : scenario_.processes[process].mappings) nr_pages += decl.nr_pages;
  mm.ptes.reserve(nr_pages);
  mm.tables.reserve(nr_pages);
  mm.huge_pmds.reserve(nr_mappings);
  mm.vmas = {system_.kept, nr_mappings + nr_spare};
  for (unsigned mapping = 0; mapping < nr_mappings; ++mapping) {
    build_mapping(process, mapping, mm);
  }
  for (unsigned spare = 0; spare < nr_spare; ++spare) {
    mm::vm_area_struct& vma = mm.vmas.push_back({});
    vma.anon_ready = Cell<bool>(x, false, quiet("anon_vma"));
    if (system_.has_protection) vma.vm_flags = {x, mm::vm_flags_t{}, quiet("vm_flags")};
    if (maps || mm.parent != nullptr) vma.anon = &build_anon_vma(0);
  }
  if (system_.has_vma_locks) build_vma_locks(mm);
}

void Builder::build_mapping(unsigned process, unsigned mapping, mm::mm_struct& mm) {
  explore::Execution& x = execution_of(system_);
  const ProcessDecl& decl = scenario_.processes[process];
  const MappingDecl& source = decl.mappings[mapping];
  mm::vm_area_struct& vma = mm.vmas.push_back({});
  vma.mm = &mm;
  vma.kind = source.kind == MappingKind::Shared    ? mm::VmaKind::SharedFile
             : source.kind == MappingKind::Private ? mm::VmaKind::PrivateFile
                                                   : mm::VmaKind::Anonymous;
  vma.first_page = first_page_of(decl, mapping);
  vma.end_page = vma.first_page + source.nr_pages;
  // A child gets its VMAs when it is born.
  vma.attached = mm.parent == nullptr;
  if (!vma.attached) vma.mm = nullptr;
  if (vma.kind != mm::VmaKind::Anonymous) {
    vma.file = &system_.files[source.file];
    vma.pgoff = source.first_page;
  }
  if (system_.has_protection) {
    constexpr mm::vm_flags_t kReadWrite = mm::kVmRead | mm::kVmWrite;
    vma.vm_flags = {x, kReadWrite, quiet("vm_flags")};
  }
  const bool has_anon_pages = starts_with_anon_pages(source);
  vma.anon_ready = Cell<bool>(x, has_anon_pages, quiet("anon_vma"));
  if (vma.kind != mm::VmaKind::SharedFile) {
    vma.anon = &build_anon_vma(has_anon_pages ? 1 : 0);
  }
  for (unsigned page = 0; page < source.nr_pages; ++page) {
    if (page % system_.ptrs_per_table == 0) {
      mm::page_table& table = mm.tables.emplace_back();
      table.pmd = machine::pmd_t(x, populated(source) && !source.huge, quiet("pmd"));
      table.ptl = {x, kernel::LockClass::ptl, quiet("ptl")};
      if (system_.policies->generations != nullptr) {
        table.tlb_gen = Cell<std::uint32_t>(x, 0, quiet("table.tlb_gen"));
      }
      table.first_page = vma.first_page + page;
      if (system_.follows_tables) {
        table.page = {system_.kept, *system_.monitor, table.pmd, mm.cpumask,
                      mm.va_of(table.first_page)};
      }
      table.end_page = std::min(table.first_page + system_.ptrs_per_table, vma.end_page);
    }
    const unsigned page_nr = vma.first_page + page;
    const machine::pte_t pte = initial_pte(source, page, vma, page_nr);
    machine::PteSlot& slot = mm.ptes.emplace_back(
        system_.kept, *system_.memory, *system_.monitor, mm.va_of(page_nr), process, mm.cpumask,
        mm.tables.back().pmd, source.huge ? machine::pte_t{} : pte,
        mm.has_context ? &mm.context : nullptr);
    if (system_.follows_tables) slot.in_table(mm.tables.back().page);
    if (system_.arch().splits_entries()) slot.split();
    if (!source.huge) continue;
    if (page == 0) build_huge(process, mm, pte);
    slot.set_huge(mm.huge_pmds.back());
  }
}

machine::pte_t Builder::initial_pte(const MappingDecl& mapping, unsigned page,
                                    mm::vm_area_struct& vma, unsigned page_nr) {
  if (!populated(mapping)) return {};
  const bool dirty = mapping.populate == Populate::Dirty;
  const std::uint64_t bits = dirty ? machine::pte_t::kWrite | machine::pte_t::kDirty : 0;
  const bool page_cache =
      vma.kind == mm::VmaKind::SharedFile || (vma.kind == mm::VmaKind::PrivateFile && !dirty);
  if (page_cache) {
    const unsigned index = mapping.first_page + page;
    mm::folio& whole = *system_.cached(vma.file->i_pages[index].peek());
    return machine::mk_pte(mm::folio_file_page(whole, index).frame.pfn(), bits);
  }
  const auto pfn = static_cast<Pfn>(system_.folios.size());
  mm::folio_init init;
  init.data = dirty ? std::uint64_t{kPopulateDirtyValue} : 0;
  init.index = page_nr;
  const bool sum = system_.policies->large_mapcount == mm::LargeMapcount::Sum;
  const bool large = mapping.large_folio;
  if (large && page != 0) {
    init.head = static_cast<Pfn>(to_index(pfn) - page);
  } else {
    init.mapping = mapping_t::of_anon(vma.anon->id);
    init.nr_pages = large ? mapping.nr_pages : 1;
    init.refcount = static_cast<int>(init.nr_pages);
    init.large_mapcount = large && sum ? init.refcount - 1 : -1;
  }
  init.mapcount = large && sum ? -1 : 0;
  init.swap_slot = next_swap_slot_++;
  system_.folios.emplace_back(system_, pfn, init);
  return machine::mk_pte(pfn, bits);
}

void Builder::build_x86_tlb() {
  const bool switches = any_thread_calls(scenario_, Operation::Schedule) ||
                        any_thread_calls(scenario_, Operation::Yield);
  if (!switches || !system_.arch().counts_flushes()) return;
  system_.x86_tlb.emplace(system_.kept,
                          std::span<machine::Cpu* const>(system_.cpus.data(), system_.cpus.size()),
                          system_.policies->x86_tlb);
  for (mm::mm_struct& mm : system_.mms) {
    system_.x86_tlb->add_mm(system_.kept, {mm.ptes.data(), mm.ptes.size()}, mm.cpumask);
  }
}

void Builder::link_trees() {
  unsigned nr_vmas = 0;
  for (const mm::mm_struct& mm : system_.mms) nr_vmas += mm.vmas.size();
  for (mm::address_space& file : system_.files) file.i_mmap = {system_.kept, nr_vmas};
  for (mm::anon_vma& av : system_.anon_vmas) av.tree = {system_.kept, nr_vmas};
  for (mm::mm_struct& mm : system_.mms) {
    for (mm::vm_area_struct& vma : mm.vmas) {
      if (!vma.attached) continue;
      if (vma.file != nullptr) mm::vma_interval_tree_insert(vma.file->i_mmap, vma);
      if (vma.anon_ready.peek()) vma.anon->tree.push_back(&vma);
    }
  }
}

void Builder::build_threads() {
  system_.threads = {system_.kept, scenario_.threads.size()};
  std::size_t entries_max = 0;
  for (const mm::mm_struct& mm : system_.mms) entries_max = std::max(entries_max, mm.ptes.size());
  for (unsigned number = 0; number < scenario_.threads.size(); ++number) {
    const ThreadDecl& decl = scenario_.threads[number];
    mm::thread& thread = system_.threads.push_back({});
    thread.execution = system_.execution;
    thread.cpu = system_.cpus[number];
    thread.monitor = system_.monitor;
    thread.system = &system_;
    if (decl.process) thread.mm = &system_.mms[*decl.process];
    thread.zapped_at = system_.kept.make_array<std::uint32_t>(entries_max);
    if (system_.has_large_folios) {
      thread.zapped_huge_at = system_.kept.make_array<std::uint32_t>(entries_max);
    }
    thread.gathered = {system_.kept, entries_max};
    if (system_.follows_tables) thread.gathered_tables = {system_.kept, entries_max};
    thread.free_folios = system_.folios.data() + system_.folios.size();
    thread.nr_free_folios = frames_wanted(scenario_, decl);
    for (unsigned i = thread.nr_free_folios; i > 0; --i) {
      const auto pfn = static_cast<Pfn>(system_.folios.size());
      system_.folios.emplace_back(system_, pfn, mm::folio_init{});
    }
  }
}

void Builder::build_memcgs() {
  if (!any_thread_calls(scenario_, Operation::MemCgroupMoveCharge) &&
      !any_thread_calls(scenario_, Operation::MemCgroupMoveParent)) {
    return;
  }
  explore::Execution& x = execution_of(system_);
  int mapped = 0;
  for (mm::folio& page : system_.folios) {
    page.memcg_data = Cell<std::uint8_t>(
        x, 0, {.format = "{}.memcg", .args = {mm::arg(page)}, .value = trace::format_decimal});
    mapped += page.mapcount.peek() >= 0 ? 1 : 0;
  }
  for (mm::thread& thread : system_.threads) thread.rcu = kernel::rcu_reader(x);
  for (unsigned id = 0; id < system_.memcgs.capacity(); ++id) {
    mm::mem_cgroup& memcg = system_.memcgs.emplace_back();
    memcg.id = id;
    memcg.nr_mapped = Cell<int>(x, id == 0 ? mapped : 0,
                                {.format = "memcg{}.nr_mapped",
                                 .args = {machine::arg(std::uint64_t{id})},
                                 .value = mm::format_signed});
    memcg.moving_account = Cell<int>(x, 0, quiet("moving_account"));
    memcg.move_lock = {x, kernel::LockClass::move_lock, quiet("move_lock")};
  }
}

}  // namespace mmcheck::workload

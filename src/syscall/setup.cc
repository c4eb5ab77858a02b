// SPDX-License-Identifier: Apache-2.0
// The machine before the first step: as much of everything as there is room for.
#include <algorithm>
#include <string>

#include "mm/folio.h"
#include "syscall/kernel_impl.h"

namespace mmcheck::syscall {

namespace {

/// The name of an object whose changes no counterexample shows.
trace::ObjectText quiet(std::string_view name) { return {.format = name}; }

// Linux's sizes. linux v6.12 include/asm-generic/tlb.h: MMU_GATHER_BUNDLE, MAX_GATHER_BATCH,
// MAX_GATHER_BATCH_COUNT
constexpr unsigned kBundle = 8;
constexpr unsigned kBatch = 510;
constexpr unsigned kBatches = 19;
constexpr unsigned kPtrsPerPte = 512;

unsigned nr_vmas(const Room& room) { return room.vmas * room.processes; }
unsigned nr_open_files(const Room& room) { return 4 * room.files + 4; }

/// Contents of many executions: about 300 MB.
constexpr std::size_t kBlocksMax = std::size_t{1} << 21;

void check(const Room& room) {
  const auto refuse = [](const std::string& what, unsigned is, unsigned max) {
    throw InputError("too large for the model: " + std::to_string(is) + " " + what + ", and " +
                     std::to_string(max) + " at most");
  };
  if (room.threads > machine::kCpusMax)
    refuse("threads at a time", room.threads, machine::kCpusMax);
  if (room.processes > mm::kMmsMax) refuse("processes at a time", room.processes, mm::kMmsMax);
  // About: each entry has a word for itself and one for each TLB, each frame a dozen.
  const std::uint64_t words = std::uint64_t{room.pages} * room.processes * (room.threads + 1) +
                              std::uint64_t{room.frames} * 12 +
                              std::uint64_t{room.files} * room.file_pages * 2 +
                              std::uint64_t{nr_vmas(room)} * 6 + room.pipes + 1000;
  if (words <= explore::kObjectsMaxOfAll) return;
  throw InputError("too large for the model: " + std::to_string(room.pages) +
                   " pages of addresses in each of " + std::to_string(room.processes) +
                   " processes, " + std::to_string(room.frames) + " frames and " +
                   std::to_string(room.file_pages) + " pages of each of " +
                   std::to_string(room.files) + " files");
}

mm::SystemLimits limits_of(const Room& room) {
  check(room);
  return {.folios = room.frames,
          .files = room.files,
          .anon_vmas = nr_vmas(room) + 1,
          .mms = room.processes};
}

}  // namespace

Kernel::Impl::Impl(explore::Execution& execution, explore::Memory& memory, PageContents& contents,
                   rules::Monitors& monitors, const design::Design& design, const Room& room,
                   const Features& features)
    : room_(room),
      features_(features),
      contents_(contents),
      monitors_(monitors),
      system_(execution, memory, limits_of(room), *this),
      vfs_(execution, 0, quiet("vfs")),
      processes_lock_(execution, 0, quiet("processes")),
      inodes_(room.files),
      open_files_(nr_open_files(room)),
      pipes_(room.pipes),
      processes_(room.processes) {
  if (contents_.size() > kBlocksMax) contents_.clear();
  system_.monitor = &monitors_;
  system_.policies = design.policies;
  system_.file_operations = &fs::ext4();
  system_.page_bytes = this;
  system_.has_exit = features.exit;
  system_.has_oom = features.reap;
  system_.has_fork = features.fork;
  system_.has_protection = features.protection;
  system_.has_lazyfree = features.lazyfree;
  system_.has_vma_locks = design.policies->vma_lock.fault == mm::FaultLock::Vma;
  system_.truncates = features.truncate;
  system_.gather_bundle = kBundle;
  system_.gather_batch_max = kBatch;
  system_.gather_batches_max = kBatches;
  system_.ptrs_per_table = kPtrsPerPte;
  monitors_.watch(system_);
  build_cpus();
  build_files();
  build_anon_vmas();
  for (unsigned process = 0; process < room.processes; ++process) build_process(process);
  for (machine::Cpu* cpu : system_.cpus) {
    system_.arch().start_cpu(*cpu, system_.kept, room.pages * room.processes);
  }
  build_threads();
  build_folios();
}

void Kernel::Impl::build_cpus() {
  for (unsigned cpu = 0; cpu < room_.threads; ++cpu) {
    system_.cpu_storage.emplace_back(system_.kept, static_cast<CpuId>(cpu), room_.threads,
                                     machine::Handlers::OfCpu);
    system_.cpus.push_back(&system_.cpu_storage.back());
  }
}

void Kernel::Impl::build_files() {
  explore::Execution& x = *system_.execution;
  for (unsigned file = 0; file < room_.files; ++file) {
    mm::address_space& mapping = system_.files.emplace_back();
    mapping.id = file;
    mapping.nr_pages = room_.file_pages;
    mapping.written_at = system_.kept.make_array<EventId>(mapping.nr_pages, kNoEvent);
    mapping.i_pages.reserve(mapping.nr_pages);
    mapping.blocks.reserve(mapping.nr_pages);
    mapping.i_mmap_rwsem = {x, kernel::LockClass::i_mmap_rwsem, quiet("i_mmap_rwsem")};
    mapping.i_mmap = {system_.kept, nr_vmas(room_)};
    mapping.has_size = true;
    mapping.i_size = {x, 0, {.format = "i_size", .value = trace::format_decimal}};
    mapping.i_rwsem = {x, kernel::LockClass::i_rwsem, quiet("i_rwsem")};
    for (unsigned index = 0; index < mapping.nr_pages; ++index) {
      mapping.i_pages.emplace_back(x, std::uint16_t{0}, quiet("i_pages"));
      mapping.blocks.emplace_back(x, std::uint64_t{0},
                                  trace::ObjectText{.format = "disk block {}",
                                                    .args = {machine::arg(std::uint64_t{index})},
                                                    .value = trace::format_decimal});
    }
  }
  for (OpenFile& file : open_files_) {
    file.f_count = {x, 0, quiet("f_count")};
    file.f_pos = {x, 0, quiet("f_pos")};
    file.f_pos_lock = {x, kernel::LockClass::f_pos_lock, quiet("f_pos_lock")};
  }
  for (Pipe& pipe : pipes_) pipe.readable = {x, false, quiet("pipe")};
}

void Kernel::Impl::build_anon_vmas() {
  explore::Execution& x = *system_.execution;
  for (unsigned id = 0; id < nr_vmas(room_) + 1; ++id) {
    mm::anon_vma& av = system_.anon_vmas.emplace_back(system_.kept);
    av.id = id;
    av.rwsem = {x, kernel::LockClass::anon_vma, quiet("anon_vma.rwsem")};
    av.refcount = {x, 0, quiet("anon_vma.refcount")};
    av.freed = {x, false, {.format = "anon_vma.freed", .value = trace::format_flag}};
    av.tree = {system_.kept, nr_vmas(room_)};
  }
}

void Kernel::Impl::build_process(unsigned process) {
  explore::Execution& x = *system_.execution;
  mm::mm_struct& mm = system_.mms.emplace_back();
  mm.id = process;
  mm.base = kUserBase;
  mm.mmap_lock = {x, kernel::LockClass::mmap_lock, quiet("mmap_lock")};
  for (unsigned cpu = 0; cpu < room_.threads; ++cpu) mm.cpumask.set(static_cast<CpuId>(cpu));
  mm.running = {x, process == 0 ? 1u : 0u, quiet("mm_cpumask")};
  mm.has_running = true;
  mm.mm_users = {x, process == 0 ? 1 : 0, quiet("mm_users")};
  mm.tlb_flush_pending = {x, 0, quiet("tlb_flush_pending")};
  mm.tlb_flush_batched = {x, 0, quiet("tlb_flush_batched")};
  if (system_.policies->generations != nullptr) {
    mm.tlb_gen_pending = {x, 0, quiet("pending generation")};
    mm.tlb_gen_completed = {x, 0, quiet("completed generation")};
  }
  mm.exiting = {x, false, quiet("exiting")};
  if (features_.reap) {
    mm.unstable = {x, false, quiet("MMF_UNSTABLE")};
    mm.oom_skip = {x, false, quiet("MMF_OOM_SKIP")};
  }
  if (features_.fork) {
    mm.birth = {x, mm::Birth::Awaited, quiet("birth")};
    mm.born_at = &system_.kept.make<EventId>(kNoEvent);
  }
  mm.vmas = {system_.kept, room_.vmas};
  for (unsigned i = 0; i < room_.vmas; ++i) {
    mm::vm_area_struct& vma = mm.vmas.push_back({});
    vma.anon_ready = {x, false, quiet("anon_vma")};
    if (features_.protection) vma.vm_flags = {x, mm::vm_flags_t{}, quiet("vm_flags")};
  }
  if (system_.has_vma_locks) build_vma_locks(mm);
  build_entries(mm);
  processes_[process].state = {x, process == 0 ? ProcessState::Alive : ProcessState::Free,
                               quiet("process")};
}

void Kernel::Impl::build_vma_locks(mm::mm_struct& mm) {
  explore::Execution& x = *system_.execution;
  mm.mm_lock_seq = {x, 1, quiet("mm_lock_seq")};
  mm.mm_mt = {x, 0, quiet("mm_mt")};
  mm.vma_locks.reserve(room_.vmas);
  for (unsigned i = 0; i < room_.vmas; ++i) {
    mm::vma_lock& lock = mm.vma_locks.emplace_back();
    lock.rwsem = {x, kernel::LockClass::vma_lock, quiet("vm_lock")};
    lock.seq = {x, 0, quiet("vm_lock_seq")};
    lock.detached = {x, false, quiet("detached")};
  }
}

void Kernel::Impl::build_entries(mm::mm_struct& mm) {
  explore::Execution& x = *system_.execution;
  mm.ptes.reserve(room_.pages);
  mm.tables.reserve((room_.pages + kPtrsPerPte - 1) / kPtrsPerPte);
  for (unsigned page = 0; page < room_.pages; ++page) {
    if (page % kPtrsPerPte == 0) {
      mm::page_table& table = mm.tables.emplace_back();
      table.pmd = machine::pmd_t(x, false, quiet("pmd"));
      table.ptl = {x, kernel::LockClass::ptl, quiet("ptl")};
      if (system_.policies->generations != nullptr) table.tlb_gen = {x, 0, quiet("table.tlb_gen")};
      table.first_page = page;
      table.end_page = std::min(page + kPtrsPerPte, room_.pages);
    }
    machine::PteSlot& slot =
        mm.ptes.emplace_back(system_.kept, *system_.memory, *system_.monitor, mm.va_of(page), mm.id,
                             mm.cpumask, mm.tables.back().pmd, machine::pte_t{});
    slot.count_running(mm.running);
    if (system_.arch().splits_entries()) slot.split();
  }
  mm.context.entries = {mm.ptes.data(), mm.ptes.size()};
}

void Kernel::Impl::build_threads() {
  explore::Execution& x = *system_.execution;
  system_.threads = {system_.kept, room_.threads};
  for (unsigned number = 0; number < room_.threads; ++number) {
    mm::thread& thread = system_.threads.push_back({});
    thread.execution = &x;
    thread.cpu = system_.cpus[number];
    thread.monitor = system_.monitor;
    thread.system = &system_;
    if (number == 0) thread.mm = &system_.mms[0];
    thread.zapped_at = system_.kept.make_array<std::uint32_t>(room_.pages);
    thread.gathered = {system_.kept, room_.pages};
    started_.emplace_back(x, number == 0 ? 1u : 0u, quiet("started"));
  }
}

void Kernel::Impl::build_folios() {
  for (unsigned number = 0; number < room_.frames; ++number) {
    mm::folio& page =
        system_.folios.emplace_back(system_, static_cast<Pfn>(number), mm::folio_init{});
    mm::add_free_folio(system_.threads[number % room_.threads], page);
  }
  if (system_.policies->dirty_lock == mm::DirtyLock::None) return;
  while (system_.dirty_locks.size() < system_.dirty_locks.capacity()) {
    system_.dirty_locks.emplace_back(*system_.execution, kernel::LockClass::dirty_lock,
                                     quiet("dirty_lock"));
  }
}

void Kernel::Impl::start() {
  system_.memory->start(room_.threads);
  for (machine::Cpu* cpu : system_.cpus) {
    cpu->count_stores(*system_.memory);
    cpu->start_handlers(room_.threads);
  }
  if (!system_.execution->recording()) return;
  trace::Names& names = system_.execution->names();
  for (unsigned process = 0; process < room_.processes; ++process) {
    names.set(trace::NameSpace::Process, process, "process " + std::to_string(process));
  }
  for (unsigned file = 0; file < room_.files; ++file) {
    names.set(trace::NameSpace::File, file, "file " + std::to_string(file));
  }
}

void Kernel::Impl::finished() { monitors_.check_final_state(); }

void Kernel::Impl::exhausted(mm::Resource resource) {
  Room room = room_;
  switch (resource) {
    case mm::Resource::Frames:
      room.frames *= 2;
      break;
    case mm::Resource::Vmas:
      room.vmas *= 2;
      break;
    case mm::Resource::Pages:
      room.pages *= 2;
      break;
  }
  need(room);
}

}  // namespace mmcheck::syscall

// SPDX-License-Identifier: Apache-2.0
// Memory that the guest has mapped, and processes: where the model's kernel is the guest's.
#include <signal.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/error.h"
#include "guest/runtime.h"

namespace mmcheck::guest {

using syscall::Fault;
using syscall::Kernel;

namespace {

/// Turns of a sleeper, in which others may make steps: one for a millisecond.
constexpr std::uint64_t kNapMax = 60'000;

std::string signal_name(Fault fault) { return fault == Fault::Sigbus ? "SIGBUS" : "SIGSEGV"; }

}  // namespace

/// Where the model's addresses are the machine's: what an instruction loads is put there before,
/// and what it has stored is taken from there after it.
void Runtime::reserve_window() {
  const std::size_t bytes = room_.pages * std::size_t{4096};
  if (bytes <= window_bytes_) return;
  void* at = reinterpret_cast<void*>(Kernel::kUserBase);
  void* got = ::mmap(at, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  if (got != at) throw std::system_error(errno, std::generic_category(), "mmap");
  window_bytes_ = bytes;
}

void Runtime::make_room(const syscall::OutOfRoom& wanted) {
  room_ = wanted.needed;
  features_ = wanted.features;
  nr_threads_ = std::max(nr_threads_, room_.threads);
}

void Runtime::setup_kernel() {
  room_.threads = nr_threads_;
  reserve_window();
  contents_.clear();
  kernel_.reset();
  monitors_.watch_only(options_.fail_on.empty() ? rules::RuleSet::all() : rules::RuleSet{});
  kernel_.emplace(*execution_, memory_, contents_, monitors_, *options_.design, room_, features_);
  images_.reset([this](unsigned process) { return memory_of(process); });
}

ProcessMemory::Spans Runtime::memory_of(unsigned process) {
  ProcessMemory::Spans spans = {module_.data(), {tls_.data(), tls_.size()}};
  if (heaps_differ_) heap_.list_memory(spans);
  for (unsigned i = 0; i < nr_created_; ++i) {
    const Thread& thread = threads_[i];
    const bool alive = execution_->peek(thread.life) == kRuns && thread.parked == Parked::No;
    if (thread.process != process || !alive || !thread.stack_is_shared) continue;
    const auto begin = reinterpret_cast<std::uintptr_t>(
        execution_->stack_pointer(ThreadId{static_cast<std::uint8_t>(i)}));
    if (begin == 0 || begin >= thread.stack_top) continue;
    spans.emplace_back(reinterpret_cast<std::byte*>(begin), thread.stack_top + 16 - begin);
  }
  return spans;
}

/// Until one of them changes it, processes that fork() made have the same heap.
void Runtime::heaps_become_different() {
  heaps_differ_ = true;
  ProcessMemory::Spans spans;
  heap_.list_memory(spans);
  images_.add_to_others(spans);
}

void Runtime::resumes(unsigned thread) {
  if (kernel_) images_.switch_to(threads_[thread].process);
}

void Runtime::split(unsigned thread, unsigned twin) {
  static_cast<void>(thread);
  images_.copy_to(threads_[twin].process);
}

// --- mapped memory
// --------------------------------------------------------------------------------

void Runtime::judge_fault(Fault fault, std::uintptr_t address, Place place) {
  if (fault == Fault::Killed) park(Parked::Gone, place);
  if (handle_signal(fault == Fault::Sigbus ? SIGBUS : SIGSEGV, address, place)) return;
  const auto what = [&] {
    const auto page = (address - Kernel::kUserBase) / 4096;
    return where(place.code) + ": " + me().name + " gets " + signal_name(fault) + " at page " +
           std::to_string(page) + " of what it has mapped";
  };
  violate("R-SIGNAL", what, "a program uses only memory that is mapped, and as it is mapped");
}

void Runtime::user_load(std::uintptr_t address, std::size_t bytes, Place place) {
  effect();
  auto* window = reinterpret_cast<std::byte*>(address);
  make_access(address, place, [&] { return kernel_->load(self(), address, {window, bytes}); });
  note_place(place);
}

/// The kernel has made the step; this says which line it was for.
void Runtime::note_place(Place place) {
  me().nr_busy = me().nr_handled = 0;
  if (execution_->recording()) execution_->note(text(place));
}

void Runtime::user_store(std::uintptr_t address, std::size_t bytes, Place place) {
  effect();
  make_access(address, place,
              [&] { return kernel_->begin_store(self(), address, static_cast<unsigned>(bytes)); });
  note_place(place);
  me().pending = {.address = address, .bytes = bytes, .user = true};
}

void Runtime::finish_user_store(const PendingStore& store) {
  kernel_->finish_store(self(), {reinterpret_cast<const std::byte*>(store.address), store.bytes});
}

ScratchBytes Runtime::take_bytes(const void* memory, std::size_t bytes, Place place) {
  ScratchBytes taken(bytes);
  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  if (is_user(address)) {
    finish_store();
    make_access(address, place, [&] { return kernel_->load(self(), address, taken); });
  } else {
    load_range(memory, bytes, place);
    std::memcpy(taken.data(), memory, bytes);
  }
  return taken;
}

void Runtime::put_bytes(void* memory, std::span<const std::byte> bytes, Place place) {
  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  if (is_user(address)) {
    finish_store();
    make_access(address, place, [&] { return kernel_->store(self(), address, bytes); });
  } else {
    store_range(memory, bytes.size(), place);
    std::memcpy(memory, bytes.data(), bytes.size());
  }
}

void Runtime::step_of_proc_files(const trace::StepText& text) {
  finish_store();
  effect();
  execution_->step(text);
  execution_->touch(opened_, explore::Access::Write);
  stop_if_killed();
}

// --- processes
// ------------------------------------------------------------------------------------

std::int64_t Runtime::fork(Place place) {
  finish_store();
  effect();
  step(place);  // Numbers of threads and processes are given in an order.
  execution_->write(creation_, nr_created_);
  const unsigned twin = take_free_thread();
  const std::int64_t process = kernel_->fork(self(), twin);
  if (process < 0) return process;
  const auto number = static_cast<unsigned>(process);
  killed_.reset(number);
  proc_files_.copy(me().process, number);
  signals_.copy(me().process, number);
  parents_[number] = me().process;
  Thread& child = threads_[twin];
  child.waited_for = false;
  child.parked = Parked::No;
  child.in_handler = me().in_handler;
  child.process = static_cast<unsigned>(process);
  child.stack_top = me().stack_top;
  child.stack_is_shared = me().stack_is_shared = true;
  forked_ = true;
  execution_->write(child.life, kRuns);
  const trace::StepText step_text = text(place);
  const bool is_child =
      execution_->step_as_two(ThreadId{static_cast<std::uint8_t>(twin)},
                              {.object = child.life, .expected = kRuns}, step_text);
  return is_child ? 0 : kFirstPid + process;
}

std::int64_t Runtime::kill(std::int64_t pid, int signal, Place place) {
  finish_store();
  effect();
  const std::int64_t process = process_of_pid(pid);
  if (process < 0) return -ESRCH;
  if (signal == 0) return 0;
  if (process == me().process && handle_signal(signal, 0, place)) return 0;
  killed_.set(static_cast<unsigned>(process));
  return kernel_->kill(self(), static_cast<unsigned>(process), signal);
}

std::int64_t Runtime::wait_for(std::int64_t pid, int& status) {
  finish_store();
  effect();
  std::int64_t process = pid - kFirstPid;
  if (pid == -1) {
    process = -1;
    for (unsigned i = 0; i < nr_created_ && process < 0; ++i) {
      const unsigned other = threads_[i].process;
      const bool is_child = other != kNobody && other != 0 && parents_[other] == me().process;
      if (is_child && other != me().process && !threads_[i].waited_for) {
        process = threads_[i].process;
        threads_[i].waited_for = true;
      }
    }
  }
  if (process < 0 || process >= room_.processes) return -ECHILD;
  const std::int64_t found = kernel_->wait_process(self(), static_cast<unsigned>(process));
  if (found < 0) return found;
  release_threads(static_cast<unsigned>(process));
  status = static_cast<int>(found);
  return kFirstPid + process;
}

/// Processes that have been waited for are gone, so others can have their threads.
void Runtime::release_threads(unsigned process) {
  for (unsigned i = 1; i < nr_created_; ++i) {
    if (threads_[i].process != process || i == self()) continue;
    threads_[i].process = kNobody;
    free_threads_.push_back(i);
  }
}

unsigned Runtime::take_free_thread() {
  if (free_threads_.empty()) return take_thread();
  const unsigned thread = free_threads_.back();
  free_threads_.pop_back();
  return thread;
}

int Runtime::parent_pid() {
  const unsigned process = me().process;
  if (process == 0 || kernel_->process_of(0) == Kernel::kNoProcess) return 1;
  return static_cast<int>(kFirstPid + parents_[process]);
}

void Runtime::nap(std::uint64_t milliseconds, Place place) {
  if (!options_.endless) return;
  finish_store();
  effect();
  const std::uint64_t turns = std::clamp<std::uint64_t>(milliseconds, 1, kNapMax);
  const trace::StepText sleeps{.format = "sleeps", .detail = trace::Detail::Minor};
  static_cast<void>(place);
  for (std::uint64_t turn = 0; turn < turns; ++turn) {
    execution_->step(sleeps);
    stop_if_killed();
  }
}

void Runtime::stop_if_killed(std::int64_t result) {
  if (result == Kernel::kKilled) park(Parked::Gone, {});
}

void Runtime::stop_if_killed() {
  // In a complete search it is as if the thread were slow to take the signal, until it enters the
  // kernel: who kills, and who goes on, would have to be in conflict.
  if (!kernel_ || !options_.endless || !killed_[me().process]) return;
  kernel_->exit_thread(self());
  park(Parked::Gone, {});
}

}  // namespace mmcheck::guest

// SPDX-License-Identifier: Apache-2.0
// What a guest's compiled code calls, on behalf of one execution: accesses of memory, threads, and
// what they wait for. functions_*.cc give it to the guest under the names of the C library.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.h"
#include "explore/execution.h"
#include "explore/memory.h"
#include "guest/descriptors.h"
#include "guest/happens_before.h"
#include "guest/heap.h"
#include "guest/module.h"
#include "guest/process_memory.h"
#include "guest/scratch.h"
#include "guest/shadow.h"
#include "guest/signals.h"
#include "guest/symbols.h"
#include "rules/monitors.h"
#include "syscall/kernel.h"

namespace mmcheck::guest {

struct RuntimeOptions {
  explore::MemoryModel memory = explore::MemoryModel::Sc;
  bool races = true;      ///< a data race is a violation
  bool liveness = true;   ///< so is a deadlock, or a loop that waits for ever
  bool status = true;     ///< so is a status of exit() that is not 0
  bool waits = true;      ///< loops that wait are left alone until what they wait for comes
  bool endless = false;   ///< exit() ends the execution: nobody else goes on
  bool rewinds = true;    ///< steps may be taken back: see Compiled::owns_memory
  std::string fail_on{};  ///< what must not be printed; empty: nothing
  const design::Design* design = nullptr;  ///< of the kernel; nullptr: the guest needs none
};

/// Where the guest calls: the return address, and the frame of the function that it calls, behind
/// which its own stack begins.
struct Place {
  std::uintptr_t code = 0;
  std::uintptr_t frame = 0;
};

class Runtime {
 public:
  static constexpr unsigned kThreadsMax = HappensBefore::kThreadsMax;
  static constexpr std::size_t kStackBytes = 64 * 1024;  ///< of a thread: that of its fiber

  Runtime(Module& module, Symbols& symbols, const RuntimeOptions& options);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  /// The one whose execution this thread of the machine is making; nullptr while there is none.
  static Runtime* current();

  // --- an execution -----------------------------------------------------------------------------

  /// In Program::setup: all that the guest can see is as before main(). `arguments`: of main().
  void setup(explore::Execution& execution, const std::vector<std::string>& arguments);
  /// In Program::finished: judges what is left waiting. Returns whether all came to their end.
  bool finished();
  Shadow& shadow() { return shadow_; }
  unsigned nr_threads() const { return nr_threads_; }
  void set_threads(unsigned number) { nr_threads_ = number; }
  /// More is shared than this search knew: it must begin anew.
  bool grew() const { return shadow_.grew() || wants_threads_; }
  /// Of the program's global variables as they are.
  std::uint64_t hash_of_variables() const;
  std::string_view output() const { return {output_.data(), output_bytes_}; }
  explore::Execution& execution() { return *execution_; }
  bool foreseeable() const { return memory_.model() == explore::MemoryModel::Sc; }

  // --- memory: called by the guest's threads ----------------------------------------------------

  void load(std::uintptr_t address, std::size_t bytes, Place place, bool is_volatile = false);
  /// Before the instruction that stores. What it has stored is found at the next call.
  void store(std::uintptr_t address, std::size_t bytes, Place place, bool is_volatile = false);
  /// An object of the C library's, before it is looked at.
  void check_object(const void* object, std::size_t bytes, Place place) {
    const auto address = reinterpret_cast<std::uintptr_t>(object);
    check_address(address, bytes, Access::Store, place);
    if (shadow_.find(address) == nullptr && !is_user(address)) wild(address, Access::Store, place);
  }
  /// The first byte of what need not be the guest's: a literal, or what the C library has.
  void check_readable(const void* object, Place place) {
    check_address(reinterpret_cast<std::uintptr_t>(object), 1, Access::Load, place);
  }
  bool has_kernel() const { return kernel_.has_value(); }
  /// Of the C library's functions, which the compiler does not divide into instructions.
  void load_range(const void* memory, std::size_t bytes, Place place);
  void store_range(void* memory, std::size_t bytes, Place place);

  std::uint64_t atomic_load(std::uintptr_t address, unsigned bytes, MemoryOrder order, Place place);
  void atomic_store(std::uintptr_t address, unsigned bytes, std::uint64_t value, MemoryOrder order,
                    Place place);
  /// Replaces the value by `change(old)`; returns the old one.
  template <typename Change>
  std::uint64_t atomic_update(std::uintptr_t address, unsigned bytes, MemoryOrder order,
                              Place place, Change change) {
    if (is_user(address)) {
      finish_store();
      effect();
      return user_update(address, bytes, place, change);
    }
    const Atomic target = begin_atomic(address, bytes, place);
    if (!target.shared) {
      const std::uint64_t old = native(address, bytes);
      busy(place);
      if (change(old) != old) effect();
      about_to_write(address, bytes);
      set_native(address, bytes, change(old));
      return old;
    }
    turn(place);
    if (target.nr_units > 1) return update_parts(target, place, order, change);
    const std::uint64_t old = update_whole(target, place, change);
    updated(target, old, change(old), order, place);
    return old;
  }
  bool compare_exchange(std::uintptr_t address, unsigned bytes, std::uint64_t& expected,
                        std::uint64_t desired, MemoryOrder success, MemoryOrder failure,
                        Place place);
  void fence(MemoryOrder order, Place place);

  // --- threads ----------------------------------------------------------------------------------

  using Start = void* (*)(void*);
  /// Returns the number of the new thread.
  unsigned create(Start start, void* argument, Place place);
  void* join(unsigned thread, Place place);
  [[noreturn]] void exit_thread(void* result);
  [[noreturn]] void exit_process(int status, Place place);
  unsigned self() const;
  /// The calling thread goes no further: the execution is one that need not be looked at.
  [[noreturn]] void assume_false(Place place);

  // --- words that threads wait on: locks and the like, in the guest's own memory, where no
  // instruction of it stores to. Each call is one step.

  struct Word {
    std::uintptr_t address = 0;
    unsigned bytes = 4;  ///< 4 or 8, aligned
  };
  struct Wait {
    std::uint64_t mask = 0;  ///< 0: does not wait
    std::uint64_t expected = 0;
    bool negated = false;
  };
  /// Waits until (word & mask) == expected, or != if negated; then replaces it by `change(word)`.
  /// Returns what it was.
  template <typename Change>
  std::uint64_t update_word(const Word& word, const Wait& wait, Place place, Change change) {
    const Atomic target = begin_wait(word, wait, place);
    const std::uint64_t old = native(word.address, word.bytes);
    end_wait(target, old, change(old));
    return old;
  }
  /// Another word that the same step changes.
  template <typename Change>
  void update_word_too(const Word& word, Place place, Change change) {
    const Atomic target = find_word(word);
    if (target.shared && !word_in_step_) step(place);  // The other one was its own.
    const std::uint64_t old = native(word.address, word.bytes);
    end_wait(target, old, change(old));
  }
  /// Chooses one of the bits that `choices(word)` has, in a step; 64 if it has none.
  unsigned choose_bit(const Word& word, std::uint64_t mask, Place place);

  // --- the model's kernel ------------------------------------------------------------------------

  /// For a system call of the calling thread.
  syscall::Kernel& kernel() {
    finish_store();
    effect();
    me().nr_busy = 0;
    return kernel_.value();
  }
  bool is_user(std::uintptr_t address) const { return kernel_ && kernel_->is_user(address); }
  /// There was too little room for the guest: from the next execution on there is more.
  void make_room(const syscall::OutOfRoom& wanted);
  rules::Monitors& monitors() { return monitors_; }
  /// What a system call is given, and what it gives: memory of whatever kind.
  ScratchBytes take_bytes(const void* memory, std::size_t bytes, Place place);
  void put_bytes(void* memory, std::span<const std::byte> bytes, Place place);
  /// These return -errno where they fail. Numbers of processes are pids for guests.
  std::int64_t fork(Place place);
  std::int64_t kill(std::int64_t pid, int signal, Place place);
  std::int64_t wait_for(std::int64_t pid, int& status);
  int pid() { return static_cast<int>(kFirstPid + me().process); }
  int parent_pid();
  unsigned process() { return me().process; }
  /// Or -1: there is no such process.
  std::int64_t process_of_pid(std::int64_t pid) const {
    const std::int64_t process = pid - kFirstPid;
    return process >= 0 && process < room_.processes ? process : -1;
  }
  ProcFiles& proc_files() { return proc_files_; }
  /// A step in which a file of /proc is opened or closed, or its position moves on: in an order.
  void step_of_proc_files(const trace::StepText& text);
  Signals& signals() { return signals_; }
  bool in_handler() { return me().in_handler; }
  void leave_handler(bool outer) { me().in_handler = outer; }
  /// Runs the calling process's handler, or what else it has asked for. Returns whether it has.
  /// `address`: of a fault; else 0.
  bool handle_signal(int signal, std::uintptr_t address, Place place);
  /// Sleeps, in virtual time: others make steps meanwhile, if executions are sampled.
  void nap(std::uint64_t milliseconds, Place place);
  /// `result` is of a system call: if it says so, the thread goes no further.
  void stop_if_killed(std::int64_t result);
  // See explore::Program.
  void resumes(unsigned thread);
  void split(unsigned thread, unsigned twin);

  // --- verdicts ---------------------------------------------------------------------------------

  /// Breaks a rule; does not return. `rule` and `why` are literals. The thread's stack is
  /// abandoned, and what is on it is never destroyed: so `what` makes the text where nothing of it
  /// is left behind, and what its callers own is of scratch.h.
  [[noreturn]] void violate(std::string_view rule, FunctionRef<std::string()> what,
                            std::string_view why);
  /// For crash.cc: an instruction of the guest's could not be made. It is reported on a stack that
  /// has room.
  bool runs_guest(std::uintptr_t stack) const;
  std::uintptr_t crash_stack(std::uintptr_t stack);
  [[noreturn]] void crashed(std::uintptr_t code, std::uintptr_t address);
  [[noreturn]] void unsupported(const std::string& what, Place place);
  void write_out(std::string_view text);
  Scratch& scratch() { return scratch_; }

  // --- what belongs to a thread or the process, and is put back with steps
  // -------------------------

  template <typename T>
  void set(T& target, const T& value) {
    execution_->save(&target, sizeof target);
    target = value;
  }
  void* tls(std::size_t offset);
  int& error_number() { return threads_[self()].error_number; }
  /// To allocate or free.
  Heap& heap() {
    if (forked_ && !heaps_differ_) heaps_become_different();
    return heap_;
  }
  std::string where(std::uintptr_t code) const { return symbols_.place(code); }
  /// The thread uses memory that is its own: no step. Loops of that must come to an end, too.
  void busy(Place place);
  /// Not a load: a loop that comes here does not only wait.
  void effect();
  /// A number of the thread's own: counts up.
  std::uint64_t next_tick();

  static constexpr unsigned kKeysMax = 32;
  struct Keys {
    unsigned used = 0;
    std::array<std::array<void*, kKeysMax>, kThreadsMax> values{};
  };
  Keys& keys() { return keys_; }

 private:
  static constexpr unsigned kFirstStack = 2;  ///< region: after the module's and the heap's

  enum class Parked : std::uint8_t { No, Assumed, Waits, Blocked, Gone };
  enum Life : std::uint64_t { kUnborn, kRuns, kEnded };

  /// A store whose instruction has not been made yet.
  struct PendingStore {
    std::uintptr_t address = 0;
    std::size_t bytes = 0;  ///< 0: there is none
    bool user = false;      ///< to mapped memory
  };
  /// A load of a loop that has had no effect since.
  struct Turn {
    std::uintptr_t code = 0;
    std::uint64_t hash = 0;
    unsigned first_read = 0;  ///< position in Thread::reads
  };
  struct Read {
    std::uint16_t unit = 0;
    std::uint64_t value = 0;
  };
  static constexpr unsigned kTurnsMax = 24;
  struct Thread {
    Runtime* runtime = nullptr;
    unsigned number = 0;
    unsigned process = 0;
    bool waited_for = false;
    std::uint64_t ticks = 0;       ///< of its clock, and of its random numbers
    bool stack_is_shared = false;  ///< with a thread of another process, which fork() made
    Start start = nullptr;
    void* argument = nullptr;
    void* result = nullptr;
    std::uintptr_t stack_top = 0;
    PendingStore pending{};
    Parked parked = Parked::No;
    std::uintptr_t parked_at = 0;
    unsigned waits_since = 0;  ///< position in reads: what it waits for
    int error_number = 0;
    bool in_handler = false;
    unsigned nr_handled = 0;  ///< signals, since an access was made
    unsigned nr_busy = 0;     ///< uses of its own memory since its last step
    unsigned nr_turns = 0;
    unsigned nr_reads = 0;
    std::array<Turn, kTurnsMax> turns{};
    std::array<Read, kTurnsMax> reads{};
    ObjectId life{};
    std::string name{};
  };

  /// An object that an atomic access, or a wait, is about.
  struct Atomic {
    bool shared = false;
    ObjectId word{};
    std::uint16_t unit = 0;
    unsigned nr_units = 0;  ///< more than 1 where parts of the object are used otherwise
    std::uint64_t mask = 0;
    std::uintptr_t address = 0;
    unsigned bytes = 0;
  };

  static void run_thread(void* context);
  void run_main();
  void end_thread(Thread& thread, void* result);
  [[noreturn]] void park(Parked parked, Place place);
  Thread& me() { return threads_[self()]; }

  static constexpr std::int64_t kFirstPid = 1000;
  static constexpr unsigned kNobody = ~0u;  ///< process of a thread that is none

  void reserve_window();
  void setup_kernel();
  ProcessMemory::Spans memory_of(unsigned process);
  /// Returns only if a handler of the guest's has run: the access is to be made again.
  void judge_fault(syscall::Fault fault, std::uintptr_t address, Place place);
  template <typename Access>
  void make_access(std::uintptr_t address, Place place, Access access) {
    while (true) {
      const syscall::Fault fault = access();
      if (fault == syscall::Fault::None) return;
      judge_fault(fault, address, place);
    }
  }
  void user_load(std::uintptr_t address, std::size_t bytes, Place place);
  void user_store(std::uintptr_t address, std::size_t bytes, Place place);
  void note_place(Place place);
  void finish_user_store(const PendingStore& store);
  template <typename Change>
  std::uint64_t user_update(std::uintptr_t address, unsigned bytes, Place place, Change change) {
    std::uint64_t old = 0;
    make_access(address, place,
                [&] { return kernel_->update(self(), address, bytes, old, change); });
    return old;
  }
  void stop_if_killed();
  void heaps_become_different();
  unsigned take_thread();
  unsigned take_free_thread();
  void release_threads(unsigned process);

  trace::StepText text(Place place);
  void step(Place place);
  void name_place(std::uintptr_t code);
  void name_unit(unsigned unit);
  ObjectId word_of(unsigned unit) const;
  void check_words();

  void finish_store();
  void check_address(std::uintptr_t address, std::size_t bytes, Access access, Place place);
  [[noreturn]] void wild(std::uintptr_t address, Access access, Place place);
  bool is_own_stack(std::uintptr_t address);
  /// Marks what is used; calls `shared(first unit, count)` for each granule that is shared.
  template <typename Shared>
  void for_each_shared(std::uintptr_t address, std::size_t bytes, Shared shared);
  bool any_shared(std::uintptr_t address, std::size_t bytes);
  void note_access(unsigned unit, Access access, bool atomic, Place place);
  [[noreturn]] void race(unsigned unit, Access access, Place place,
                         const HappensBefore::Race& other);
  /// Before a load that may be the turn of a loop.
  void turn(Place place);
  void remember_read(unsigned unit);
  std::uint64_t state_of_thread(const Thread& thread, const Place& place) const;

  /// Of a shared object that is one word: a step. Without store buffers what is in memory counts,
  /// and the word only says who comes after whom: the compiler stores parameters without a call.
  template <typename Change>
  std::uint64_t update_whole(const Atomic& target, Place place, Change change) {
    if (has_buffers()) return memory_.update(target.word, change, text(place));
    step(place);
    const std::uint64_t old = native(target.address, target.bytes);
    execution_->read_last(target.word);
    execution_->write(target.word, change(old));
    return old;
  }
  bool has_buffers() const { return memory_.model() == explore::MemoryModel::Tso; }
  /// The same for an object of which parts are used otherwise.
  template <typename Change>
  std::uint64_t update_parts(const Atomic& target, Place place, MemoryOrder order, Change change) {
    begin_parts(target, place);
    const std::uint64_t old = native(target.address, target.bytes);
    end_parts(target, old, change(old), order, place);
    return old;
  }
  std::uint64_t compare_whole(const Atomic& target, std::uint64_t wanted, std::uint64_t desired,
                              Place place);
  void begin_parts(const Atomic& target, Place place);
  void end_parts(const Atomic& target, std::uint64_t old, std::uint64_t value, MemoryOrder order,
                 Place place);
  Atomic begin_atomic(std::uintptr_t address, unsigned bytes, Place place);
  Atomic find_word(const Word& word);
  Atomic begin_wait(const Word& word, const Wait& wait, Place place);
  void end_wait(const Atomic& target, std::uint64_t old, std::uint64_t value);
  void updated(const Atomic& target, std::uint64_t old, std::uint64_t value, MemoryOrder order,
               Place place);

  static std::uint64_t native(std::uintptr_t address, unsigned bytes);
  static void set_native(std::uintptr_t address, unsigned bytes, std::uint64_t value);
  void about_to_write(std::uintptr_t address, std::size_t bytes) {
    if (forked_ && !heaps_differ_ && heap_.holds(address)) heaps_become_different();
    execution_->save(reinterpret_cast<void*>(address), bytes);
  }

  bool anybody_cut_short() const;
  bool everybody_ended() const;
  void judge_blocked();
  bool waits_for_ever(const Thread& thread) const;

  Module& module_;
  Symbols& symbols_;
  RuntimeOptions options_;
  Scratch scratch_;
  explore::Memory memory_;
  explore::Execution* execution_ = nullptr;
  Shadow shadow_;
  Heap heap_;
  HappensBefore order_;
  std::vector<std::byte> tls_;
  std::array<Thread, kThreadsMax> threads_;
  unsigned nr_threads_ = 1;  ///< there is room for
  unsigned nr_created_ = 1;
  bool wants_threads_ = false;
  syscall::Room room_;
  syscall::Features features_;
  syscall::PageContents contents_;
  rules::Monitors monitors_;
  std::optional<syscall::Kernel> kernel_;
  ProcessMemory images_;
  std::size_t window_bytes_ = 0;
  bool word_in_step_ = false;  ///< the last use of a word to wait on was a step
  std::bitset<64> killed_;     ///< processes
  bool process_gone_ = false;  ///< the first one: main() has returned, or exit() was called
  bool forked_ = false;
  bool heaps_differ_ = false;  ///< of processes
  ObjectId never_{};
  ObjectId printed_{};
  ObjectId creation_{};    ///< numbers are given to threads in an order
  ObjectId opened_{};      ///< and to files of /proc
  ObjectId first_word_{};  ///< of unit 0
  unsigned nr_words_ = 0;
  std::vector<char*> arguments_;
  std::vector<std::string> argument_texts_;
  std::string output_;
  std::size_t output_bytes_ = 0;
  Keys keys_;
  ProcFiles proc_files_;
  Signals signals_;
  std::array<unsigned, kThreadsMax> parents_{};  ///< of processes
  std::vector<unsigned> free_threads_;  ///< of processes that are gone, and have been waited for
  std::string verdict_;                 ///< outlives the execution
};

}  // namespace mmcheck::guest

// SPDX-License-Identifier: Apache-2.0
// The machinery below the strategies: runs one execution step by step, as it is told.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "explore/class_hash.h"
#include "explore/execution.h"
#include "explore/fiber.h"
#include "explore/recorder.h"
#include "explore/rewinder.h"
#include "explore/step_coverage.h"
#include "explore/trace_log.h"

namespace mmcheck::explore {

struct EngineOptions {
  bool logging = true;             ///< keep a TraceLog of the steps
  bool real_time = false;          ///< Execution::ordered_before is always true
  bool reordering_covers = false;  ///< Execution::covered_by_reordering tells the truth
  bool nameless = false;           ///< Execution::current_event tells nothing: see search_stateful
  bool recording = false;
  bool rewinding = false;  ///< take steps back if the program allows it; needs the log
  std::uint64_t steps_max = 10'000;
  unsigned objects_max = 0;          ///< of any program, if more than Program::objects_max()
  StepCoverage* coverage = nullptr;  ///< told of each step that is entered into the log
};

/// A violation as it was reported.
struct Reported {
  trace::Violation violation;
  EventId reporter = kNoEvent;  ///< the step that reported it, else the last step
  bool ended_by_step = false;   ///< the reporting step ended the execution
};

/// Unwinds a handler that has reported a violation: it runs on the scheduler's own stack, which
/// cannot be abandoned as a fiber's can.
struct ViolationInHandler {};

/// How an execution came to its end.
enum class Ending : std::uint8_t { Complete, Violated };

class Engine {
 public:
  Engine(Program& program, const EngineOptions& options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // --- one execution: begin(), then run() while something is enabled, then conclude() ------------

  /// Sets the program up and runs each thread to its first step. Keeps the log.
  void begin();
  /// Goes back to the state before step `nr_steps` of the execution in the log, and forgets what
  /// came after it. Takes steps back if it can, else runs the program again.
  void back_to(std::uint32_t nr_steps);
  /// The threads that can make a step now, as a set of bits.
  std::uint32_t enabled() const;
  /// Whether the thread's next step has alternatives; others have only the label 0.
  bool has_alternatives(unsigned thread) const {
    return threads_[thread].pending == Pending::Choice;
  }
  unsigned list(unsigned thread, std::span<std::uint64_t, Alternatives::kMax> out);
  /// One step of an enabled thread. Rethrows what the thread throws.
  void run(unsigned thread, std::uint64_t label);
  /// Nothing is enabled, the limit of steps is reached, or a rule is broken: judges the end.
  Ending conclude();

  const Program& program() const { return program_; }
  bool violated() const { return reported_.has_value(); }
  const std::optional<Reported>& reported() const { return reported_; }
  std::uint64_t nr_steps_made() const { return nr_steps_made_; }  ///< since construction
  bool at_step_limit() const { return nr_steps_ >= options_.steps_max; }
  std::uint32_t nr_steps() const { return nr_steps_; }
  unsigned nr_threads() const { return nr_threads_; }
  unsigned nr_objects() const { return nr_objects_; }
  std::uint64_t outcome_hash() const { return outcome_hash_; }
  bool reached_finish() const { return reached_finish_; }
  std::uint64_t word(ObjectId object) const { return words_[to_index(object)]; }
  /// Threads, handlers among them, that have a step before them.
  std::uint32_t unfinished() const { return free_ | guarded_; }
  bool is_handler(unsigned thread) const { return threads_[thread].pending == Pending::Handler; }
  std::span<const Guard> guards(unsigned thread) const {
    return {threads_[thread].guard, threads_[thread].nr_guards};
  }
  /// As the thread has announced its next step, before arguments are filled in; empty if it has
  /// come to its end.
  std::string_view next_step(unsigned thread) const;
  unsigned steps_of(unsigned thread) const { return threads_[thread].nr_steps; }

  // --- the state, as far as what can follow depends on it
  // -----------------------------------------

  /// What a thread keeps to itself: where it stands, and its stack.
  ClassHash hash_of_thread(unsigned thread) const;
  /// Words, and memory that the program has named by Execution::keep().
  ClassHash hash_of_memory() const;
  /// The step that was just run may depend on more than the words that it used.
  bool asked_order() const { return asked_order_; }

  // --- the log of steps --------------------------------------------------------------------------

  /// Enters the step that was just run into the log.
  void append_step();
  bool keeps_log() const { return options_.logging; }
  TraceLog& log() { return log_; }
  const TraceLog& log() const { return log_; }

  Recorder& recorder() { return *recorder_; }

 private:
  friend class Execution;

  struct Thread : ThreadState {
    CpuId cpu{};
    ThreadFunction function = nullptr;
    void* context = nullptr;
    std::string_view name;
  };

  static void fiber_body(void* engine, unsigned thread);
  void announce(Pending pending, const trace::StepText& text);
  void start_threads();
  void resume(unsigned thread);
  void put_memory_in_place(unsigned thread);
  void split(unsigned thread, unsigned twin);
  void set_pending_bits(unsigned thread);
  void take_back(std::uint32_t nr_steps);
  void run_handler(Thread& thread);
  void reset_accesses();
  void enter_step(unsigned thread);
  void grow_accesses();
  void report(const trace::Violation& violation);
  void report_deadlock(std::uint32_t blocked);
  void report_no_progress();
  std::string deadlock_text(std::uint32_t blocked) const;
  bool ordered_before(EventId event);
  /// Of the current step: its accesses so far, each word once.
  std::span<const LoggedAccess> merge_step();
  /// Of the current step: what happens before it as far as it has come, itself not included.
  const Clock& step_clock();
  ThreadId add_thread(std::string_view name, CpuId cpu, ThreadFunction function, void* context);

  enum class Phase : std::uint8_t { Idle, Setup, Start, Running, Finish };

  Program& program_;
  EngineOptions options_;
  Execution execution_;
  Fibers fibers_;
  bool swaps_memory_;
  int twin_ = -1;  ///< of the thread that is being suspended: see Execution::step_as_two
  Guard twin_guard_{};
  Rewinder rewinder_;
  bool rewinding_;
  std::unique_ptr<std::uint64_t[]> words_;
  LoggedAccess* accesses_ = nullptr;      ///< of the current step
  std::vector<std::uint32_t> merged_at_;  ///< per object: its place among them, if it says so
  Thread threads_[kThreadsMax];
  trace::StepText handler_texts_[kThreadsMax];
  unsigned nr_threads_ = 0;
  unsigned nr_objects_ = 0;
  std::uint32_t nr_steps_ = 0;
  std::uint64_t nr_steps_made_ = 0;
  std::uint32_t free_ = 0;     ///< threads whose next step needs nothing
  std::uint32_t guarded_ = 0;  ///< threads whose next step has guards
  std::uint32_t handlers_ = 0;
  std::uint32_t daemons_ = 0;  ///< may stay blocked at the end; handlers among them
  unsigned current_ = 0;
  std::uint64_t label_ = 0;
  Phase phase_ = Phase::Idle;
  bool reached_finish_ = false;
  bool asked_order_ = false;
  bool step_chose_ = false;
  std::string_view step_text_;  ///< of the current step, if somebody asks for it
  Guard step_guards_[2];        ///< of the current step
  std::size_t nr_step_guards_ = 0;
  Clock clock_;                ///< of the current step, as far as joined
  std::size_t nr_joined_ = 0;  ///< accesses of the current step that clock_ includes
  bool clock_started_ = false;
  std::uint32_t step_event_ = 0;    ///< number of the current step
  unsigned step_predecessors_ = 0;  ///< how many steps its thread made before it
  std::uint64_t outcome_hash_ = 0;
  std::optional<Reported> reported_;
  std::string stuck_text_;  ///< what a deadlock's violation says; outlives the execution
  std::exception_ptr thrown_;
  TraceLog log_;
  std::unique_ptr<Recorder> recorder_;  ///< only while recording
};

}  // namespace mmcheck::explore

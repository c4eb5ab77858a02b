// SPDX-License-Identifier: Apache-2.0
// What a program under exploration sees of the explorer: threads, shared words, steps, choices.
//
// A program is a set of threads that share words. A thread runs freely until it announces its next
// step; the explorer decides which thread's step comes next. Inside a step the thread may access
// any number of shared words: a step is atomic. Memory is sequentially consistent.
//
// Two steps of different threads are dependent if they access one word in conflicting ways:
//
//              Read   Write  Commute
//     Read      -       x       x        "Commute" is for updates whose order nobody can tell
//     Write     x       x       x        (add, max, set-insertion), as long as they return nothing.
//     Commute   x       x       -
//
// All state that one thread can change and another can see must be in words. State that a lock
// protects may be plain memory: the lock's word orders the accesses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/types.h"
#include "explore/access.h"
#include "explore/journal.h"
#include "trace/record.h"
#include "trace/vocabulary.h"

namespace mmcheck::explore {

inline constexpr unsigned kThreadsMax = 32;
inline constexpr unsigned kObjectsMax = 4096;        ///< as a rule: Program::objects_max()
inline constexpr unsigned kObjectsMaxOfAll = 65535;  ///< their numbers have 16 bits

enum class Access : std::uint8_t { Read, Write, Commute };

/// A step waits until `(word & mask) == expected` (or `!=`, when negated) holds for its guard.
/// The explorer itself evaluates guards, also for words as they would be had other steps not
/// happened, hence data and not code. A guarded word may be updated by Commute only if every such
/// update is an addition. A guard alone does not conflict with read_add(): a step whose guard looks
/// at what read_add() changes must write the word too.
///
/// Readers-writer locks keep readers apart from writers by counting: see kernel/locks.h. Their
/// read side uses read_add(), which does not conflict with itself.
struct Guard {
  ObjectId object{};
  std::uint64_t mask = ~std::uint64_t{0};
  std::uint64_t expected = 0;
  bool negated = false;

  constexpr bool holds(std::uint64_t word) const { return ((word & mask) == expected) != negated; }
};

/// The alternatives of a step, listed when the step is about to be taken. May read words by peek()
/// only if the step will also read() them, and may ask covered_by_reordering(). The same label must
/// stand for the same behaviour as long as no dependent step has come in between, and a label that
/// is listed later must be listed earlier too unless such a step has. Labels must be distinct.
class Alternatives {
 public:
  static constexpr unsigned kMax = 32;
  /// Writes labels to `out` and returns how many; at least one.
  virtual unsigned list(std::span<std::uint64_t, kMax> out) const = 0;

 protected:
  ~Alternatives() = default;
};

using ThreadFunction = void (*)(void* context);

class Engine;

/// One execution: handed to the program's setup and kept by its objects.
class Execution {
 public:
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  // --- setup: called by Program::setup only -----------------------------------------------------

  /// A new shared word. `text` says how it is named and shown; it is kept by value.
  ObjectId new_object(std::uint64_t initial, const trace::ObjectText& text);

  /// A thread that calls `function(context)` on a stack of its own. `name` must outlive the
  /// execution. Ids are given in order of spawning, from 0.
  ThreadId spawn(std::string_view name, CpuId cpu, ThreadFunction function, void* context);

  /// The same, for what serves others without end: it may stay blocked when everything else is
  /// done.
  ThreadId spawn_daemon(std::string_view name, CpuId cpu, ThreadFunction function, void* context);

  /// For reports: the thread's steps are shown as its CPU's own.
  void show_as_cpu(ThreadId thread);

  /// A handler: whenever both guards hold, one atomic step that calls `function(context)`, which
  /// must not announce steps of its own. Handlers may stay blocked when everything else is done.
  ThreadId spawn_handler(std::string_view name, CpuId cpu, Guard first, Guard second,
                         const trace::StepText& text, ThreadFunction function, void* context);

  /// For programs that are rewindable(): memory that steps change, besides words and the threads'
  /// own stacks. It must stay where it is until the next setup, and may be copied byte by byte.
  void keep(void* memory, std::size_t bytes);

  // --- steps: called by threads -----------------------------------------------------------------

  /// Ends the current step and begins the next. Returns when the explorer has chosen this thread.
  void step(const trace::StepText& text);

  /// The same, but the step is possible only while the guard holds. Blocked threads do not spin.
  void step_when(const Guard& guard, const trace::StepText& text);

  /// The calling thread becomes two: `twin`, a thread of the setup's that waits, goes on from here
  /// as well. Both have the same next step; the twin's waits for the guard, which holds from now
  /// on, and did not before: that there is a twin is the caller's doing. Returns whether it is the
  /// twin who returns. What the twin's stack looks like is the program's to provide
  /// (Program::resumes): it is where the caller's is. Of programs that are not rewindable.
  bool step_as_two(ThreadId twin, const Guard& guard, const trace::StepText& text);
  /// What a suspended thread has on its stack begins here.
  const std::byte* stack_pointer(ThreadId thread) const;

  /// A step with alternatives: returns the label of the one to take.
  std::uint64_t step_choose(const Alternatives& alternatives, const trace::StepText& text);

  /// Accesses of the current step.
  std::uint64_t read(ObjectId object) {
    use(object, Mode::Read, 0, true);
    return words_[to_index(object)];
  }
  /// The same, where the accesses that the step makes do not depend on the value: as a rule because
  /// there are none after it. What may follow on the value is then a matter of later steps, and the
  /// search can foresee this one.
  std::uint64_t read_last(ObjectId object) {
    use(object, Mode::Read, 0, false);
    return words_[to_index(object)];
  }
  /// The read of a compare-and-exchange: the step writes the word if and only if it has this value,
  /// and else depends on no value. So the search can foresee what it does where the word has
  /// another.
  std::uint64_t read_to_compare(ObjectId object, std::uint64_t expected) {
    use(object, Mode::Read, 0, false);
    next_access_[-1].use.compares = true;
    next_access_[-1].use.expected = expected;
    return words_[to_index(object)];
  }
  void write(ObjectId object, std::uint64_t value) { replace(object, Mode::Write, value); }
  /// Replaces the value by Commute access.
  void commute(ObjectId object, std::uint64_t value) { replace(object, Mode::Commute, value); }
  /// Adds to the word; conflicts with Write and Commute but not with Read or another read_add.
  /// For the read side of locks.
  void read_add(ObjectId object, std::uint64_t delta) {
    use(object, Mode::ReadAdd, delta, false);
    words_[to_index(object)] += delta;
  }
  /// An access without a value: for state that is kept beside the word.
  void touch(ObjectId object, Access access);

  /// The value without an access. Only where no dependence is wanted and none is needed: words of
  /// the current thread's own, checks in Program::finished, names while recording.
  std::uint64_t peek(ObjectId object) const { return words_[to_index(object)]; }

  /// The calling thread is about to change memory that is neither a word nor kept: what keep() is
  /// for where there is too much of it. Of programs that no search of states is asked of.
  void save(void* memory, std::size_t bytes) {
    if (journal_ != nullptr) journal_->save(memory, bytes);
  }

  // --- order ------------------------------------------------------------------------------------

  /// The step that is being made (for remembering who did something).
  EventId current_event() const;

  /// True if `event` happens before the current step: by program order, and by the conflicting
  /// accesses of earlier steps and those that this step has made so far (guards included).
  /// kNoEvent is before everything. Programs use it where real time must not matter, so that
  /// equivalent executions behave alike. Under the naive strategy, which tries every order
  /// separately, it is always true: there real time is the order.
  bool ordered_before(EventId event) const;

  /// For Alternatives::list: true if the search visits the class in which the step comes before
  /// `event` anyway, because the thread's earlier steps do not happen after it. An alternative
  /// whose only effect is to act as if `event` had not happened need not be offered then. Always
  /// false under the naive and random strategies and in replay.
  bool covered_by_reordering(EventId event) const;

  // --- results ----------------------------------------------------------------------------------

  /// Reports a broken rule and ends the execution. From a thread or handler it does not return;
  /// from Program::finished it does.
  void violate(const trace::Violation& violation);

  /// Part of what distinguishes this execution's outcome from others', for comparing strategies
  /// and for final states of litmus tests. Call from Program::finished.
  void outcome(std::uint64_t value);

  /// True while a schedule is replayed for the record: only then are names and notes of any use.
  bool recording() const;
  trace::Names& names();                   ///< only while recording
  void note(const trace::StepText& text);  ///< a remark on the current step; ignored otherwise

  /// For reports: the current step of a handler is shown as `cpu`'s own, not as an interrupt.
  void attribute_to(CpuId cpu);

  ThreadId self() const;
  CpuId cpu_of(ThreadId thread) const;

 private:
  friend class Engine;
  explicit Execution(Engine& engine) : engine_(&engine) {}

  void use(ObjectId object, Mode mode, std::uint64_t delta, bool value_read) {
    if (next_access_ == accesses_end_) grow_accesses();
    next_access_++->use = {
        .delta = delta, .object = object, .mode = mode, .guard = false, .value_read = value_read};
  }
  void replace(ObjectId object, Mode mode, std::uint64_t value) {
    std::uint64_t& word = words_[to_index(object)];
    use(object, mode, value - word, false);
    word = value;
  }
  void grow_accesses();

  Engine* engine_;
  std::uint64_t* words_ = nullptr;
  Journal* journal_ = nullptr;           ///< where steps can be taken back
  LoggedAccess* next_access_ = nullptr;  ///< where the current step notes its next access
  LoggedAccess* accesses_end_ = nullptr;
};

/// What is explored. One object per worker, reused for all its executions: setup() builds the
/// initial state anew each time and must be deterministic.
class Program {
 public:
  virtual ~Program() = default;
  virtual void setup(Execution& execution) = 0;
  /// All threads have finished: the place for rules on final states, and for outcomes.
  virtual void finished(Execution& execution) { static_cast<void>(execution); }
  /// Whether steps can be taken back by restoring memory: all that a step changes is in words, on
  /// its thread's stack, or in memory that setup() named by Execution::keep(). Nothing that a step
  /// allocates may live on when it ends. Otherwise an execution is run again from its beginning.
  virtual bool rewindable() const { return false; }
  /// Executions may be of millions of steps, and need not come to an end: it comes with the limit
  /// of steps. They are sampled only, and real time is their order: see Execution::ordered_before.
  virtual bool endless() const { return false; }
  /// Whether threads have memory of their own at the same addresses: then resumes() is called
  /// before each step of a thread and what is asked of it, while all are suspended, and split()
  /// when the stack of `twin` is the one of `thread` from now on: see Execution::step_as_two.
  virtual bool swaps_memory() const { return false; }
  virtual void resumes(ThreadId thread) { static_cast<void>(thread); }
  virtual void split(ThreadId thread, ThreadId twin) {
    static_cast<void>(thread), static_cast<void>(twin);
  }
  /// How many words setup() may make: kObjectsMaxOfAll at most.
  virtual unsigned objects_max() const { return kObjectsMax; }
  /// Whether every step says what it will use, whatever values it reads (Execution::read_last,
  /// read_to_compare), has no alternatives and does not ask for the order. The search then cuts no
  /// execution short. It begins anew where this turns out to be wrong.
  virtual bool foreseeable() const { return false; }
  /// What the program has gathered over its executions so far (final states, say), as text; and
  /// adding what another one like it has gathered.
  virtual std::string findings() const { return {}; }
  virtual void add_findings(std::string_view text) { static_cast<void>(text); }
  virtual void forget_findings() {}
};

}  // namespace mmcheck::explore

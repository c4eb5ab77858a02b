// SPDX-License-Identifier: Apache-2.0
// Threads of a guest: how they begin, end, and wait.
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/error.h"
#include "guest/runtime.h"

namespace mmcheck::guest {

namespace {

/// AddressSanitizer lets nobody read the places between variables.
__attribute__((no_sanitize("address"))) std::uint64_t hash_of_stack(const std::byte* begin,
                                                                    std::size_t bytes) {
#ifdef __SANITIZE_ADDRESS__
  std::uint64_t hash = 14695981039346656037u;
  for (std::size_t i = 0; i < bytes; ++i) {
    hash = (hash ^ static_cast<std::uint64_t>(begin[i])) * 1099511628211u;
  }
  return hash;
#else
  return XXH3_64bits(begin, bytes);
#endif
}

}  // namespace

unsigned Runtime::self() const { return to_index(execution_->self()); }

void Runtime::run_thread(void* context) {
  auto& thread = *static_cast<Thread*>(context);
  Runtime& runtime = *thread.runtime;
  thread.stack_top = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  runtime.shadow_.move_region(kFirstStack + thread.number, thread.stack_top - kStackBytes);
  if (thread.number == 0) {
    runtime.run_main();
    return;
  }
  const trace::StepText born{.format = "begins", .detail = trace::Detail::Minor};
  runtime.execution_->step_when({.object = thread.life, .expected = kRuns}, born);
  void* result = thread.start(thread.argument);
  if (runtime.me().process != thread.process) runtime.exit_process(0, {});  // A child.
  runtime.end_thread(thread, result);
}

void Runtime::run_main() {
  for (const Module::Main constructor : module_.constructors()) {
    constructor(static_cast<int>(argument_texts_.size()), arguments_.data(), environ);
  }
  const int status =
      module_.main()(static_cast<int>(argument_texts_.size()), arguments_.data(), environ);
  if (self() != 0) exit_process(status, {});  // A child.
  if (status != 0) {
    finish_store();
    if (options_.status) exit_process(status, {});
  }
  set(process_gone_, true);
  end_thread(threads_[0], nullptr);
}

void Runtime::end_thread(Thread& thread, void* result) {
  finish_store();
  effect();
  set(thread.result, result);
  const trace::StepText ends{.format = "ends", .detail = trace::Detail::Minor};
  memory_.fence();
  if (kernel_ && &thread != &threads_[0]) kernel_->exit_thread(thread.number);
  execution_->step(ends);
  execution_->write(thread.life, kEnded);
}

/// A thread that nobody has been yet.
unsigned Runtime::take_thread() {
  if (nr_created_ == nr_threads_) {
    if (nr_threads_ == kThreadsMax) {
      throw InputError("too many threads: at most " + std::to_string(kThreadsMax));
    }
    wants_threads_ = true;
    throw BeginAnew{};
  }
  set(nr_created_, nr_created_ + 1);
  return nr_created_ - 1;
}

unsigned Runtime::create(Start start, void* argument, Place place) {
  finish_store();
  effect();
  if (me().process != 0) unsupported("threads in a child of fork() are not supported", place);
  memory_.fence();
  step(place);
  Thread& thread = threads_[take_thread()];
  if (kernel_) kernel_->clone_thread(self(), thread.number);
  set(thread.start, start);
  set(thread.argument, argument);
  execution_->write(creation_, nr_created_);
  execution_->write(thread.life, kRuns);
  order_.order(self(), thread.number);
  return thread.number;
}

void* Runtime::join(unsigned number, Place place) {
  finish_store();
  effect();
  if (number >= nr_created_) return nullptr;
  Thread& thread = threads_[number];
  set(me().parked_at, place.code);
  const trace::StepText step_text = text(place);
  memory_.fence();
  execution_->step_when({.object = thread.life, .expected = kEnded}, step_text);
  order_.order(number, self());
  return thread.result;
}

void Runtime::exit_thread(void* result) {
  end_thread(me(), result);
  park(Parked::Gone, {});
}

void Runtime::exit_process(int status, Place place) {
  finish_store();
  if (status != 0 && options_.status && me().process == 0) {
    const auto what = [&] {
      return (place.code == 0 ? "main() returns " : where(place.code) + ": exit with status ") +
             std::to_string(status);
    };
    violate("R-EXIT", what, "a program ends with status 0");
  }
  if (kernel_) {
    const unsigned process = me().process;
    kernel_->exit_group(self(), status << 8);
    killed_.set(process);
  }
  effect();
  if (me().process == 0) set(process_gone_, true);
  park(Parked::Gone, place);
}

void Runtime::assume_false(Place place) { park(Parked::Assumed, place); }

void Runtime::park(Parked parked, Place place) {
  finish_store();
  Thread& thread = me();
  set(thread.parked, parked);
  set(thread.parked_at, place.code);
  const trace::StepText stays{.format = "goes no further", .detail = trace::Detail::Minor};
  execution_->step_when({.object = never_, .expected = 1}, stays);
  throw InternalError("a guest's thread went on that had been stopped");
}

// --- loops that wait
// ------------------------------------------------------------------------------

// A loop that loads and has no effect waits. Once it is back where it was, with all that is the
// thread's own as it was, this turn of it was in vain: the execution in which the thread comes here
// later instead has the same effects. So it is left alone, and the search finds that other one, in
// which what the turn has loaded was stored before: it reverses the two.
// If nobody stores what it waits for, it waits for ever.
void Runtime::turn(Place place) {
  if (!options_.waits) return;
  Thread& thread = me();
  const std::uint64_t hash = state_of_thread(thread, place);
  for (unsigned i = 0; i < thread.nr_turns; ++i) {
    if (thread.turns[i].code != place.code || thread.turns[i].hash != hash) continue;
    set(thread.waits_since, thread.turns[i].first_read);
    park(Parked::Waits, place);
  }
  if (thread.nr_turns == kTurnsMax) effect();
  set(thread.turns[thread.nr_turns], {place.code, hash, thread.nr_reads});
  set(thread.nr_turns, thread.nr_turns + 1);
}

// What another thread would have to change is not shared as long as that one has not come there. So
// it is a wait for it, as the others are.
void Runtime::busy(Place place) {
  constexpr unsigned kIsLong = 10'000;
  constexpr unsigned kIsTooLong = 2'000'000'000;
  Thread& thread = me();
  if (++thread.nr_busy < kIsLong) return;
  if (options_.waits && thread.nr_busy < 2 * kIsLong) turn(place);
  if (thread.nr_busy < kIsTooLong) return;
  set(thread.waits_since, thread.nr_reads);
  park(Parked::Waits, place);
}

void Runtime::remember_read(unsigned unit) {
  if (!options_.waits) return;
  Thread& thread = me();
  if (thread.nr_reads == kTurnsMax) {
    effect();
    return;
  }
  set(thread.reads[thread.nr_reads],
      {static_cast<std::uint16_t>(unit), execution_->peek(word_of(unit))});
  set(thread.nr_reads, thread.nr_reads + 1);
}

void Runtime::effect() {
  Thread& thread = me();
  if (thread.nr_turns != 0) set(thread.nr_turns, 0u);
  if (thread.nr_reads != 0) set(thread.nr_reads, 0u);
}

/// All that is the thread's own: its stack from the caller's frame on. Without optimisation nothing
/// is in registers across a call but the frame pointer, which the frame begins with. Memory that it
/// does not share it has not stored to since, or there would have been an effect.
std::uint64_t Runtime::state_of_thread(const Thread& thread, const Place& place) const {
  return hash_of_stack(reinterpret_cast<const std::byte*>(place.frame),
                       thread.stack_top - place.frame);
}

bool Runtime::waits_for_ever(const Thread& thread) const {
  for (unsigned i = thread.waits_since; i < thread.nr_reads; ++i) {
    const Read& read = thread.reads[i];
    if (execution_->peek(word_of(read.unit)) != read.value) return false;
  }
  return true;
}

// --- the end
// --------------------------------------------------------------------------------------

bool Runtime::anybody_cut_short() const {
  for (unsigned i = 0; i < nr_created_; ++i) {
    const Thread& thread = threads_[i];
    if (execution_->peek(thread.life) != kRuns) continue;
    if (thread.parked == Parked::Assumed) return true;
    if (thread.parked == Parked::Waits && !waits_for_ever(thread)) return true;
  }
  return false;
}

bool Runtime::finished() {
  if (grew()) throw BeginAnew{};
  shadow_.forbid_growth();
  if (anybody_cut_short()) return false;
  judge_blocked();
  if (kernel_ && everybody_ended()) kernel_->finished();
  return true;
}

std::uint64_t Runtime::hash_of_variables() const {
  return XXH3_64bits(module_.data().data(), module_.data().size());
}

bool Runtime::everybody_ended() const {
  for (unsigned i = 0; i < nr_created_; ++i) {
    if (execution_->peek(threads_[i].life) == kRuns && threads_[i].parked != Parked::Gone)
      return false;
  }
  return true;
}

void Runtime::judge_blocked() {
  std::string blocked;
  for (unsigned i = 0; i < nr_created_; ++i) {
    const Thread& thread = threads_[i];
    if (execution_->peek(thread.life) != kRuns || thread.parked == Parked::Gone) continue;
    blocked += (blocked.empty() ? "" : ", ") + thread.name +
               (thread.parked == Parked::Waits ? " loops at " : " waits at ") +
               where(thread.parked_at);
  }
  // With the process goes who waits.
  if (blocked.empty() || process_gone_ || !options_.liveness) return;
  verdict_ = "deadlock: " + blocked;
  execution_->violate({.rule = "R-LIVE",
                       .what = {.format = verdict_},
                       .why = "each waits for what only another one of them could do"});
}

}  // namespace mmcheck::guest

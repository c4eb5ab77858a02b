// SPDX-License-Identifier: Apache-2.0
#include "explore/engine.h"

#include <algorithm>
#include <bit>
#include <span>
#include <utility>

#include "base/error.h"

namespace mmcheck::explore {

namespace {
constexpr std::size_t kAccessesOfStep = 64;          // as a rule
constexpr std::uint64_t kStepsMaxOfClocks = 65'000;  // lanes of clocks have 16 bits
}  // namespace

Engine::Engine(Program& program, const EngineOptions& options)
    : program_(program),
      options_(options),
      execution_(*this),
      fibers_(&Engine::fiber_body, this),
      swaps_memory_(program.swaps_memory()),
      rewinding_(options.rewinding && program.rewindable() && Fibers::can_restore()),
      words_(new std::uint64_t[std::max(options.objects_max, program.objects_max())]()),
      merged_at_(std::max(options.objects_max, program.objects_max()), 0),
      log_(std::max(options.objects_max, program.objects_max())) {
  options_.objects_max = std::max(options.objects_max, program.objects_max());
  if (program.endless()) {
    options_.logging = false;
    options_.real_time = true;
  }
  if (options_.logging) options_.steps_max = std::min(options_.steps_max, kStepsMaxOfClocks);
  execution_.words_ = words_.get();
  if (rewinding_) execution_.journal_ = &rewinder_.journal();
  reset_accesses();
}

Engine::~Engine() = default;

void Engine::reset_accesses() {
  log_.make_room(kAccessesOfStep);
  const std::span<LoggedAccess> room = log_.room();
  accesses_ = execution_.next_access_ = room.data();
  execution_.accesses_end_ = room.data() + room.size();
}

void Engine::grow_accesses() {
  const auto used = static_cast<std::size_t>(execution_.next_access_ - accesses_);
  log_.make_room(2 * used);
  reset_accesses();
  execution_.next_access_ += used;
}

void Engine::fiber_body(void* engine_pointer, unsigned index) {
  auto* engine = static_cast<Engine*>(engine_pointer);
  Thread& thread = engine->threads_[index];
  try {
    thread.function(thread.context);
  } catch (...) {
    engine->thrown_ = std::current_exception();
  }
  thread.pending = Pending::Finished;
}

void Engine::announce(Pending pending, const trace::StepText& text) {
  if (phase_ != Phase::Running && phase_ != Phase::Start) {
    throw InternalError("steps are made by threads only");
  }
  Thread& thread = threads_[current_];
  if (thread.pending == Pending::Handler) {
    throw InternalError("a handler is one step and must not announce another");
  }
  thread.pending = pending;
  thread.text = &text;
  fibers_.suspend();
}

ThreadId Engine::add_thread(std::string_view name, CpuId cpu, ThreadFunction function,
                            void* context) {
  if (phase_ != Phase::Setup) throw InternalError("threads are spawned in Program::setup only");
  if (nr_threads_ == kThreadsMax) throw InternalError("too many threads");
  Thread& thread = threads_[nr_threads_];
  thread = Thread{};
  thread.cpu = cpu;
  thread.function = function;
  thread.context = context;
  thread.name = name;
  return ThreadId{static_cast<std::uint8_t>(nr_threads_++)};
}

void Engine::begin() {
  nr_threads_ = nr_objects_ = 0;
  nr_steps_ = 0;
  free_ = guarded_ = handlers_ = daemons_ = 0;
  current_ = 0;
  outcome_hash_ = 0;
  reached_finish_ = false;
  reported_.reset();
  if (options_.recording) recorder_ = std::make_unique<Recorder>();
  phase_ = Phase::Setup;
  rewinder_.clear();
  program_.setup(execution_);
  log_.set_nr_threads(nr_threads_);
  start_threads();
}

void Engine::start_threads() {
  phase_ = Phase::Start;
  reset_accesses();
  for (unsigned i = 0; i < nr_threads_ && !violated(); ++i) {
    current_ = i;
    Thread& thread = threads_[i];
    if (thread.pending == Pending::Handler) {
      guarded_ |= 1u << i;
      continue;
    }
    fibers_.restart(i);
    resume(i);
  }
  if (execution_.next_access_ != accesses_) {
    throw InternalError("shared words are accessed in steps only: announce a step first");
  }
  phase_ = Phase::Running;
}

void Engine::resume(unsigned index) {
  fibers_.resume(index);
  if (twin_ >= 0) split(index, static_cast<unsigned>(std::exchange(twin_, -1)));
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  set_pending_bits(index);
}

/// What a thread has announced lies on its stack.
void Engine::put_memory_in_place(unsigned index) {
  if (swaps_memory_) program_.resumes(ThreadId{static_cast<std::uint8_t>(index)});
}

void Engine::split(unsigned index, unsigned twin) {
  fibers_.share(index, twin);
  const auto nr_steps = threads_[twin].nr_steps;
  static_cast<ThreadState&>(threads_[twin]) = threads_[index];
  threads_[twin].nr_steps = nr_steps;  // Its own, whatever it goes on with.
  threads_[twin].pending = Pending::Guarded;
  threads_[twin].nr_guards = 1;
  threads_[twin].guard[0] = twin_guard_;
  set_pending_bits(twin);
  program_.split(ThreadId{static_cast<std::uint8_t>(index)},
                 ThreadId{static_cast<std::uint8_t>(twin)});
}

void Engine::set_pending_bits(unsigned index) {
  std::uint32_t bit = 1u << index;
  free_ &= ~bit;
  guarded_ &= ~bit;
  Pending pending = threads_[index].pending;
  if (pending == Pending::Guarded || pending == Pending::Handler) {
    guarded_ |= bit;
  } else if (pending != Pending::Finished) {
    free_ |= bit;
  }
}

void Engine::back_to(std::uint32_t nr_steps) {
  std::uint32_t from = 0;
  if (rewinding_) {
    from = rewinder_.nearest(nr_steps);
    take_back(from);
  }
  log_.truncate(nr_steps);
  if (!rewinding_) begin();
  for (std::uint32_t i = from; i < nr_steps; ++i) run(log_.event(i).thread, log_.event(i).label);
}

void Engine::take_back(std::uint32_t nr_steps) {
  for (std::uint32_t e = nr_steps_; e-- > nr_steps;) {
    for (const LoggedAccess& access : log_.accesses_of(e)) {
      words_[to_index(access.use.object)] = access.before;
    }
  }
  rewinder_.undo_to(nr_steps, fibers_, [&](unsigned index, const ThreadState& state) {
    static_cast<ThreadState&>(threads_[index]) = state;
    set_pending_bits(index);
  });
  nr_steps_ = nr_steps;
  outcome_hash_ = 0;
  reached_finish_ = false;
  reported_.reset();
  phase_ = Phase::Running;
}

std::uint32_t Engine::enabled() const {
  std::uint32_t result = free_;
  for (std::uint32_t rest = guarded_; rest != 0; rest &= rest - 1) {
    const Thread& thread = threads_[std::countr_zero(rest)];
    const Guard& first = thread.guard[0];
    bool holds = first.holds(words_[to_index(first.object)]);
    if (thread.nr_guards == 2) {
      holds = holds && thread.guard[1].holds(words_[to_index(thread.guard[1].object)]);
    }
    if (holds) result |= rest & -rest;
  }
  return result;
}

std::string_view Engine::next_step(unsigned thread) const {
  const bool finished = threads_[thread].pending == Pending::Finished;
  return finished ? std::string_view{} : threads_[thread].text->format;
}

unsigned Engine::list(unsigned index, std::span<std::uint64_t, Alternatives::kMax> out) {
  if (threads_[index].pending != Pending::Choice) {
    out[0] = 0;
    return 1;
  }
  enter_step(index);
  put_memory_in_place(index);
  unsigned nr_labels = threads_[index].alternatives->list(out);
  if (nr_labels == 0 || nr_labels > Alternatives::kMax) {
    throw InternalError("a step must have between 1 and 32 alternatives");
  }
  if (execution_.next_access_ != accesses_) {
    throw InternalError("Alternatives::list must not access words, only peek");
  }
  return nr_labels;
}

void Engine::enter_step(unsigned index) {
  current_ = index;
  step_event_ = nr_steps_;
  step_predecessors_ = threads_[index].nr_steps;
  reset_accesses();
  clock_started_ = asked_order_ = false;
}

void Engine::run(unsigned index, std::uint64_t label) {
  Thread& thread = threads_[index];
  put_memory_in_place(index);
  if (rewinding_) rewinder_.save(fibers_, index, thread);
  enter_step(index);
  label_ = label;
  step_chose_ = thread.pending == Pending::Choice;
  if (options_.coverage != nullptr) step_text_ = thread.text->format;
  nr_step_guards_ = thread.nr_guards;
  for (unsigned i = 0; i < thread.nr_guards; ++i) {
    step_guards_[i] = thread.guard[i];  // the thread announces its next ones before the step ends
    execution_.use(thread.guard[i].object, Mode::Read, 0, false);
    execution_.next_access_[-1].use.guard = true;
  }
  if (recorder_) {
    recorder_->begin_step(ThreadId{static_cast<std::uint8_t>(index)}, label, *thread.text);
  }
  if (thread.pending == Pending::Handler) {
    run_handler(thread);
  } else {
    resume(index);
  }
  if (recorder_) recorder_->end_step(merge_step(), words_.get());
  ++thread.nr_steps;
  ++nr_steps_;
  ++nr_steps_made_;
}

void Engine::run_handler(Thread& thread) {
  try {
    thread.function(thread.context);
  } catch (const ViolationInHandler&) {
    // The report is kept in reported_.
  }
}

std::span<const LoggedAccess> Engine::merge_step() {
  const auto nr_accesses = static_cast<std::uint32_t>(execution_.next_access_ - accesses_);
  std::uint32_t nr_merged = std::min(nr_accesses, 1u);
  if (nr_accesses > 1) merged_at_[to_index(accesses_[0].use.object)] = 0;
  for (std::uint32_t i = 1; i < nr_accesses; ++i) {
    const StepAccess& use = accesses_[i].use;
    std::uint32_t& at = merged_at_[to_index(use.object)];
    if (at < nr_merged && accesses_[at].use.object == use.object) {
      merge(accesses_[at].use, use);
    } else {
      at = nr_merged++;
      if (at != i) accesses_[at].use = use;
    }
  }
  execution_.next_access_ = accesses_ + nr_merged;
  return {accesses_, nr_merged};
}

const Clock& Engine::step_clock() {
  // Called also while a prefix is replayed, when the log has later events already: those that come
  // after this step must not count.
  if (!clock_started_) {
    clock_ = log_.clock_of(current_, step_predecessors_);
    clock_started_ = true;
    nr_joined_ = 0;
  }
  auto nr_accesses = static_cast<std::size_t>(execution_.next_access_ - accesses_);
  for (; nr_joined_ < nr_accesses; ++nr_joined_) {
    log_.join_conflicting(clock_, accesses_[nr_joined_].use, step_event_);
  }
  return clock_;
}

void Engine::append_step() {
  if (!options_.logging) return;
  log_.append({.thread = current_,
               .label = label_,
               .nr_accesses = static_cast<std::uint32_t>(merge_step().size()),
               .guards = {step_guards_, nr_step_guards_},
               .asked_order = asked_order_,
               .chose = step_chose_},
              words_.get());
  if (options_.coverage != nullptr) {
    options_.coverage->made(log_.size() - 1, step_text_, log_.latest_direct());
  }
}

bool Engine::ordered_before(EventId event) {
  if (options_.real_time) asked_order_ = true;
  if (event == kNoEvent || options_.real_time || phase_ != Phase::Running) return true;
  asked_order_ = true;
  std::uint32_t number = to_index(event);
  if (number >= nr_steps_) return number == nr_steps_;
  return log_.covers(step_clock(), number);
}

}  // namespace mmcheck::explore

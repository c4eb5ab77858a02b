// SPDX-License-Identifier: Apache-2.0
// The programs' side of the engine. What is called at every access is in execution.h.
#include "explore/execution.h"

#include "base/error.h"
#include "explore/engine.h"

namespace mmcheck::explore {

ObjectId Execution::new_object(std::uint64_t initial, const trace::ObjectText& text) {
  Engine& engine = *engine_;
  if (engine.phase_ != Engine::Phase::Setup) {
    throw InternalError("new_object: shared words are made in Program::setup only");
  }
  if (engine.nr_objects_ == engine.options_.objects_max)
    throw InternalError("new_object: too many shared words");
  ObjectId id{static_cast<std::uint16_t>(engine.nr_objects_++)};
  words_[to_index(id)] = initial;
  if (engine.recorder_) engine.recorder_->add_object(text);
  return id;
}

ThreadId Execution::spawn(std::string_view name, CpuId cpu, ThreadFunction function,
                          void* context) {
  ThreadId id = engine_->add_thread(name, cpu, function, context);
  if (engine_->recorder_) engine_->recorder_->add_thread(name, cpu, false);
  return id;
}

ThreadId Execution::spawn_daemon(std::string_view name, CpuId cpu, ThreadFunction function,
                                 void* context) {
  ThreadId id = spawn(name, cpu, function, context);
  engine_->daemons_ |= 1u << to_index(id);
  return id;
}

void Execution::show_as_cpu(ThreadId thread) {
  if (engine_->recorder_) engine_->recorder_->make_part_of_cpu(thread);
}

ThreadId Execution::spawn_handler(std::string_view name, CpuId cpu, Guard first, Guard second,
                                  const trace::StepText& text, ThreadFunction function,
                                  void* context) {
  ThreadId id = engine_->add_thread(name, cpu, function, context);
  unsigned index = to_index(id);
  Engine::Thread& thread = engine_->threads_[index];
  thread.pending = Pending::Handler;
  thread.nr_guards = 2;
  thread.guard[0] = first;
  thread.guard[1] = second;
  engine_->handler_texts_[index] = text;
  thread.text = &engine_->handler_texts_[index];
  engine_->handlers_ |= 1u << index;
  engine_->daemons_ |= 1u << index;
  if (engine_->recorder_) engine_->recorder_->add_thread(name, cpu, true);
  return id;
}

void Execution::keep(void* memory, std::size_t bytes) {
  if (engine_->phase_ != Engine::Phase::Setup) {
    throw InternalError("keep: memory is named in Program::setup only");
  }
  engine_->rewinder_.keep({static_cast<std::byte*>(memory), bytes});
}

void Execution::step(const trace::StepText& text) {
  engine_->threads_[engine_->current_].nr_guards = 0;
  engine_->announce(Pending::Step, text);
}

void Execution::step_when(const Guard& guard, const trace::StepText& text) {
  Engine::Thread& thread = engine_->threads_[engine_->current_];
  thread.nr_guards = 1;
  thread.guard[0] = guard;
  engine_->announce(Pending::Guarded, text);
}

bool Execution::step_as_two(ThreadId twin, const Guard& guard, const trace::StepText& text) {
  engine_->threads_[engine_->current_].nr_guards = 0;
  engine_->twin_ = to_index(twin);
  engine_->twin_guard_ = guard;
  engine_->announce(Pending::Step, text);
  return engine_->current_ == to_index(twin);
}

const std::byte* Execution::stack_pointer(ThreadId thread) const {
  return engine_->fibers_.stack_pointer(to_index(thread));
}

std::uint64_t Execution::step_choose(const Alternatives& alternatives,
                                     const trace::StepText& text) {
  Engine::Thread& thread = engine_->threads_[engine_->current_];
  thread.nr_guards = 0;
  thread.alternatives = &alternatives;
  engine_->announce(Pending::Choice, text);
  return engine_->label_;
}

void Execution::touch(ObjectId object, Access access) {
  // State beside the word may be read under the name of a Write, but not of a Commute.
  switch (access) {
    case Access::Read:
      use(object, Mode::Read, 0, true);
      break;
    case Access::Write:
      use(object, Mode::Write, 0, true);
      break;
    case Access::Commute:
      use(object, Mode::Commute, 0, false);
      break;
  }
}

EventId Execution::current_event() const {
  bool running = engine_->phase_ == Engine::Phase::Running;
  if (running && engine_->options_.nameless) return EventId{0};
  return running ? EventId{engine_->nr_steps_} : kNoEvent;
}

bool Execution::ordered_before(EventId event) const { return engine_->ordered_before(event); }

bool Execution::covered_by_reordering(EventId event) const {
  Engine& engine = *engine_;
  if (!engine.options_.reordering_covers || event == kNoEvent) return false;
  const Clock& before =
      engine.log_.clock_of(engine.current_, engine.threads_[engine.current_].nr_steps);
  return !engine.log_.covers(before, to_index(event));
}

void Execution::violate(const trace::Violation& violation) {
  Engine& engine = *engine_;
  engine.report(violation);
  if (engine.phase_ == Engine::Phase::Finish) return;
  if ((engine.handlers_ >> engine.current_) & 1u) throw ViolationInHandler{};
  engine.fibers_.suspend();
  throw InternalError("a thread went on after it had reported a violation");
}

void Execution::outcome(std::uint64_t value) {
  std::uint64_t mixed = (engine_->outcome_hash_ ^ value) + 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  engine_->outcome_hash_ = mixed ^ (mixed >> 31);
}

bool Execution::recording() const { return engine_->recorder_ != nullptr; }

trace::Names& Execution::names() {
  if (!engine_->recorder_) throw InternalError("names() is for recording only");
  return engine_->recorder_->names();
}

void Execution::note(const trace::StepText& text) {
  if (engine_->recorder_) engine_->recorder_->note(text);
}

void Execution::attribute_to(CpuId cpu) {
  if (engine_->recorder_) engine_->recorder_->attribute_to(cpu);
}

ThreadId Execution::self() const { return ThreadId{static_cast<std::uint8_t>(engine_->current_)}; }

CpuId Execution::cpu_of(ThreadId thread) const { return engine_->threads_[to_index(thread)].cpu; }

void Execution::grow_accesses() { engine_->grow_accesses(); }

}  // namespace mmcheck::explore

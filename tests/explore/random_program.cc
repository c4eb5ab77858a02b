// SPDX-License-Identifier: Apache-2.0
#include "random_program.h"

#include <array>

namespace mmcheck::explore {

namespace {

// The layout of the words: plain, commuting, locks, readers-writer locks, handlers.
constexpr unsigned kPlainMax = 3;
constexpr unsigned kCommuting = kPlainMax;
constexpr unsigned kLocks = kCommuting + 1;
constexpr unsigned kNrLocks = 2;
constexpr unsigned kRwLock = kLocks + kNrLocks;
constexpr unsigned kHandlerWords = kRwLock + 1;
constexpr unsigned kHandlersMax = 2;
constexpr unsigned kCounter = kHandlerWords + kHandlersMax;
constexpr unsigned kNrWords = kCounter + 1;
constexpr std::uint64_t kFreed = 0x80;  // of the counter: far from what additions reach
constexpr std::uint64_t kWriterBit = 0x100;
constexpr std::uint64_t kModulus = 3;

std::uint8_t small(unsigned value) { return static_cast<std::uint8_t>(value); }

}  // namespace

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash + 0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9 + value;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
  return hash ^ (hash >> 31);
}

RandomProgram::RandomProgram(std::uint64_t seed, const RandomOptions& options)
    : random_(seed), options_(options) {
  nr_plain_ = 1 + draw(kPlainMax);
  nr_handlers_ = draw(3) == 0 ? 1 + draw(kHandlersMax) : 0;
  unsigned nr_threads = 2 + draw(3);
  threads_.resize(nr_threads + nr_handlers_);
  for (unsigned i = 0; i < threads_.size(); ++i) {
    Thread& thread = threads_[i];
    thread.program = this;
    if (i < nr_threads) {
      make_thread(thread, nr_handlers_);
      continue;
    }
    unsigned handler = i - nr_threads;
    thread.handler = true;
    thread.armed_by = small(kHandlerWords + handler);
    thread.gate = small(draw(nr_plain_));
    thread.open = small(draw(2));
    for (unsigned k = 0; k < 1 + draw(2); ++k) {
      static constexpr Op kOps[] = {Op::Read, Op::Write, Op::Increment, Op::Copy};
      thread.code.push_back({.op = kOps[draw(4)],
                             .a = small(draw(nr_plain_)),
                             .b = small(draw(nr_plain_)),
                             .value = small(draw(3))});
    }
    // Only to a later one, so that handlers do not wake each other for ever.
    if (handler + 1 < nr_handlers_ && draw(2) == 0) {
      thread.code.push_back({.op = Op::Send, .a = small(kHandlerWords + handler + 1)});
    }
  }
  leave_out();
}

void RandomProgram::leave_out() {
  unsigned number = 0;
  for (Thread& thread : threads_) {
    std::erase_if(thread.code, [&](const Instruction&) {
      const unsigned own = number++;
      return own < 64 && ((options_.left_out >> own) & 1u) != 0;
    });
  }
}

void RandomProgram::make_thread(Thread& thread, unsigned nr_handlers) {
  unsigned nr_steps = 1 + draw(options_.steps_max);
  while (thread.code.size() < nr_steps) {
    if (nr_handlers > 0 && draw(4) == 0) {
      thread.code.push_back({.op = Op::Send, .a = small(kHandlerWords + draw(nr_handlers))});
    } else {
      make_block(thread, 0);
    }
  }
}

void RandomProgram::make_block(Thread& thread, unsigned depth) {
  unsigned kind = draw(12);
  if (depth > 1 || kind > 4) {
    thread.code.push_back(make_simple());
    return;
  }
  auto lock = small(kLocks + draw(kNrLocks));
  Op down = Op::Lock;
  Op up = Op::Unlock;
  switch (kind) {
    case 1:
      down = Op::TryLock;
      up = Op::UnlockIfTaken;
      break;
    case 2:
    case 3:
      down = Op::DownRead;
      up = Op::UpRead;
      lock = kRwLock;
      break;
    case 4:
      down = Op::DownWrite;
      up = Op::UpWrite;
      lock = kRwLock;
      break;
    default:
      break;
  }
  thread.code.push_back({.op = down, .a = lock});
  for (unsigned i = draw(3); i > 0; --i) make_block(thread, depth + 1);
  // Some forget to unlock: deadlocks are to be found as well.
  if (draw(8) != 0) thread.code.push_back({.op = up, .a = lock});
}

Instruction RandomProgram::make_simple() {
  static constexpr std::array kOps = {
      Op::Read,     Op::Read,      Op::Write,     Op::Write,      Op::Write,   Op::Copy,
      Op::Branch,   Op::Branch,    Op::Increment, Op::BlindStore, Op::Commute, Op::Await,
      Op::AwaitNot, Op::AwaitTake, Op::Choose,    Op::ChooseWide, Op::Skip,    Op::Read,
      Op::ChooseIf, Op::ChooseIf,  Op::Adjust,    Op::Adjust};
  static constexpr std::array kForeseeable = {Op::Read,  Op::Read,      Op::Write,      Op::Write,
                                              Op::Copy,  Op::Increment, Op::BlindStore, Op::Commute,
                                              Op::Await, Op::AwaitTake, Op::AwaitNot};
  const std::span<const Op> ops =
      options_.foreseeable ? std::span<const Op>(kForeseeable) : std::span<const Op>(kOps);
  Instruction result{.op = ops[draw(static_cast<unsigned>(ops.size()))],
                     .a = small(draw(nr_plain_)),
                     .b = small(draw(nr_plain_)),
                     .c = small(draw(nr_plain_)),
                     .value = small(draw(kModulus))};
  if (options_.violations && draw(5) == 0) result.op = Op::ViolateIf;
  if (result.op == Op::Commute) result.a = kCommuting;
  if (result.op == Op::Read && draw(8) == 0) result.a = kCommuting;
  return result;
}

void RandomProgram::setup(Execution& execution) {
  execution_ = &execution;
  words_.clear();
  for (unsigned i = 0; i < kNrWords; ++i) {
    words_.push_back(execution.new_object(
        i == kCounter ? 1 : 0,
        {.format = "w{}", .args = {{.value = i, .format = trace::format_decimal}}}));
  }
  for (Thread& thread : threads_) {
    thread.local = {};
    execution.keep(&thread.local, sizeof(thread.local));
    if (thread.handler) {
      execution.spawn_handler("handler", CpuId{0}, guard(thread.armed_by, 1),
                              guard(thread.gate, thread.open), {.format = "handle()"},
                              &RandomProgram::run_handler, &thread);
    } else {
      execution.spawn("thread", CpuId{0}, &RandomProgram::run, &thread);
    }
  }
  const Guard unused = guard(kCounter, 0);
  execution.spawn_handler("free", CpuId{0}, unused, unused, {.format = "free()"},
                          &RandomProgram::run_free, this);
}

/// The counter's handler: a page that is freed when its last reference is gone.
void RandomProgram::run_free(void* context) {
  auto& program = *static_cast<RandomProgram*>(context);
  program.execution_->write(program.words_[kCounter], kFreed);
  program.execution_->write(program.words_[0], program.execution_->read(program.words_[1]));
}

void RandomProgram::finished(Execution& execution) { execution.outcome(state_hash()); }

std::uint64_t RandomProgram::state_hash() const {
  std::uint64_t hash = 0;
  for (ObjectId word : words_) hash = mix(hash, execution_->peek(word));
  for (const Thread& thread : threads_) hash = mix(hash, thread.local.history);
  return hash;
}

std::size_t RandomProgram::nr_instructions() const {
  std::size_t result = 0;
  for (const Thread& thread : threads_) result += thread.code.size();
  return result;
}

Guard RandomProgram::guard(unsigned word, std::uint64_t value, bool negated) const {
  return {.object = words_[word], .expected = value, .negated = negated};
}

std::uint64_t RandomProgram::read(Thread& thread, unsigned word) {
  thread.local.reg =
      options_.foreseeable ? execution_->read_last(words_[word]) : execution_->read(words_[word]);
  remember(thread, thread.local.reg);
  return thread.local.reg;
}

void RandomProgram::remember(Thread& thread, std::uint64_t value) const {
  thread.local.history = mix(options_.histories ? thread.local.history : 1, value);
}

void RandomProgram::run(void* context) {
  auto& thread = *static_cast<Thread*>(context);
  for (std::size_t i = 0; i < thread.code.size(); ++i) {
    const Instruction& instruction = thread.code[i];
    if (instruction.op == Op::Skip) {
      if (thread.local.reg % 2 != 0) ++i;
    } else if (instruction.op == Op::ViolateIf) {
      if (thread.local.reg == instruction.value && thread.local.history != 0) {
        thread.program->execution_->violate(
            {.rule = "R-TEST", .what = {.format = "bad"}, .why = ""});
      }
    } else {
      thread.program->execute(thread, instruction);
    }
  }
}

void RandomProgram::run_handler(void* context) {
  auto& thread = *static_cast<Thread*>(context);
  RandomProgram& program = *thread.program;
  program.execution_->write(program.words_[thread.armed_by], 0);
  for (const Instruction& instruction : thread.code) program.access(thread, instruction);
}

void RandomProgram::execute(Thread& thread, const Instruction& i) {
  switch (i.op) {
    case Op::Lock:
    case Op::Unlock:
    case Op::TryLock:
    case Op::UnlockIfTaken:
    case Op::DownRead:
    case Op::UpRead:
    case Op::DownWrite:
    case Op::UpWrite:
      execute_lock(thread, i);
      break;
    case Op::Await:
      execution_->step_when(guard(i.a, i.value), {.format = "await()"});
      break;
    case Op::AwaitNot:
      execution_->step_when(guard(i.a, i.value, true), {.format = "await_not()"});
      read(thread, i.b);
      break;
    case Op::AwaitTake:
      execution_->step_when(guard(i.a, i.value), {.format = "await_and_take()"});
      execution_->write(words_[i.a], (i.value + 1) % kModulus);
      break;
    case Op::Choose:
    case Op::ChooseWide:
    case Op::ChooseIf:
      execute_choice(thread, i);
      break;
    default:
      execution_->step({.format = "access()"});
      access(thread, i);
      break;
  }
}

void RandomProgram::execute_lock(Thread& thread, const Instruction& i) {
  Execution& e = *execution_;
  ObjectId lock = words_[i.a];
  switch (i.op) {
    case Op::Lock:
      e.step_when(guard(i.a, 0), {.format = "lock()"});
      e.write(lock, 1);
      break;
    case Op::TryLock:
      e.step({.format = "trylock()"});
      thread.local.reg = options_.foreseeable ? e.read_to_compare(lock, 0) : e.read(lock);
      remember(thread, thread.local.reg);
      thread.local.taken = thread.local.reg == 0 ? 1 : 0;
      if (thread.local.taken != 0) e.write(lock, 1);
      break;
    case Op::UnlockIfTaken:
      if (thread.local.taken == 0) break;
      [[fallthrough]];
    case Op::Unlock:
      e.step({.format = "unlock()"});
      e.write(lock, 0);
      break;
    case Op::DownRead:
      e.step_when({.object = lock, .mask = kWriterBit}, {.format = "down_read()"});
      e.read_add(lock, 1);
      ++thread.local.nr_reading;
      break;
    case Op::UpRead:
      if (thread.local.nr_reading == 0) break;  // Skip has left out the other half
      --thread.local.nr_reading;
      e.step({.format = "up_read()"});
      e.read_add(lock, ~std::uint64_t{0});
      break;
    case Op::DownWrite:
      e.step_when(guard(i.a, 0), {.format = "down_write()"});
      e.write(lock, kWriterBit);
      thread.local.writing = 1;
      break;
    default:
      if (thread.local.writing == 0) break;
      thread.local.writing = 0;
      e.step({.format = "up_write()"});
      e.write(lock, 0);
      break;
  }
}

namespace {

class Labels final : public Alternatives {
 public:
  Labels(const Execution& execution, ObjectId word, const Instruction& instruction)
      : execution_(execution), word_(word), op_(instruction.op), value_(instruction.value) {}
  unsigned list(std::span<std::uint64_t, kMax> out) const override {
    out[0] = 0;
    if (op_ == Op::ChooseIf) {
      out[1] = 1;
      return execution_.peek(word_) != value_ ? 2 : 1;
    }
    out[1] = op_ == Op::Choose ? 1 + execution_.peek(word_) : 1;
    out[2] = 2;
    return op_ == Op::Choose ? 2 : 3;
  }

 private:
  const Execution& execution_;
  ObjectId word_;
  Op op_;
  std::uint64_t value_;
};

}  // namespace

void RandomProgram::execute_choice(Thread& thread, const Instruction& i) {
  Labels labels(*execution_, words_[i.a], i);
  std::uint64_t label = execution_->step_choose(labels, {.format = "choose()"});
  if (i.op == Op::Choose) {
    read(thread, i.a);
    execution_->write(words_[i.b], label % kModulus);
  } else if (i.op == Op::ChooseIf) {
    read(thread, i.a);
    if (label == 1) execution_->write(words_[i.b], i.value);
  } else if (label == 1) {
    execution_->write(words_[i.a], i.value);
  } else if (label == 2) {
    read(thread, i.a);
  }
  remember(thread, label);
}

void RandomProgram::access(Thread& thread, const Instruction& i) {
  Execution& e = *execution_;
  switch (i.op) {
    case Op::Read:
      read(thread, i.a);
      break;
    case Op::Write:
      e.write(words_[i.a], i.value);
      break;
    case Op::Copy:
      e.write(words_[i.b], read(thread, i.a));
      break;
    case Op::Branch:
      if (read(thread, i.a) == i.value) {
        read(thread, i.b);
      } else {
        e.write(words_[i.c], i.value);
      }
      break;
    case Op::Adjust:
      e.commute(words_[kCounter], e.peek(words_[kCounter]) + (i.value % 2 != 0 ? 1 : ~0ull));
      break;
    case Op::Increment:
      e.write(words_[i.a], (read(thread, i.a) + 1) % kModulus);
      break;
    case Op::BlindStore:
      e.write(words_[i.a], thread.local.reg % kModulus);
      break;
    case Op::Commute:
      e.commute(words_[i.a], e.peek(words_[i.a]) + 1);
      break;
    case Op::Send:
      e.write(words_[i.a], 1);
      break;
    default:
      break;
  }
}

std::string RandomProgram::text() const {
  static constexpr const char* kNames[] = {"read",
                                           "write",
                                           "copy",
                                           "branch",
                                           "increment",
                                           "store",
                                           "commute",
                                           "lock",
                                           "unlock",
                                           "trylock",
                                           "unlock_if_taken",
                                           "down_read",
                                           "up_read",
                                           "down_write",
                                           "up_write",
                                           "await",
                                           "await_not",
                                           "await_take",
                                           "choose",
                                           "choose_wide",
                                           "choose_if",
                                           "adjust",
                                           "send",
                                           "skip",
                                           "violate_if"};
  std::string result;
  for (const Thread& thread : threads_) {
    result += thread.handler
                  ? "handler (w" + std::to_string(thread.armed_by) + "==1, w" +
                        std::to_string(thread.gate) + "==" + std::to_string(thread.open) + "):"
                  : "thread:";
    for (const Instruction& i : thread.code) {
      result += std::string(" ") + kNames[static_cast<unsigned>(i.op)] + "(" + std::to_string(i.a) +
                "," + std::to_string(i.b) + "," + std::to_string(i.c) + "," +
                std::to_string(i.value) + ")";
    }
    result += "\n";
  }
  return result;
}

}  // namespace mmcheck::explore

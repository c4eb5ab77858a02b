// SPDX-License-Identifier: Apache-2.0
#include "tso_program.h"

#include <random>

#include "explore/search.h"

namespace mmcheck::explore {

namespace {

constexpr std::uint64_t kEnd = ~std::uint64_t{0};

std::uint64_t value_of(unsigned thread, std::size_t index) { return 1 + thread * 100 + index; }

/// What both ways have in common.
class TsoProgram : public Program {
 public:
  explicit TsoProgram(const TsoCode& code) : code_(code) {
    for (unsigned t = 0; t < code.threads.size(); ++t) threads_.push_back({this, t, {}});
  }

  TsoOutcome outcome(const TraceLog& log) {
    note_order(log);
    TsoOutcome result;
    for (const Thread& thread : threads_) {
      result.insert(result.end(), thread.read.begin(), thread.read.end());
      result.push_back(kEnd);
    }
    for (const auto& stores : order_) {
      result.insert(result.end(), stores.begin(), stores.end());
      result.push_back(kEnd);
    }
    return result;
  }

 protected:
  struct Thread {
    TsoProgram* program;
    unsigned number;
    std::vector<std::uint64_t> read;
  };

  void setup_threads(Execution& execution) {
    execution_ = &execution;
    order_.assign(code_.nr_words, {});
    for (Thread& thread : threads_) {
      thread.read.clear();
      execution.spawn("thread", CpuId{static_cast<std::uint8_t>(thread.number)}, &TsoProgram::run,
                      &thread);
    }
  }

  virtual std::uint64_t load(unsigned thread, unsigned word) = 0;
  virtual void store(unsigned thread, unsigned word, std::uint64_t value) = 0;
  virtual std::uint64_t exchange(unsigned thread, unsigned word, std::uint64_t value) = 0;
  /// By `value` where the word is 0.
  virtual std::uint64_t compare_exchange(unsigned thread, unsigned word, std::uint64_t value) = 0;
  virtual void fence(unsigned thread) = 0;
  /// For whom order_ is not kept by the steps.
  virtual void note_order(const TraceLog& log) { static_cast<void>(log); }

  const TsoCode& code_;
  Execution* execution_ = nullptr;
  std::vector<Thread> threads_;
  std::vector<std::vector<std::uint64_t>> order_;  ///< per word, the values as they reached memory

 private:
  static void run(void* context) {
    auto& thread = *static_cast<Thread*>(context);
    thread.program->run_thread(thread);
  }
  void run_thread(Thread& thread) {
    const auto& code = code_.threads[thread.number];
    for (std::size_t i = 0; i < code.size(); ++i) {
      const std::uint64_t value = value_of(thread.number, i);
      switch (code[i].op) {
        case TsoOp::Load:
          thread.read.push_back(load(thread.number, code[i].word));
          break;
        case TsoOp::Store:
          store(thread.number, code[i].word, value);
          break;
        case TsoOp::Exchange:
          thread.read.push_back(exchange(thread.number, code[i].word, value));
          break;
        case TsoOp::CompareExchange:
          thread.read.push_back(compare_exchange(thread.number, code[i].word, value));
          break;
        case TsoOp::Fence:
          fence(thread.number);
          break;
      }
    }
  }
};

class OnMemory final : public TsoProgram {
 public:
  OnMemory(const TsoCode& code, MemoryModel model) : TsoProgram(code), memory_(model) {}

  void setup(Execution& execution) override {
    memory_.reset(execution);
    words_.clear();
    for (unsigned i = 0; i < code_.nr_words; ++i) words_.push_back(memory_.add(0, {.format = "w"}));
    setup_threads(execution);
    memory_.start(static_cast<unsigned>(threads_.size()));
  }

 private:
  std::uint64_t load(unsigned, unsigned word) override {
    return memory_.load(words_[word], {.format = "load"});
  }
  void store(unsigned, unsigned word, std::uint64_t value) override {
    memory_.store(words_[word], value, {.format = "store"});
  }
  std::uint64_t exchange(unsigned, unsigned word, std::uint64_t value) override {
    return memory_.update(words_[word], [=](std::uint64_t) { return value; }, {.format = "xchg"});
  }
  std::uint64_t compare_exchange(unsigned, unsigned word, std::uint64_t value) override {
    return memory_.compare_exchange(words_[word], 0, value, {.format = "cmpxchg"});
  }
  void fence(unsigned) override { memory_.fence(); }
  void note_order(const TraceLog& log) override {
    for (unsigned i = 0; i < code_.nr_words; ++i) order_[i].clear();
    for (std::uint32_t e = 0; e < log.size(); ++e) {
      for (const LoggedAccess& access : log.accesses_of(e)) {
        for (unsigned i = 0; i < code_.nr_words; ++i) {
          if (access.use.object != words_[i] || access.use.mode != Mode::Write) continue;
          order_[i].push_back(access.before + access.use.delta);
        }
      }
    }
  }

  Memory memory_;
  std::vector<ObjectId> words_;
};

/// For Strategy::Naive only: the state is in plain memory.
class OnBuffers final : public TsoProgram {
 public:
  explicit OnBuffers(const TsoCode& code) : TsoProgram(code) {}

  void setup(Execution& execution) override {
    memory_.assign(code_.nr_words, 0);
    buffers_.assign(code_.threads.size(), {});
    sizes_.clear();
    drains_.clear();
    for (unsigned t = 0; t < code_.threads.size(); ++t) {
      sizes_.push_back(execution.new_object(0, {.format = "buffered"}));
      drains_.push_back({this, t});
    }
    setup_threads(execution);
    for (Drain& drain : drains_) {
      execution.spawn_daemon("drain", CpuId{static_cast<std::uint8_t>(drain.thread)},
                             &OnBuffers::run_drain, &drain);
    }
  }

 private:
  struct Drain {
    OnBuffers* program;
    unsigned thread;
  };
  struct Buffered {
    unsigned word;
    std::uint64_t value;
  };

  static void run_drain(void* context) {
    const auto& drain = *static_cast<Drain*>(context);
    OnBuffers& program = *drain.program;
    while (true) {
      program.execution_->step_when({.object = program.sizes_[drain.thread], .negated = true},
                                    {.format = "drain"});
      auto& buffer = program.buffers_[drain.thread];
      program.write(buffer.front().word, buffer.front().value);
      buffer.pop_front();
      program.execution_->write(program.sizes_[drain.thread], buffer.size());
    }
  }
  void write(unsigned word, std::uint64_t value) {
    memory_[word] = value;
    order_[word].push_back(value);
  }
  std::uint64_t load(unsigned thread, unsigned word) override {
    execution_->step({.format = "load"});
    const auto& buffer = buffers_[thread];
    for (auto entry = buffer.rbegin(); entry != buffer.rend(); ++entry) {
      if (entry->word == word) return entry->value;
    }
    return memory_[word];
  }
  void store(unsigned thread, unsigned word, std::uint64_t value) override {
    execution_->step({.format = "store"});
    buffers_[thread].push_back({word, value});
    execution_->write(sizes_[thread], buffers_[thread].size());
  }
  std::uint64_t exchange(unsigned thread, unsigned word, std::uint64_t value) override {
    fence(thread);
    const std::uint64_t old = memory_[word];
    write(word, value);
    return old;
  }
  std::uint64_t compare_exchange(unsigned thread, unsigned word, std::uint64_t value) override {
    fence(thread);
    const std::uint64_t old = memory_[word];
    if (old == 0) write(word, value);
    return old;
  }
  void fence(unsigned thread) override {
    execution_->step_when({.object = sizes_[thread]}, {.format = "fence"});
  }

  std::vector<std::uint64_t> memory_;
  std::vector<std::deque<Buffered>> buffers_;
  std::vector<ObjectId> sizes_;
  std::vector<Drain> drains_;
};

template <typename P>
TsoSeen look(P& program, Strategy strategy, std::uint64_t executions_max) {
  TsoSeen seen;
  seen.result = explore_observed(
      program, {},
      {.strategy = strategy,
       .on_violation = OnViolation::Continue,
       .executions_max = executions_max},
      {}, [&](const Engine& engine, Ending) {
        seen.outcomes.insert(program.outcome(engine.log()));
      });
  return seen;
}

}  // namespace

TsoSeen run_on_memory(const TsoCode& code, MemoryModel model, Strategy strategy,
                      std::uint64_t executions_max) {
  OnMemory program(code, model);
  return look(program, strategy, executions_max);
}

TsoSeen run_on_buffers(const TsoCode& code, std::uint64_t executions_max) {
  OnBuffers program(code);
  return look(program, Strategy::Naive, executions_max);
}

TsoCode random_tso_code(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto draw = [&](unsigned below) { return static_cast<unsigned>(random() % below); };
  static constexpr TsoOp kOps[] = {TsoOp::Load,     TsoOp::Load,  TsoOp::Load,
                                   TsoOp::Load,     TsoOp::Store, TsoOp::Store,
                                   TsoOp::Store,    TsoOp::Store, TsoOp::Exchange,
                                   TsoOp::CompareExchange, TsoOp::Fence};
  TsoCode code;
  code.nr_words = 2 + draw(2);
  code.threads.resize(2 + draw(3));
  const unsigned length = code.threads.size() == 2 ? 5 : code.threads.size() == 3 ? 3 : 2;
  for (auto& thread : code.threads) {
    for (unsigned i = 1 + draw(length); i > 0; --i) {
      thread.push_back({.op = kOps[draw(std::size(kOps))],
                        .word = static_cast<std::uint8_t>(draw(code.nr_words))});
    }
  }
  return code;
}

std::string TsoCode::text() const {
  static constexpr const char* kNames[] = {"load", "store", "xchg", "cmpxchg", "fence"};
  std::string result;
  for (const auto& thread : threads) {
    for (const TsoInstruction& i : thread) {
      result += std::string(kNames[static_cast<unsigned>(i.op)]) + " " + std::to_string(i.word) + "; ";
    }
    result += "\n";
  }
  return result;
}

}  // namespace mmcheck::explore

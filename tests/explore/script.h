// SPDX-License-Identifier: Apache-2.0
// Small programs for tests: words, and threads as lambdas.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "explore/cell.h"
#include "explore/execution.h"

namespace mmcheck::explore {

/// Threads see the words as `s.word(i)`; a step is announced by `s.step()`.
class Script : public Program {
 public:
  using Body = std::function<void(Script&)>;

  explicit Script(std::vector<std::uint64_t> initial) : initial_(std::move(initial)) {}

  Script& thread(Body body) {
    threads_.push_back({.self = this, .body = std::move(body), .name = {}});
    threads_.back().name = "T" + std::to_string(threads_.size() - 1);
    return *this;
  }
  /// Runs as one step whenever word `object` has the value, and word `object2` has `value2`.
  Script& handler(unsigned object, std::uint64_t value, unsigned object2, std::uint64_t value2,
                  Body body) {
    thread(std::move(body));
    threads_.back().is_handler = true;
    threads_.back().first = {object, value};
    threads_.back().second = {object2, value2};
    return *this;
  }
  /// Runs when all threads have finished.
  Script& at_end(Body body) {
    at_end_ = std::move(body);
    return *this;
  }

  void setup(Execution& execution) override {
    execution_ = &execution;
    words_.clear();
    for (std::size_t i = 0; i < initial_.size(); ++i) {
      words_.push_back({execution,
                        initial_[i],
                        {.format = "w{}",
                         .args = {{.value = i, .format = trace::format_decimal}},
                         .value = trace::format_decimal}});
    }
    for (Thread& thread : threads_) {
      auto cpu = CpuId{static_cast<std::uint8_t>(&thread - &threads_.front())};
      if (thread.is_handler) {
        execution.spawn_handler(thread.name, cpu,
                                words_[thread.first.first].is(thread.first.second),
                                words_[thread.second.first].is(thread.second.second),
                                {.format = "handle"}, &Script::run, &thread);
      } else {
        execution.spawn(thread.name, cpu, &Script::run, &thread);
      }
    }
  }
  bool rewindable() const override { return true; }
  void finished(Execution&) override {
    if (at_end_) at_end_(*this);
  }

  Execution& execution() { return *execution_; }
  Cell<std::uint64_t>& word(unsigned i) { return words_[i]; }
  Cell<std::uint64_t>& operator[](unsigned i) { return words_[i]; }
  void step(std::string_view text = "step") { execution_->step({.format = text}); }
  void step_when(const Guard& guard, std::string_view text = "wait") {
    execution_->step_when(guard, {.format = text});
  }
  /// A step that only reads, or only writes.
  std::uint64_t read(unsigned i) {
    execution_->step({.format = "read"});
    return words_[i].read_last();
  }
  void write(unsigned i, std::uint64_t value) {
    execution_->step({.format = "write"});
    words_[i].write(value);
  }
  void lock(unsigned i) {
    step_when(words_[i].is(0), "lock");
    words_[i].write(1);
  }
  void unlock(unsigned i) {
    execution_->step({.format = "unlock"});
    words_[i].write(0);
  }
  void violate(std::string_view rule = "R-TEST", std::initializer_list<EventId> events = {}) {
    trace::Violation violation{.rule = rule, .what = {.format = "broken"}, .why = "test"};
    unsigned i = 0;
    for (EventId event : events) violation.events[i++] = event;
    execution_->violate(violation);
  }

 private:
  struct Thread {
    Script* self;
    Body body;
    std::string name;
    bool is_handler = false;
    std::pair<unsigned, std::uint64_t> first{};
    std::pair<unsigned, std::uint64_t> second{};
  };
  static void run(void* context) {
    auto* thread = static_cast<Thread*>(context);
    thread->body(*thread->self);
  }

  std::vector<std::uint64_t> initial_;
  std::vector<Thread> threads_;
  Body at_end_;
  Execution* execution_ = nullptr;
  std::vector<Cell<std::uint64_t>> words_;
};

}  // namespace mmcheck::explore

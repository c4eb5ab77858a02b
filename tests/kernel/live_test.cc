// SPDX-License-Identifier: Apache-2.0
// R-LIVE, and the primitives that it is about.
#include <gtest/gtest.h>

#include <boost/container/static_vector.hpp>
#include <functional>
#include <optional>

#include "explore/explorer.h"
#include "kernel/locks.h"

namespace mmcheck::kernel {
namespace {

/// Turns what the kernel reports into violations, as the rules do.
class ReportingMonitor final : public Monitor {
 public:
  explore::Execution* execution = nullptr;
  void freed_frame_used(const machine::Frame&) override {}
  void frame_freed(const machine::Frame&) override {}
  void store_landed(const machine::Frame&) override {}
  void translated(const machine::PteSlot&, unsigned) override {}
  void freed_table_walked(const machine::TablePage&) override {}
  void table_freed(const machine::TablePage&, unsigned) override {}
  void lock_out_of_order(LockClass, LockClass) override {
    execution->violate({.rule = "order", .what = {.format = "order"}});
  }
  void sleep_in_atomic(LockClass) override {
    execution->violate({.rule = "atomic", .what = {.format = "atomic"}});
  }
  void lock_checked() override {}
};

/// Two CPUs, each with a task, and one lock of each kind.
class TwoTasks final : public explore::Program {
 public:
  using Body = std::function<void(TwoTasks&, task_struct&)>;

  TwoTasks(Body first, Body second) : bodies_{std::move(first), std::move(second)} {}

  void setup(explore::Execution& x) override {
    monitor_.execution = &x;
    kept_.emplace(x);
    cpus.clear();
    spin = {x, LockClass::ptl, {.format = "spin"}};
    outer = {x, LockClass::mmap_lock, {.format = "outer"}};
    inner = {x, LockClass::i_mmap_rwsem, {.format = "inner"}};
    word = explore::Cell<int>(x, 0, {.format = "word"});
    for (unsigned i = 0; i < 2; ++i) {
      cpus.emplace_back(*kept_, static_cast<CpuId>(i), 2u);
      mask.set(static_cast<CpuId>(i));
    }
    for (unsigned i = 0; i < 2; ++i) {
      cpu_list[i] = &cpus[i];
      tasks_[i] = {};
      tasks_[i].execution = &x;
      tasks_[i].cpu = &cpus[i];
      tasks_[i].monitor = &monitor_;
      contexts_[i] = {this, i};
      x.spawn(i == 0 ? "first" : "second", static_cast<CpuId>(i), &TwoTasks::run, &contexts_[i]);
    }
    for (machine::Cpu& cpu : cpus) cpu.start_handlers(2);
  }

  spinlock_t spin;
  rw_semaphore outer;
  rw_semaphore inner;
  explore::Cell<int> word;
  boost::container::static_vector<machine::Cpu, 2> cpus;
  machine::Cpu* cpu_list[2] = {};
  machine::cpumask_t mask;

 private:
  struct Context {
    TwoTasks* program = nullptr;
    unsigned number = 0;
  };
  static void run(void* context) {
    auto& [program, number] = *static_cast<Context*>(context);
    program->bodies_[number](*program, program->tasks_[number]);
  }

  Body bodies_[2];
  ReportingMonitor monitor_;
  std::optional<machine::Kept> kept_;
  task_struct tasks_[2];
  Context contexts_[2];
};

void nothing(TwoTasks&, task_struct&) {}

std::string rule_broken(TwoTasks::Body first, TwoTasks::Body second = nothing) {
  TwoTasks program(std::move(first), std::move(second));
  const explore::Result result = explore::explore(program, {});
  EXPECT_TRUE(result.complete);
  return result.counterexample ? result.counterexample->rule : "";
}

void flush_with_interrupts_off(TwoTasks& p, task_struct& task) {
  task.cpu->local_irq_disable();
  machine::x86_64().flush_tlb(*task.cpu, {}, p.mask, p.cpu_list);
  task.cpu->local_irq_enable();
}

void flush(TwoTasks& p, task_struct& task) {
  machine::x86_64().flush_tlb(*task.cpu, {}, p.mask, p.cpu_list);
}

TEST(Live, TwoFlushesWithInterruptsOffDeadlock) {
  EXPECT_EQ(rule_broken(flush_with_interrupts_off, flush_with_interrupts_off), "R-LIVE");
}

TEST(Live, OneFlushWithInterruptsOffIsServed) {
  EXPECT_EQ(rule_broken(flush_with_interrupts_off, flush), "");
}

/// Asks for a flush while the other CPU has set the word to 1, and breaks the rule if the flush is
/// over while it is still 1.
void flush_must_outlast_one(TwoTasks& p, task_struct& task) {
  task.x().step({.format = "look"});
  if (p.word.read() != 1) return;
  flush(p, task);
  task.x().step({.format = "look again"});
  if (p.word.read() == 1) task.x().violate({.rule = "too early", .what = {.format = "early"}});
}

void set_one_then_two(TwoTasks& p, task_struct& task) {
  for (int value : {1, 2}) {
    task.x().step({.format = "set"});
    p.word.write(value);
  }
}

TEST(Live, FlushWaitsUntilInterruptsAreOn) {
  EXPECT_EQ(rule_broken(flush_must_outlast_one,
                        [](TwoTasks& p, task_struct& task) {
                          task.cpu->local_irq_disable();
                          set_one_then_two(p, task);
                          task.cpu->local_irq_enable();
                        }),
            "");
  EXPECT_EQ(rule_broken(flush_must_outlast_one, set_one_then_two), "too early");
}

TEST(Live, LocksOutOfOrder) {
  EXPECT_EQ(rule_broken([](TwoTasks& p, task_struct& task) {
              p.inner.down_read(task, {.format = "inner"});
              p.outer.down_read(task, {.format = "outer"});
            }),
            "order");
  EXPECT_EQ(rule_broken([](TwoTasks& p, task_struct& task) {
              p.outer.down_read(task, {.format = "outer"});
              p.inner.down_read(task, {.format = "inner"});
              p.inner.up_read(task, {.format = "inner"});
              p.outer.up_read(task, {.format = "outer"});
            }),
            "");
}

TEST(Live, SleepingLockUnderSpinlock) {
  // In the order of classes, so that only the sleep is wrong.
  EXPECT_EQ(rule_broken([](TwoTasks& p, task_struct& task) {
              task.cpu->local_irq_disable();
              p.inner.down_read(task, {.format = "inner"});
            }),
            "atomic");
}

TEST(Live, SpinlockExcludes) {
  const auto body = [](TwoTasks& p, task_struct& task) {
    p.spin.lock(task, {.format = "lock"});
    task.x().step({.format = "enter"});
    if (p.word.exchange(1) != 0) {
      task.x().violate({.rule = "excluded", .what = {.format = "both are in"}});
    }
    task.x().step({.format = "leave"});
    p.word.write(0);
    p.spin.unlock(task, {.format = "unlock"});
  };
  EXPECT_EQ(rule_broken(body, body), "");
}

TEST(Live, DowngradedWriterLetsReadersInButNoWriter) {
  const auto downgrading = [](TwoTasks& p, task_struct& task) {
    p.outer.down_write(task, {.format = "write"});
    p.outer.downgrade_write(task, {.format = "downgrade"});
    task.x().step({.format = "enter"});
    p.word.write(1);
    task.x().step({.format = "leave"});
    p.word.write(0);
    p.outer.up_read(task, {.format = "up"});
  };
  const auto looking = [](TwoTasks& p, task_struct& task, bool write) {
    const trace::StepText text{.format = "lock"};
    write ? p.outer.down_write(task, text) : p.outer.down_read(task, text);
    task.x().step({.format = "look"});
    if (p.word.read() == 1) task.x().violate({.rule = "met", .what = {.format = "met"}});
    write ? p.outer.up_write(task, text) : p.outer.up_read(task, text);
  };
  EXPECT_EQ(
      rule_broken(downgrading, [&](TwoTasks& p, task_struct& task) { looking(p, task, false); }),
      "met");
  EXPECT_EQ(
      rule_broken(downgrading, [&](TwoTasks& p, task_struct& task) { looking(p, task, true); }),
      "");
}

}  // namespace
}  // namespace mmcheck::kernel

// SPDX-License-Identifier: Apache-2.0
#include "guest.h"

#include <bit>
#include <random>

#include "explore/engine.h"

namespace mmcheck::syscall {

GuestProgram::GuestProgram(std::vector<Body> bodies, std::string_view design,
                           explore::MemoryModel model)
    : bodies_(std::move(bodies)), design_(*design::find_design(design)), memory_(model) {}

void GuestProgram::setup(explore::Execution& execution) {
  execution_ = &execution;
  outcome.assign(bodies_.size(), 0);
  memory_.reset(execution);
  kernel_.reset();
  kernel_ =
      std::make_unique<Kernel>(execution, memory_, contents_, monitors_, design_, room, features);
  threads_.clear();
  threads_.resize(room.threads);
  for (unsigned t = 0; t < room.threads; ++t) {
    threads_[t] = {this, t};
    const auto cpu = static_cast<CpuId>(t);
    if (t == 0) {
      execution.spawn("main", cpu, &run_thread, &threads_[t]);
    } else {
      execution.spawn_daemon("thread", cpu, &run_thread, &threads_[t]);
    }
  }
  kernel_->start();
}

void GuestProgram::run_thread(void* context) {
  const Thread& thread = *static_cast<Thread*>(context);
  GuestProgram& program = *thread.program;
  Guest guest(*program.kernel_, thread.number);
  if (thread.number == 0) {
    program.bodies_[0](guest);
    return;
  }
  // The slot may be used again and again.
  while (true) {
    program.execution_->step_when(program.kernel_->started(thread.number), {.format = "started"});
    if (thread.number < program.bodies_.size()) program.bodies_[thread.number](guest);
    if (program.kernel_->process_of(thread.number) != Kernel::kNoProcess) return;
  }
}

void run(GuestProgram& program) {
  while (true) {
    try {
      explore::run_once(program, [](ThreadId) {});
      return;
    } catch (const OutOfRoom& more) {
      program.room = more.needed;
      program.features = more.features;
    }
  }
}

void run(const Body& body) {
  GuestProgram program({body});
  program.room.threads = 1;
  run(program);
}

explore::Result search(GuestProgram& program, const explore::Options& options) {
  while (true) {
    try {
      return explore::explore(program, options);
    } catch (const OutOfRoom& more) {
      program.room = more.needed;
      program.features = more.features;
    }
  }
}

namespace {

Walk walk_once(GuestProgram& program, std::uint64_t seed, std::uint64_t steps_max) {
  explore::Engine engine(program, {.logging = false, .real_time = true, .steps_max = steps_max});
  std::mt19937_64 random(seed);
  std::uint64_t labels[explore::Alternatives::kMax];
  engine.begin();
  while (!engine.violated() && !engine.at_step_limit()) {
    std::uint32_t enabled = engine.enabled();
    if (enabled == 0) break;
    for (auto skip = random() % static_cast<unsigned>(std::popcount(enabled)); skip > 0; --skip) {
      enabled &= enabled - 1;
    }
    const auto thread = static_cast<unsigned>(std::countr_zero(enabled));
    const unsigned nr_labels = engine.list(thread, labels);
    engine.run(thread, labels[nr_labels == 1 ? 0 : random() % nr_labels]);
  }
  Walk walk{.steps = engine.nr_steps(), .rule = {}};
  if (!engine.violated() && engine.at_step_limit()) return walk;
  engine.conclude();
  if (engine.violated()) walk.rule = engine.reported()->violation.rule;
  return walk;
}

}  // namespace

Walk random_walk(GuestProgram& program, std::uint64_t seed, std::uint64_t steps_max) {
  while (true) {
    try {
      return walk_once(program, seed, steps_max);
    } catch (const OutOfRoom& more) {
      program.room = more.needed;
      program.features = more.features;
    }
  }
}

}  // namespace mmcheck::syscall

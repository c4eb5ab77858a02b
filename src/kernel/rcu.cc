// SPDX-License-Identifier: Apache-2.0
#include "kernel/rcu.h"

namespace mmcheck::kernel {

using trace::Detail;

rcu_state::rcu_state(machine::Kept& kept, machine::cpumask_t readers)
    : pending_(
          kept.execution(), 0,
          {.format = "rcu callbacks", .value = trace::format_decimal, .detail = Detail::Minor}),
      callbacks_(kept, kCallbacksMax),
      readers_(readers) {}

void rcu_state::call_rcu(rcu_callback_t function, void* object, unsigned argument) {
  pending_.write(pending_.read_last() + 1);
  callbacks_.push_back({function, object, argument});
}

void rcu_state::wait_for_readers(explore::Execution& x, const machine::Cpu* self,
                                 machine::Cpu* const* cpus, std::string_view format) const {
  for_each_cpu(readers_, [&](CpuId reader) {
    machine::Cpu* cpu = cpus[to_index(reader)];
    if (cpu == self) return;
    x.step_when(cpu->irqs_on(),
                {.format = format, .args = {machine::arg(reader)}, .detail = Detail::Minor});
  });
}

void rcu_state::synchronize_rcu(task_struct& task, machine::Cpu* const* cpus) const {
  task.x().step({.format = "synchronize_rcu()"});
  wait_for_readers(task.x(), task.cpu, cpus, "synchronize_rcu(): CPU{} is quiescent");
}

void rcu_state::smp_call_function_sync(task_struct& task, machine::Cpu* const* cpus) const {
  task.x().step({.format = "smp_call_function(): IPIs sent"});
  wait_for_readers(task.x(), task.cpu, cpus, "smp_call_function(): CPU{} has taken it");
}

void rcu_state::gp_kthread(explore::Execution& x, machine::Cpu* const* cpus) {
  while (true) {
    x.step_when(pending_.is_not(0), {.format = "rcu_gp_init()", .detail = Detail::Minor});
    const unsigned batch = callbacks_.size();
    wait_for_readers(x, nullptr, cpus, "rcu_gp_fqs(): CPU{} is quiescent");
    x.step({.format = "rcu_do_batch()"});
    pending_.write(pending_.read() - batch);
    for (unsigned i = 0; i < batch; ++i) {
      const rcu_head head = callbacks_[0];
      callbacks_.erase(callbacks_.begin());
      head.function(head.object, head.argument);
    }
  }
}

}  // namespace mmcheck::kernel

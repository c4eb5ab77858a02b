// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernel/task.h"

namespace mmcheck::kernel {

/// Grace periods. linux v6.12 kernel/rcu/tree.c
///
/// A grace period is over once each CPU has been outside every reader at some moment since it
/// began. What was unlinked before it is then in nobody's hands:
///
///     CPU0 reader                    CPU1 updater
///     local_irq_save
///     p = the table                  unlink the table
///                                    call_rcu: a grace period begins
///     use *p
///     local_irq_restore
///                                    the grace period ends: free the table
///
/// Readers are regions with interrupts off: since v4.20 these count, as regions without preemption
/// and those under rcu_read_lock() do. differs: only regions with interrupts off are readers.
class rcu_state {
 public:
  using rcu_callback_t = void (*)(void* object, unsigned argument);

  rcu_state() = default;
  /// `readers`: the CPUs that ever run a reader. The others need not be asked.
  rcu_state(machine::Kept& kept, machine::cpumask_t readers);

  /// Part of the current step: `function(object, argument)` is called after a grace period, as part
  /// of a step.
  void call_rcu(rcu_callback_t function, void* object, unsigned argument);

  /// Waits for a grace period.
  void synchronize_rcu(task_struct& task, machine::Cpu* const* cpus) const;
  /// Waits until each other CPU has had its interrupts on: what an IPI that does nothing comes to.
  /// linux v6.12 kernel/smp.c: smp_call_function(..., wait = 1)
  void smp_call_function_sync(task_struct& task, machine::Cpu* const* cpus) const;

  /// linux v6.12 kernel/rcu/tree.c: rcu_gp_kthread, rcu_do_batch. Never returns.
  /// differs: one grace period at a time, as in Linux, but all callbacks run on one thread.
  void gp_kthread(explore::Execution& x, machine::Cpu* const* cpus);

 private:
  struct rcu_head {
    rcu_callback_t function = nullptr;
    void* object = nullptr;
    unsigned argument = 0;
  };
  static constexpr unsigned kCallbacksMax = 8;

  /// Waits, for one reader's CPU after the other, until it is outside.
  void wait_for_readers(explore::Execution& x, const machine::Cpu* self, machine::Cpu* const* cpus,
                        std::string_view format) const;

  explore::Cell<unsigned> pending_;            ///< callbacks that wait
  machine::KeptVector<rcu_head> callbacks_{};  ///< [pending_]
  machine::cpumask_t readers_;
};

}  // namespace mmcheck::kernel

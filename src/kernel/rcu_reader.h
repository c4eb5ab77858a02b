// SPDX-License-Identifier: Apache-2.0
// rcu_read_lock(): who waits for a grace period waits for the readers that were there when he
// began, not for those that come later. linux v6.12 include/linux/rcupdate.h, kernel/rcu/tree.c
#pragma once

#include <array>

#include "kernel/task.h"

namespace mmcheck::kernel {

/// One thread's read-side critical sections. They do not nest here.
class rcu_reader {
 public:
  rcu_reader() = default;
  explicit rcu_reader(explore::Execution& execution) : sections_(execution, 0, {.format = "rcu"}) {}

  // Parts of the current step. A section that begins with its first access begins early enough.
  void rcu_read_lock() { sections_.write(sections_.peek() + 1); }
  void rcu_read_unlock() { sections_.write(sections_.peek() + 1); }

  /// Odd while the thread is in a section.
  std::uint32_t get_state() const { return sections_.read(); }
  explore::Guard left(std::uint32_t state) const { return sections_.is_not(state); }

 private:
  explore::Cell<std::uint32_t> sections_;  ///< begun and ended
};

/// Waits until every section that is under way now, in one of `readers`, has ended.
template <typename Readers>
void synchronize_rcu(task_struct& task, const Readers& readers) {
  std::array<std::uint32_t, machine::kCpusMax> states{};
  task.x().step({.format = "synchronize_rcu()"});
  unsigned i = 0;
  for (const rcu_reader& reader : readers) states[i++] = reader.get_state();
  i = 0;
  for (const rcu_reader& reader : readers) {
    const std::uint32_t state = states[i++];
    if (state % 2 == 0) continue;
    task.x().step_when(reader.left(state), {.format = "synchronize_rcu(): a reader has left",
                                            .detail = trace::Detail::Minor});
  }
}

}  // namespace mmcheck::kernel

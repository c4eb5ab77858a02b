// SPDX-License-Identifier: Apache-2.0
#include "machine/table_page.h"

#include <algorithm>

namespace mmcheck::machine {

using trace::Detail;

TablePage::TablePage(Kept& kept, Monitor& monitor, const pmd_t& pmd, cpumask_t cpus, Vaddr va)
    : execution_(&kept.execution()),
      monitor_(&monitor),
      pmd_(&pmd),
      generation_(&kept.make<std::uint32_t>(0u)),
      events_(&kept.make<Events>()),
      freed_(kept.execution(), 0,
             {.format = "tables freed at {}", .args = {arg(va)}, .value = trace::format_decimal}),
      cpus_(cpus),
      va_(va) {
  for_each_cpu(cpus, [&](CpuId cpu) {
    floors_[to_index(cpu)] = explore::Cell<std::uint32_t>(kept.execution(), 0,
                                                          {.format = "walk cache of CPU{} for {}",
                                                           .args = {arg(cpu), arg(va)},
                                                           .detail = Detail::Minor});
  });
}

void TablePage::forget(CpuId cpu) {
  if (!cpus_.test(cpu)) return;
  // Which tables it ends depends on what has been unhooked before: a read of the entry above.
  static_cast<void>(pmd_->read_last());
  auto& floor = floors_[to_index(cpu)];
  floor.commute(std::max(floor.peek(), *generation_));
}

void TablePage::walk(unsigned generation) const {
  if (freed_.read_last() > generation) monitor_->freed_table_walked(*this);
}

void TablePage::unhooked() {
  ++*generation_;
  events_->unhooked = execution_->current_event();
}

void TablePage::free(unsigned generation) {
  freed_.write(std::max(freed_.read_last(), generation + 1));
  events_->freed = execution_->current_event();
  monitor_->table_freed(*this, generation);
}

}  // namespace mmcheck::machine

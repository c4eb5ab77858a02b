// SPDX-License-Identifier: Apache-2.0
#include "machine/page_table.h"

#include <algorithm>

#include "base/error.h"

namespace mmcheck::machine {

namespace {

void format_space(const trace::Names& names, std::uint64_t value, std::string& out) {
  if (auto name = names.find(trace::NameSpace::Process, value); !name.empty()) {
    out += name;
  } else {
    trace::format_decimal(names, value, out);
  }
}

}  // namespace

PteSlot::PteSlot(explore::Execution& execution, Monitor& monitor, Vaddr va, std::uint64_t space,
                 cpumask_t cpus, const pmd_t& pmd, pte_t initial)
    : execution_(&execution),
      monitor_(&monitor),
      cell_(
          execution, initial,
          {.format = "pte({}:{})", .args = {{space, format_space}, arg(va)}, .value = format_pte}),
      pmd_(&pmd),
      va_(va),
      space_(space),
      cpus_(cpus) {
  versions_.push_back({.value = initial});
  for_each_cpu(cpus, [&](CpuId cpu) {
    floors_[to_index(cpu)] = explore::Cell<std::uint32_t>(
        execution, 0, {.format = "TLB{}({})", .args = {arg(cpu), arg(va)}});
  });
}

void PteSlot::set_pte(pte_t value) {
  cell_.exchange(value);
  if (versions_.size() == kVersionsMax) {
    throw InternalError("a page-table entry changed more often than the machine can remember");
  }
  versions_.push_back({value, execution_->current_event()});
}

unsigned PteSlot::tlb_floor(CpuId cpu) const { return floors_[to_index(cpu)].read(); }

unsigned PteSlot::tlb_floor_peek(CpuId cpu) const { return floors_[to_index(cpu)].peek(); }

void PteSlot::tlb_invalidate(CpuId cpu) {
  if (!cpus_.test(cpu)) return;
  tlb_forget(cpu, tlb_oldest_kept());
}

unsigned PteSlot::tlb_oldest_kept() const {
  // Which versions it ends depends on what has been stored before: a read of the entry.
  static_cast<void>(cell_.read());
  return current();
}

void PteSlot::tlb_forget(CpuId cpu, unsigned oldest) {
  if (!cpus_.test(cpu)) return;
  auto& floor = floors_[to_index(cpu)];
  floor.commute(std::max(floor.peek(), oldest));
}

}  // namespace mmcheck::machine

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

PteSlot::PteSlot(Kept& kept, Monitor& monitor, Vaddr va, std::uint64_t space, cpumask_t cpus,
                 const pmd_t& pmd, pte_t initial)
    : execution_(&kept.execution()),
      monitor_(&monitor),
      cell_(
          kept.execution(), initial,
          {.format = "pte({}:{})", .args = {{space, format_space}, arg(va)}, .value = format_pte}),
      nr_versions_(&kept.make<std::uint32_t>(1u)),
      pmd_(&pmd),
      va_(va),
      space_(space),
      cpus_(cpus) {
  versions_[0] = {.value = initial};
  for_each_cpu(cpus, [&](CpuId cpu) {
    floors_[to_index(cpu)] = explore::Cell<std::uint32_t>(
        kept.execution(), 0, {.format = "TLB{}({})", .args = {arg(cpu), arg(va)}});
  });
}

void PteSlot::set_pte(pte_t value) {
  cell_.write(value);
  if (*nr_versions_ == kVersionsMax) {
    throw InternalError("a page-table entry changed more often than the machine can remember");
  }
  versions_[(*nr_versions_)++] = {value, execution_->current_event()};
}

unsigned PteSlot::tlb_floor(CpuId cpu) const { return floors_[to_index(cpu)].read(); }

unsigned PteSlot::tlb_floor_last(CpuId cpu) const { return floors_[to_index(cpu)].read_last(); }

unsigned PteSlot::tlb_floor_peek(CpuId cpu) const { return floors_[to_index(cpu)].peek(); }

void PteSlot::tlb_invalidate(CpuId cpu) {
  if (!cpus_.test(cpu)) return;
  tlb_forget(cpu, tlb_oldest_kept());
}

unsigned PteSlot::tlb_oldest_kept() const {
  // Which versions it ends depends on what has been stored before: a read of the entry.
  static_cast<void>(cell_.read_last());
  return current();
}

void PteSlot::tlb_forget(CpuId cpu, unsigned oldest) {
  if (!cpus_.test(cpu)) return;
  auto& floor = floors_[to_index(cpu)];
  floor.commute(std::max(floor.peek(), oldest));
}

}  // namespace mmcheck::machine

// SPDX-License-Identifier: Apache-2.0
#include "machine/page_table.h"

#include <algorithm>

#include "base/error.h"
#include "machine/table_page.h"

namespace mmcheck::machine {

namespace {

void format_space(const trace::Names& names, std::uint64_t value, std::string& out) {
  if (auto name = names.find(trace::NameSpace::Process, value); !name.empty()) {
    out += name;
  } else {
    trace::format_decimal(names, value, out);
  }
}

/// Entries that change more often are few.
constexpr unsigned kVersionsAtFirst = 6;

}  // namespace

PteSlot::PteSlot(Kept& kept, explore::Memory& memory, Monitor& monitor, Vaddr va,
                 std::uint64_t space, cpumask_t cpus, const pmd_t& pmd, pte_t initial,
                 mm_context* context, std::string_view name)
    : memory_(&memory),
      monitor_(&monitor),
      word_(memory.add(
          initial.word,
          {.format = name, .args = {{space, format_space}, arg(va)}, .value = format_pte}, *this)),
      past_(&kept.make<Past>()),
      pmd_(&pmd),
      versions_(kVersionsAtFirst),
      forgets_(!kept.rewound()),
      context_(context),
      va_(va),
      space_(space),
      cpus_(cpus) {
  versions_[0] = {.value = initial};
  for_each_cpu(cpus, [&](CpuId cpu) {
    floors_[to_index(cpu)] =
        execution().new_object(0, {.format = "TLB{}({})", .args = {arg(cpu), arg(va)}});
  });
  if (memory.model() == explore::MemoryModel::Tso) {
    stores_counter_ = execution().new_object(0, {.format = "stores through {}", .args = {arg(va)}});
  }
}

// Frame numbers begin at 1 here, so that a high half that has been cleared belongs to none.
std::uint32_t PteSlot::high_of(pte_t pte) {
  return pte_present(pte) ? to_index(pte_pfn(pte)) + 1u : 0;
}

pte_t PteSlot::join(std::uint32_t low, std::uint32_t high) {
  if ((low & pte_t::kPresent) == 0) return {};
  const std::uint64_t pfn = high == 0 ? to_index(kNoPfn) : high - 1;
  return pte_t{(pfn << pte_t::kPfnShift) | low};
}

void PteSlot::split() {
  high_ = explore::Cell<std::uint32_t>(execution(), high_of(peek()),
                                       {.format = "pte_high({}:{})",
                                        .args = {{space_, format_space}, arg(va_)},
                                        .value = trace::format_decimal});
}

void PteSlot::step_when_landed(const trace::StepText& text) const {
  if (stores_counter_ == explore::kNoObject) {
    execution().step(text);
  } else {
    execution().step_when({.object = stores_counter_, .expected = 0}, text);
  }
}

void PteSlot::step_when_changed(pte_t old, const trace::StepText& text) const {
  execution().step_when({.object = word_, .expected = old.word, .negated = true}, text);
}

void PteSlot::set_pte(pte_t value) {
  memory_->write(word_, value.word);
  remember();
}

void PteSlot::store_plain(pte_t value) {
  if (memory_->model() == explore::MemoryModel::Sc) {
    set_pte(value);
  } else {
    memory_->store_now(word_, value.word);
  }
}

void PteSlot::remember() {
  if (past_->nr_versions == oldest_ + versions_.size()) make_room();
  versions_[past_->nr_versions++ - oldest_] = {peek(), execution().current_event()};
  if (forgets_) monitor_->entry_changed(*this, peek());
  note_usable();
}

// What is not known any more is not to be told apart, nor asked for: rules ask about what TLBs
// hold.
void PteSlot::make_room() {
  const unsigned useless = forgets_ ? oldest_usable() - oldest_ : 0;
  if (2 * useless >= versions_.size()) {
    std::move(versions_.begin() + useless, versions_.end(), versions_.begin());
    oldest_ += useless;
  } else {
    versions_.resize(2 * versions_.size());
  }
}

/// By any CPU, without an access.
unsigned PteSlot::oldest_usable() const {
  const std::uint32_t running = running_ == nullptr ? ~std::uint32_t{0} : running_->peek();
  unsigned oldest = current();
  for_each_cpu(cpumask_t::of_bits(cpus_.bits() & running),
               [&](CpuId cpu) { oldest = std::min(oldest, tlb_floor_peek(cpu)); });
  return oldest;
}

void PteSlot::note_usable() {
  if (forgets_) return;  // Nobody tells its states apart.
  explore::ClassHash usable;
  for (unsigned v = oldest_usable(); v < current(); ++v) {
    if (pte_valid(version(v).value)) usable = mix(mix(usable, v), version(v).value.word);
  }
  past_->usable = usable;
}

unsigned PteSlot::known_version() const {
  unsigned known = current();
  while (known > oldest_ && !execution().ordered_before(version(known).stored_at)) --known;
  return known;
}

cpumask_t PteSlot::users() const {
  if (running_ != nullptr) return cpumask_t::of_bits(cpus_.bits() & running_->read());
  if (context_ == nullptr) return cpus_;
  return cpumask_t::of_bits(cpus_.bits() & context_->usable.read());
}

unsigned PteSlot::tlb_floor(CpuId cpu) const {
  return static_cast<unsigned>(memory_->execution().read(floors_[to_index(cpu)]));
}

unsigned PteSlot::tlb_floor_last(CpuId cpu) const {
  return static_cast<unsigned>(memory_->execution().read_last(floors_[to_index(cpu)]));
}

unsigned PteSlot::tlb_floor_peek(CpuId cpu) const {
  return static_cast<unsigned>(memory_->peek(floors_[to_index(cpu)]));
}

void PteSlot::tlb_invalidate(CpuId cpu) {
  if (!cpus_.test(cpu)) return;
  if (huge_ != nullptr) huge_->tlb_invalidate(cpu);
  tlb_forget(cpu, tlb_oldest_kept());
}

unsigned PteSlot::tlb_oldest_kept() const {
  // Which versions it ends depends on what has been stored before: a read of the entry.
  static_cast<void>(ptep_get_last());
  return current();
}

void PteSlot::tlb_forget(CpuId cpu, unsigned oldest) {
  if (!cpus_.test(cpu)) return;
  if (table_ != nullptr) table_->forget(cpu);
  execution().commute(floors_[to_index(cpu)], std::max(tlb_floor_peek(cpu), oldest));
  note_usable();
}

}  // namespace mmcheck::machine

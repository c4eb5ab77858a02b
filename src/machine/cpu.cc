// SPDX-License-Identifier: Apache-2.0
#include "machine/cpu.h"

#include <algorithm>

#include "base/error.h"

namespace mmcheck::machine {

namespace {

/// The entries that one walk may use. Label 0 is the fresh walk, label v + 1 the stale version v.
///
/// A stale version is offered only if the store that replaced it happens before this access:
/// otherwise the search also visits the class in which the access comes before that store, where
/// the same entry is the fresh one.
class WalkAlternatives final : public explore::Alternatives {
 public:
  WalkAlternatives(const explore::Execution& execution, const PteSlot& slot, CpuId cpu,
                   AccessKind kind)
      : execution_(execution), slot_(slot), cpu_(cpu), kind_(kind) {}

  unsigned list(std::span<std::uint64_t, kMax> out) const override {
    unsigned count = 0;
    out[count++] = 0;
    for (unsigned v = slot_.current(); v-- > slot_.tlb_floor_peek(cpu_);) {
      if (execution_.covered_by_reordering(slot_.version(v + 1).stored_at)) continue;
      if (!useful(slot_.version(v).value) || repeats_newer(v)) continue;
      if (count == kMax) throw InternalError("more stale entries than a step can choose from");
      out[count++] = v + 1;
    }
    return count;
  }

 private:
  /// A TLB is filled from any present entry; that the fill sets A is left out where the CPU
  /// speculates, since nobody depends on A being clear. A store through a clean entry goes back to
  /// the page table, so a stale clean entry acts like none. A stale read-only one makes a store
  /// fault although the page table would allow it.
  bool useful(pte_t pte) const {
    if (!pte_valid(pte)) return false;
    return kind_ == AccessKind::Load || !pte_write(pte) || pte_dirty(pte);
  }

  bool same_effect(pte_t a, pte_t b) const {
    return pte_valid(a) == pte_valid(b) && pte_pfn(a) == pte_pfn(b) &&
           (kind_ == AccessKind::Load ||
            (pte_write(a) == pte_write(b) && pte_dirty(a) == pte_dirty(b)));
  }

  bool repeats_newer(unsigned version) const {
    for (unsigned v = version + 1; v < slot_.current(); ++v) {
      if (same_effect(slot_.version(v).value, slot_.version(version).value)) return true;
    }
    return false;
  }

  const explore::Execution& execution_;
  const PteSlot& slot_;
  CpuId cpu_;
  AccessKind kind_;
};

/// What a virtual CPU may be doing when another one wants it to flush.
///
/// Preempted is offered only where interrupts are off. Where they are on, a CPU that is preempted
/// now and flushes before it goes on does what it does when the IPI arrives at once. And a
/// preempted CPU has no stores on their way: leaving the guest drains them.
class VcpuAlternatives final : public explore::Alternatives {
 public:
  enum Label : std::uint64_t { kRuns, kPreempted };

  /// Preempted is possible where `holds_off` has the value `preemptible`.
  VcpuAlternatives(const explore::Cell<std::uint64_t>& holds_off, std::uint64_t preemptible)
      : holds_off_(holds_off), preemptible_(preemptible) {}

  unsigned list(std::span<std::uint64_t, kMax> out) const override {
    out[0] = kRuns;
    if (holds_off_.peek() != preemptible_) return 1;
    out[1] = kPreempted;
    return 2;
  }

 private:
  const explore::Cell<std::uint64_t>& holds_off_;
  std::uint64_t preemptible_;
};

/// Bit 0: interrupts are off; the rest: the number of stores in the buffer.
void format_holds_off(const trace::Names& names, std::uint64_t value, std::string& out) {
  trace::format_flag(names, value & 1, out);
  if (value < 2) return;
  out += ", ";
  trace::format_decimal(names, value / 2, out);
  out += " buffered";
}

}  // namespace

Cpu::Cpu(Kept& kept, CpuId id, unsigned nr_cpus, Handlers handlers)
    : execution_(&kept.execution()),
      id_(id),
      holds_off_(kept.execution(), 0,
                 {.format = "CPU{}.irqs_off",
                  .args = {arg(id)},
                  .value = format_holds_off,
                  .detail = trace::Detail::Minor}),
      handlers_(handlers) {
  if (handlers == Handlers::OfCpu) {
    queue_ = {kept.execution(), 0, {.format = "CPU{}.call_single_queue", .args = {arg(id)}}};
  }
  for (unsigned sender = 0; sender < nr_cpus; ++sender) {
    if (sender == to_index(id)) continue;
    requests_[sender].target = this;
    requests_[sender].info = &kept.make<FlushInfo>();
    requests_[sender].pending = explore::Cell<bool>(
        kept.execution(), false,
        {.format = "CPU{}.csd({})", .args = {arg(id), arg(std::uint64_t{sender})}});
  }
}

void Cpu::local_irq_disable() {
  execution_->step({.format = "local_irq_disable()"});
  set_irqs_off(kIrqsOff);
}

void Cpu::local_irq_enable() {
  execution_->step({.format = "local_irq_enable()"});
  set_irqs_off(0);
}

void Cpu::set_irqs_off(std::uint64_t off) {
  if (!counts_stores_) {
    holds_off_.write(off);
  } else if (irqs_disabled() != (off != 0)) {
    // Two's complement: adding is what drains of the buffer commute with.
    holds_off_.commute(off != 0 ? holds_off_.peek() + kIrqsOff : holds_off_.peek() - kIrqsOff);
  }
}

void Cpu::count_stores(explore::Memory& memory) {
  counts_stores_ = memory.model() == explore::MemoryModel::Tso;
  memory.count_stores(static_cast<ThreadId>(to_index(id_)), holds_off_.id(), kBufferedStore);
}

void Cpu::start_handlers(unsigned nr_cpus) {
  if (handlers_ == Handlers::OfCpu) {
    execution_->spawn_handler("flush_tlb_func", id_, queue_.is_not(0), holds_off_.is(0),
                              {.format = "flush_tlb_func()"}, &Cpu::handle_flush_requests, this);
    return;
  }
  for (unsigned sender = 0; sender < nr_cpus; ++sender) {
    if (sender == to_index(id_)) continue;
    FlushRequest& request = requests_[sender];
    execution_->spawn_handler(
        "flush_tlb_func", id_, request.pending.is(true), holds_off_.is(0),
        {.format = "flush_tlb_func() for CPU{}", .args = {arg(std::uint64_t{sender})}},
        &Cpu::handle_flush_request, &request);
  }
}

void Cpu::handle_flush_request(void* context) {
  auto& request = *static_cast<FlushRequest*>(context);
  request.target->flush(*request.info);
  *request.info = {};
  request.pending.write(false);
}

void Cpu::handle_flush_requests(void* context) {
  Cpu& cpu = *static_cast<Cpu*>(context);
  for_each_cpu(cpumask_t::of_bits(cpu.queue_.read()),
               [&](CpuId sender) { handle_flush_request(&cpu.requests_[to_index(sender)]); });
  cpu.queue_.write(0);
}

void Cpu::flush(const FlushInfo& info) {
  if (flush_function_ != nullptr) {
    flush_function_->flush(*this, info);
  } else {
    for (PteSlot& entry : info.entries) entry.tlb_invalidate(id_);
  }
}

cpumask_t Cpu::flush_preempted(std::span<PteSlot> entries, cpumask_t targets, Cpu* const* cpus) {
  cpumask_t rest;
  for_each_cpu(targets, [&](CpuId target) {
    if (target == id_) {
      rest.set(target);
      return;
    }
    const auto& holds_off = cpus[to_index(target)]->holds_off_;
    const VcpuAlternatives alternatives(holds_off, kIrqsOff);
    const std::uint64_t label =
        execution_->step_choose(alternatives, {.format = "kvm_flush_tlb_multi(): CPU{} preempted?",
                                               .args = {arg(target)},
                                               .detail = trace::Detail::Minor});
    static_cast<void>(holds_off.read());
    if (label == VcpuAlternatives::kRuns) {
      rest.set(target);
      return;
    }
    execution_->note(
        {.format = "CPU{} does not run; it flushes before it does", .args = {arg(target)}});
    for (PteSlot& entry : entries) entry.tlb_invalidate(target);
  });
  return rest;
}

void Cpu::send_flush_requests(const FlushInfo& info, cpumask_t targets, Cpu* const* cpus) {
  execution_->step({.format = "flush_tlb_mm_range({}): IPIs sent",
                    .args = {arg(info.entries.empty() ? Vaddr{} : info.entries.front().va())}});
  for_each_cpu(targets, [&](CpuId target) {
    if (target == id_) {
      flush(info);
      return;
    }
    Cpu& other = *cpus[to_index(target)];
    FlushRequest& request = other.requests_[to_index(id_)];
    *request.info = info;
    request.pending.write(true);
    if (other.handlers_ == Handlers::OfEachSender) return;
    other.queue_.write(other.queue_.read_last() | (1u << to_index(id_)));
  });
}

void Cpu::wait_for_flush(cpumask_t targets, Cpu* const* cpus) {
  for_each_cpu(targets, [&](CpuId target) {
    if (target == id_) return;
    execution_->step_when(cpus[to_index(target)]->requests_[to_index(id_)].pending.is(false),
                          {.format = "flush_tlb_mm_range(): CPU{} has flushed",
                           .args = {arg(target)},
                           .detail = trace::Detail::Minor});
  });
}

void Cpu::start_broadcasts(Kept& kept, unsigned nr_entries, FaultsDropEntries faults_drop_entries) {
  issued_ = {kept, nr_entries};
  faults_drop_entries_ = faults_drop_entries;
}

void Cpu::tlbi(std::span<PteSlot> entries, cpumask_t targets) {
  execution_->step(
      {.format = "TLBI({})", .args = {arg(entries.empty() ? Vaddr{} : entries.front().va())}});
  for (PteSlot& entry : entries) {
    tlbi_of(entry, targets);
    if (entry.huge() != nullptr) tlbi_of(*entry.huge(), targets);
  }
}

void Cpu::tlbi_of(PteSlot& entry, cpumask_t targets) {
  const IssuedTlbi issued = issue_tlbi(entry, targets);
  const auto same = std::find_if(issued_.begin(), issued_.end(), [&](const IssuedTlbi& earlier) {
    return earlier.entry == &entry;
  });
  if (same == issued_.end()) {
    issued_.push_back(issued);
  } else {
    *same = issued;  // Completes no earlier, and forgets no less.
  }
}

void Cpu::dsb() {
  complete_tlbis(*execution_, {issued_.begin(), issued_.size()});
  issued_.clear();
}

// Where a huge entry may map the address it comes first: in the TLB, or in memory. What it lets
// through is translated one level below. A TLB may hold entries of both levels at once.
Translation Cpu::translate(PteSlot& slot, AccessKind kind) {
  Translation translation;
  if (PteSlot* huge = slot.huge()) {
    translation = translate_at(*huge, kind);
    translation.huge = true;
    const auto offset = (to_bytes(slot.va()) - to_bytes(huge->va())) / kPageSizeBytes;
    if (translation.result == Translation::Result::Ok) {
      translation.pfn = static_cast<Pfn>(to_index(translation.pfn) + offset);
    }
  }
  if (translation.result == Translation::Result::NotPresent) translation = translate_at(slot, kind);
  // x86: a page fault drops whatever the CPU holds for the address: Intel SDM vol. 3, 4.10.4.1.
  if (translation.result != Translation::Result::Ok &&
      faults_drop_entries_ == FaultsDropEntries::Yes) {
    slot.tlb_invalidate(id_);
  }
  return translation;
}

Translation Cpu::translate_at(PteSlot& slot, AccessKind kind) {
  const WalkAlternatives alternatives(*execution_, slot, id_, kind);
  const std::uint64_t label = execution_->step_choose(
      alternatives,
      {.format = kind == AccessKind::Load ? "user load {}: walk" : "user store {}: walk",
       .args = {arg(slot.va())},
       .detail = trace::Detail::Minor});
  static_cast<void>(slot.tlb_floor(id_));
  const Translation translation =
      label == 0 ? walk(slot, kind) : use_stale(slot, kind, static_cast<unsigned>(label - 1));
  if (translation.result == Translation::Result::Ok) slot.translated(translation.version);
  return translation;
}

Translation Cpu::use_stale(const PteSlot& slot, AccessKind kind, unsigned version) const {
  const pte_t pte = slot.version(version).value;
  execution_->note({.format = "TLB{} still holds {}", .args = {arg(id_), arg(pte)}});
  if (kind == AccessKind::Store && !pte_write(pte)) {
    return {.result = Translation::Result::WriteProtected};
  }
  return {.result = Translation::Result::Ok, .pfn = pte_pfn(pte), .version = version};
}

Translation Cpu::walk(PteSlot& slot, AccessKind kind) const {
  const pte_t pte = slot.walk();
  if (!pte_valid(pte)) return {.result = Translation::Result::NotPresent};
  if (kind == AccessKind::Store && !pte_write(pte)) {
    return {.result = Translation::Result::WriteProtected};
  }
  pte_t used = pte_mkyoung(pte);
  if (kind == AccessKind::Store) used = pte_mkdirty(used);
  if (used != pte) slot.set_pte(used);
  return {.result = Translation::Result::Ok, .pfn = pte_pfn(used), .version = slot.current()};
}

bool Cpu::still_valid(const PteSlot& slot, const Translation& translation) const {
  return translation.leaf(slot).tlb_floor(id_) <= translation.version;
}

}  // namespace mmcheck::machine

// SPDX-License-Identifier: Apache-2.0
#include "machine/arch/arm64_tlbi.h"

#include "base/error.h"

namespace mmcheck::machine {

namespace {

/// Label 0 is the fresh walk, label v + 1 the stale version v. What Cpu::translate says about
/// which stale versions need not be offered holds here too.
class WalkAlternatives final : public explore::Alternatives {
 public:
  WalkAlternatives(const explore::Execution& execution, const PteSlot& slot, CpuId cpu)
      : execution_(execution), slot_(slot), cpu_(cpu) {}

  unsigned list(std::span<std::uint64_t, kMax> out) const override {
    unsigned count = 0;
    out[count++] = 0;
    for (unsigned v = slot_.current(); v-- > slot_.tlb_floor_peek(cpu_);) {
      if (!pte_present(slot_.version(v).value)) continue;
      if (execution_.covered_by_reordering(slot_.version(v + 1).stored_at)) continue;
      if (count == kMax) throw InternalError("more stale entries than a step can choose from");
      out[count++] = v + 1;
    }
    return count;
  }

 private:
  const explore::Execution& execution_;
  const PteSlot& slot_;
  CpuId cpu_;
};

Arm64Translation through(pte_t pte, unsigned version, AccessKind kind) {
  using Result = Arm64Translation::Result;
  if (!pte_present(pte)) return {.result = Result::TranslationFault};
  const bool el0 = (pte.word & kPteNoEl0) == 0;
  if (!el0 || (kind == AccessKind::Store && !pte_write(pte))) {
    return {.result = Result::PermissionFault};
  }
  return {.result = Result::Ok, .pfn = pte_pfn(pte), .version = version};
}

}  // namespace

void Arm64Cpu::tlbi(std::span<PteSlot* const> entries, cpumask_t targets) {
  execution_->step({.format = "TLBI"});
  for (PteSlot* entry : entries) {
    if (issued_.size() == kIssuedMax) throw InternalError("too many TLBI without a DSB");
    issued_.push_back(issue_tlbi(*entry, targets));
  }
}

void Arm64Cpu::dsb() {
  complete_tlbis(*execution_, issued_);
  issued_.clear();
}

Arm64Translation Arm64Cpu::translate(PteSlot& slot, AccessKind kind) {
  const WalkAlternatives alternatives(*execution_, slot, id_);
  const std::uint64_t label = execution_->step_choose(
      alternatives, {.format = kind == AccessKind::Load ? "load {}: walk" : "store {}: walk",
                     .args = {arg(slot.va())},
                     .detail = trace::Detail::Minor});
  static_cast<void>(slot.tlb_floor(id_));
  if (label == 0) return through(slot.walk(), slot.current(), kind);
  const auto version = static_cast<unsigned>(label - 1);
  return through(slot.version(version).value, version, kind);
}

}  // namespace mmcheck::machine

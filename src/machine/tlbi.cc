// SPDX-License-Identifier: Apache-2.0
#include "machine/tlbi.h"

namespace mmcheck::machine {

IssuedTlbi issue_tlbi(PteSlot& entry, cpumask_t targets) {
  return {.entry = &entry, .targets = targets, .oldest = entry.tlb_oldest_kept()};
}

void complete_tlbis(explore::Execution& execution, std::span<const IssuedTlbi> issued) {
  if (issued.empty()) return;
  // Where stores are buffered, an entry at a time: a step waits for one thing.
  const bool buffered = issued.front().entry->stores_counter() != explore::kNoObject;
  if (!buffered) execution.step({.format = "DSB"});
  for (const IssuedTlbi& tlbi : issued) {
    if (buffered) tlbi.entry->step_when_landed({.format = "DSB"});
    for_each_cpu(tlbi.targets, [&](CpuId target) { tlbi.entry->tlb_forget(target, tlbi.oldest); });
  }
}

}  // namespace mmcheck::machine

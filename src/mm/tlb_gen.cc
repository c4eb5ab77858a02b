// SPDX-License-Identifier: Apache-2.0
#include "mm/tlb_gen.h"

#include <algorithm>

#include "mm/rmap.h"

namespace mmcheck::mm {

// After the entries have been cleared, or a flush that begins in between would count for them:
//
//     CPU0 zap                       CPU1 flush
//     pending = 1
//                                    pending is 1
//                                    flush
//     clear the entry
//                                    completed = 1    [and TLBs may hold the entry]
TlbGeneration defer_tlb_flush(thread& task, mm_struct& mm, page_table* table) {
  task.x().step({.format = "defer_tlb_flush(): pending generation"});
  const TlbGeneration generation = mm.tlb_gen_pending.read_last() + 1;
  mm.tlb_gen_pending.write(generation);
  if (table != nullptr) table->tlb_gen.write(generation);
  return generation;
}

void flush_tlb_generation(thread& task, mm_struct& mm, TlbGeneration generation) {
  if (generation == 0) return;
  task.x().step({.format = "flush_tlb_generation(): completed?", .detail = Detail::Minor});
  if (mm.tlb_gen_completed.read() >= generation) return;
  const TlbGeneration begun = mm.tlb_gen_pending.read_last();
  const auto complete = [&] {
    task.x().step({.format = "flush_tlb_generation(): completed"});
    mm.tlb_gen_completed.commute(std::max(begun, mm.tlb_gen_completed.peek()));
  };
  const bool early = task.system->policies->generations->complete == GenerationComplete::Early;
  if (early) complete();
  // Whoever frees a table may find that this flush is enough: so lazy CPUs take part in it.
  flush_tlb_pages(task, mm, 0, static_cast<unsigned>(mm.ptes.size()), machine::FreedTables::Yes);
  if (!early) complete();
}

void flush_deferred(thread& task, mm_struct& mm, page_table& table) {
  flush_tlb_generation(task, mm, table.tlb_gen.peek());  // Stable: changed under the PTL.
}

}  // namespace mmcheck::mm

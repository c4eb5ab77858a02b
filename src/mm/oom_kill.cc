// SPDX-License-Identifier: Apache-2.0
#include "mm/oom_kill.h"

#include <algorithm>

#include "mm/memory.h"
#include "mm/mmu_gather.h"
#include "mm/vma.h"

namespace mmcheck::mm {

namespace {

/// linux v6.12 mm/oom_kill.c: __oom_reap_task_mm
///
/// Threads of the process may still run: a signal is taken only on the way to the next instruction.
/// Hence a gather for each VMA, and none that says fullmm; and a page that is missing from now on
/// must not be replaced by a fresh one, as its contents are lost: MMF_UNSTABLE.
void oom_reap_vmas(thread& task, mm_struct& mm) {
  task.x().step({.format = "MMF_UNSTABLE"});
  mm.unstable.write(true);
  for (vm_area_struct& vma : mm.vmas) {
    if (!vma.attached || vma.kind == VmaKind::SharedFile) continue;
    const bool fullmm = task.system->policies->reclaim.reaper_gathers_vma == Step::Dropped;
    mmu_gather tlb = tlb_gather_mmu(task, mm, fullmm);
    unmap_page_range(task, tlb, vma.first_page, vma.end_page, ZapReason::Unmap);
    tlb_finish_mmu(task, tlb);
  }
  forget_zapped(task);
}

}  // namespace

// linux v6.12 mm/oom_kill.c: oom_reap_task_mm
// differs: waits for mmap_lock, where Linux tries ten times.
void oom_kill_process(thread& task, mm_struct& mm) {
  task.x().step({.format = "oom_kill_process(): SIGKILL"});
  mm.exiting.write(true);
  mm.mmap_lock.down_read(task, {.format = "oom_reap_task_mm(): mmap_read_lock()"});
  task.x().step({.format = "MMF_OOM_SKIP?", .detail = Detail::Minor});
  if (!mm.oom_skip.read_last()) oom_reap_vmas(task, mm);
  mm.mmap_lock.up_read(task, {.format = "mmap_read_unlock()", .detail = Detail::Minor});
}

}  // namespace mmcheck::mm

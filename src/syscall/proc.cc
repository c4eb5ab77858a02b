// SPDX-License-Identifier: Apache-2.0
// /proc/PID/maps: what is mapped. linux fs/proc/task_mmu.c
#include <sys/mman.h>

#include <algorithm>

#include "mm/vma.h"
#include "syscall/kernel_impl.h"

namespace mmcheck::syscall {

namespace {

int protection_of(mm::vm_flags_t flags) {
  int protection = 0;
  if ((flags & mm::kVmRead) != 0 && (flags & mm::kVmNoRead) == 0) protection |= PROT_READ;
  if ((flags & mm::kVmWrite) != 0) protection |= PROT_WRITE;
  if ((flags & mm::kVmExec) != 0) protection |= PROT_EXEC;
  return protection;
}

/// Two that Linux has as one: here VMAs stay apart that have been apart.
/// linux v6.12 mm/vma.c: is_mergeable_vma, is_mergeable_anon_vma
bool is_one(const mm::vm_area_struct& before, const mm::vm_area_struct& after) {
  if (before.end_page != after.first_page || before.kind != after.kind) return false;
  if (before.vm_locked != after.vm_locked || before.on_fault != after.on_fault) return false;
  if (before.may_write != after.may_write || before.file != after.file) return false;
  if (before.file != nullptr) return before.index_of(after.first_page) == after.pgoff;
  const bool both = before.anon_ready.peek() && after.anon_ready.peek();
  return !both || (before.anon->root == after.anon->root && before.moved_by == after.moved_by);
}

}  // namespace

/// Part of the current step.
void Kernel::Impl::list_mappings(mm::thread& task, std::vector<Mapping>& list) const {
  std::vector<const mm::vm_area_struct*> vmas;
  for (const mm::vm_area_struct& vma : task.mm->vmas) {
    if (vma.attached) vmas.push_back(&vma);
  }
  std::sort(vmas.begin(), vmas.end(),
            [](const auto* a, const auto* b) { return a->first_page < b->first_page; });
  const mm::vm_area_struct* last = nullptr;
  for (const mm::vm_area_struct* vma : vmas) {
    const int protection = protection_of(mm::vm_flags_of(task, *vma));
    const std::uint64_t end = kUserBase + std::uint64_t{vma->end_page} * kPageSizeBytes;
    if (last != nullptr && is_one(*last, *vma) && list.back().protection == protection) {
      list.back().end = end;
      last = vma;
      continue;
    }
    Mapping& mapping = list.emplace_back();
    mapping.begin = kUserBase + std::uint64_t{vma->first_page} * kPageSizeBytes;
    mapping.end = end;
    mapping.protection = protection;
    mapping.shared = vma->kind == mm::VmaKind::SharedFile;
    mapping.may_write = vma->may_write;
    mapping.locked = vma->vm_locked;
    if (vma->file != nullptr) {
      mapping.offset = std::uint64_t{vma->pgoff} * kPageSizeBytes;
      mapping.inode = vma->file->id + 1;
      mapping.path = inodes_[vma->file->id].path;
    }
    last = vma;
  }
}

std::span<const Mapping> Kernel::Impl::mappings(mm::thread& task) {
  mm::mm_struct& mm = *task.mm;
  std::vector<Mapping>& list = mappings_[number_of(task)];
  mm.mmap_lock.down_read(task, {.format = "/proc/PID/maps: mmap_read_lock()"});
  list.clear();
  list_mappings(task, list);
  mm.mmap_lock.up_read(task, {.format = "mmap_read_unlock()", .detail = mm::Detail::Minor});
  return list;
}

/// A line of /proc/PID/pagemap. The walk is a step; what is asked of the page comes with it.
PageUse Kernel::Impl::look_at_page(mm::thread& task, std::uint64_t addr) {
  if (!is_user(addr)) return {};
  mm::mm_struct& mm = *task.mm;
  task.x().step({.format = "pagemap({})",
                 .args = {machine::arg(Vaddr(addr & ~(kPageSizeBytes - 1)))},
                 .detail = mm::Detail::Minor});
  static_cast<void>(mm.pte(static_cast<unsigned>((addr - kUserBase) / kPageSizeBytes)).walk());
  return page_use(number_of(task), addr);
}

}  // namespace mmcheck::syscall

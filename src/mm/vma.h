// SPDX-License-Identifier: Apache-2.0
// VMAs: found, split, taken out and put in. linux mm/vma.c
#pragma once

#include "mm/memory.h"
#include "mm/system.h"

namespace mmcheck::mm {

/// VMAs that a call has to do with. Where there may be many, their place is the thread's, which has
/// one list at a time; elsewhere on its stack.
class VmaList {
 public:
  explicit VmaList(const thread& task) {
    if (!task.system->recycles) return;
    many_ = &task.system->vma_lists[to_index(task.cpu->id())];
    many_->clear();
  }

  void push_back(vm_area_struct& vma) {
    if (many_ != nullptr) {
      many_->push_back(&vma);
    } else {
      few_.push_back(&vma);
    }
  }
  bool empty() const { return begin() == end(); }
  vm_area_struct* const* begin() const { return many_ != nullptr ? many_->data() : few_.data(); }
  vm_area_struct* const* end() const {
    return begin() + (many_ != nullptr ? many_->size() : few_.size());
  }

 private:
  static_vector<vm_area_struct*, 12> few_;
  std::vector<vm_area_struct*>* many_ = nullptr;
};

/// A VMA that is in no tree. [mm.mmap_lock for writing]
vm_area_struct& vm_area_alloc(const thread& task, mm_struct& mm);

/// The place for a new mapping: the highest that is free. [mm.mmap_lock for writing]
unsigned vm_unmapped_area(const thread& task, unsigned nr_pages);

/// Into the tree of its file, if it has one. linux v6.12 mm/vma.c: vma_link_file
void vma_link_file(thread& task, vm_area_struct& vma);

/// The new VMA, which it returns, is the part from `page_nr` on. linux v6.12 mm/vma.c: split_vma
vm_area_struct& split_vma(thread& task, vm_area_struct& vma, unsigned page_nr);

/// Calls `function` for each VMA of the range; those that reach over its ends are split before. For
/// some more than once, where vm_area_structs are used again.
/// [mm.mmap_lock for writing]
template <typename Function>
void for_each_vma_within(thread& task, mm_struct& mm, unsigned first_page, unsigned end_page,
                         Function function) {
  for (unsigned i = 0; i < mm.vmas.size(); ++i) {
    vm_area_struct& vma = mm.vmas[i];
    if (!vma.attached || vma.end_page <= first_page || end_page <= vma.first_page) continue;
    if (vma.first_page < first_page) {
      // The tail comes later in this loop.
      const vm_area_struct& tail = split_vma(task, vma, first_page);
      const auto place = static_cast<unsigned>(&tail - mm.vmas.data());
      if (place < i) i = place - 1;  // Or now: wraps around, and back in the loop.
      continue;
    }
    if (end_page < vma.end_page) split_vma(task, vma, end_page);
    function(vma);
  }
}

/// Takes the range's VMAs out of the tree, so that no new fault finds them. [mm.mmap_lock for
/// writing] linux v6.12 mm/vma.c: vms_gather_munmap_vmas
VmaList detach_vmas(thread& task, mm_struct& mm, unsigned first_page, unsigned end_page);

/// linux v6.1 mm/mmap.c: unmap_region; v6.12 mm/vma.c: vms_clear_ptes
void unmap_region(thread& task, mm_struct& mm, const VmaList& vmas, ZapReason reason);

/// They are free. linux v6.12 mm/vma.c: remove_vma
/// differs: without System::recycles a vm_area_struct is not used again.
void remove_vmas(const thread& task, const VmaList& vmas);

/// What the flags allow; everything where no protection changes. An access of the current step.
vm_flags_t vm_flags_of(const thread& task, const vm_area_struct& vma);

/// The call is over that has filled thread::zapped_at.
void forget_zapped(thread& task);

}  // namespace mmcheck::mm

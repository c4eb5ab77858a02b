// SPDX-License-Identifier: Apache-2.0
// What the kernel says of memory that is used.
#include "mm/folio.h"
#include "mm/mmap.h"
#include "syscall/kernel_impl.h"

namespace mmcheck::syscall {

// linux v6.12 fs/proc/task_mmu.c: smaps_pte_entry, smaps_account
PageUse Kernel::Impl::page_use(unsigned t, std::uint64_t addr) {
  mm::mm_struct& mm = *system_.threads[t].mm;
  PageUse use;
  if (!is_user(addr)) return use;
  const auto page_nr = static_cast<unsigned>((addr - kUserBase) / kPageSizeBytes);
  const mm::vm_area_struct* vma = mm::find_vma(mm, page_nr);
  if (vma == nullptr) return use;
  use.mapped = true;
  use.file = vma->file != nullptr;
  const machine::pte_t pte = mm.pte(page_nr).peek();
  if (!machine::pte_present(pte)) return use;
  use.present = true;
  const mm::folio& page = system_.page(machine::pte_pfn(pte));
  use.anonymous = page.mapping.peek().is_anon();
  use.dirty = machine::pte_dirty(pte) || page.dirty.peek();
  use.shared = page.mapcount.peek() > 0;
  use.zeros = use.anonymous && page.frame.peek() == 0;
  return use;
}

}  // namespace mmcheck::syscall

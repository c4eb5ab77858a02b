// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mm/rmap.h"

namespace mmcheck::mm {

/// Looks whether a VMA maps a page; if so, holds the PTL until done().
/// linux v6.12 mm/page_vma_mapped.c: page_vma_mapped_walk, map_pte, check_pte
///
/// With PvmwSync::Yes the PTL is taken before the entry is looked at, so that an unmapper that is
/// at work on it is waited for. Without, an entry that is none is taken for "not mapped" without
/// ever meeting the unmapper.
class PageVmaMappedWalk {
 public:
  PageVmaMappedWalk(thread& task, vm_area_struct& vma, folio& page, PvmwSync sync);

  bool found() const { return found_; }
  unsigned page_nr() const { return page_nr_; }
  void done() { unlock_ptl(task_, mm_, page_nr_); }

 private:
  thread& task_;
  mm_struct& mm_;
  unsigned page_nr_ = 0;
  bool found_ = false;
};

}  // namespace mmcheck::mm

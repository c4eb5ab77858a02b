// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mm/rmap.h"

namespace mmcheck::mm {

/// PVMW_MIGRATION: migration entries in place of those that are present.
enum class PvmwEntries : std::uint8_t { Present, Migration };

/// Looks for the entries of a VMA that map a folio, one page after the other. While one is found
/// its PTL is held: until next() goes on to another table or to the end.
/// linux v6.12 mm/page_vma_mapped.c: page_vma_mapped_walk, map_pte, check_pte
///
/// With PvmwSync::Yes the PTL is taken before the entry is looked at, so that an unmapper that is
/// at work on it is waited for. Without, an entry that is none is taken for "not mapped" without
/// ever meeting the unmapper.
class PageVmaMappedWalk {
 public:
  PageVmaMappedWalk(thread& task, vm_area_struct& vma, folio& page, PvmwSync sync,
                    PvmwEntries entries = PvmwEntries::Present);

  bool found() const { return locked_; }
  /// One entry of the level above maps the folio: then it is that which was found.
  bool huge() const { return huge_; }
  unsigned page_nr() const { return page_nr_; }
  /// The page that is mapped there: the folio or one of its tails.
  folio& page() const;
  void next();

 private:
  void seek();
  void step_over();
  bool map_pte();
  bool map_pmd(PteSlot& pmd);
  bool check_pte();
  void flush_generations(bool found);

  thread& task_;
  mm_struct& mm_;
  folio& folio_;
  PvmwSync sync_;
  PvmwEntries entries_;
  unsigned first_page_ = 0;  ///< where the folio would begin in the address space
  unsigned page_nr_ = 0;
  unsigned end_page_ = 0;
  unsigned table_generation_ = 0;
  bool locked_ = false;
  bool huge_ = false;
};

}  // namespace mmcheck::mm

// SPDX-License-Identifier: Apache-2.0
// A leaf page-table entry as a value. `pte_` functions are pure; what touches the entry in memory
// is called `ptep_` (machine/page_table.h).
#pragma once

#include <cstdint>
#include <string>

#include "base/types.h"
#include "trace/vocabulary.h"

namespace mmcheck::machine {

/// Bits of x86-64: present, writable, accessed, dirty, and a page frame number.
struct pte_t {
  static constexpr std::uint64_t kPresent = 1;
  static constexpr std::uint64_t kWrite = 2;
  static constexpr std::uint64_t kAccessed = 4;
  static constexpr std::uint64_t kDirty = 8;
  /// Not present to the hardware, but to software: what PROT_NONE leaves of an entry.
  /// linux v6.12 arch/x86/include/asm/pgtable_types.h: _PAGE_PROTNONE
  static constexpr std::uint64_t kProtNone = 0x10;
  static constexpr std::uint64_t kSwap = 0x20;  ///< of an entry that is not present
  /// Not present, as the hardware sees it. A migration entry: the page is being moved or split.
  static constexpr std::uint64_t kMigration = 0x40;
  /// Not present, but not none either: linux v6.12 arch/x86: pmd_mkinvalid
  static constexpr std::uint64_t kInvalid = 0x80;
  static constexpr unsigned kPfnShift = 8;

  std::uint64_t word = 0;

  constexpr std::uint64_t to_word() const { return word; }
  static constexpr pte_t from_word(std::uint64_t value) { return pte_t{value}; }
  friend constexpr bool operator==(pte_t, pte_t) = default;
};

constexpr pte_t mk_pte(Pfn pfn, std::uint64_t bits) {
  return pte_t{(std::uint64_t{to_index(pfn)} << pte_t::kPfnShift) | bits | pte_t::kPresent |
               pte_t::kAccessed};
}
constexpr bool pte_none(pte_t pte) { return pte.word == 0; }
/// For the hardware. linux v6.12 arch/arm64/include/asm/pgtable.h: pte_valid
constexpr bool pte_valid(pte_t pte) { return (pte.word & pte_t::kPresent) != 0; }
constexpr bool pte_protnone(pte_t pte) {
  return (pte.word & (pte_t::kPresent | pte_t::kProtNone | pte_t::kMigration)) == pte_t::kProtNone;
}
/// It maps a page, whether or not the hardware may use it.
constexpr bool pte_present(pte_t pte) { return pte_valid(pte) || pte_protnone(pte); }
constexpr bool pte_write(pte_t pte) { return (pte.word & pte_t::kWrite) != 0; }
constexpr bool pte_dirty(pte_t pte) { return (pte.word & pte_t::kDirty) != 0; }
constexpr bool pte_young(pte_t pte) { return (pte.word & pte_t::kAccessed) != 0; }
constexpr Pfn pte_pfn(pte_t pte) {
  return pte_present(pte) ? Pfn(static_cast<std::uint16_t>(pte.word >> pte_t::kPfnShift)) : kNoPfn;
}
/// A page on the swap device: not present, and not none. linux v6.12 include/linux/swapops.h
constexpr pte_t swp_entry_to_pte(unsigned slot) {
  return pte_t{(std::uint64_t{slot} << pte_t::kPfnShift) | pte_t::kSwap};
}
constexpr bool is_swap_pte(pte_t pte) {
  return !pte_present(pte) && (pte.word & pte_t::kSwap) != 0;
}
constexpr unsigned swp_offset(pte_t pte) {
  return static_cast<unsigned>(pte.word >> pte_t::kPfnShift);
}
/// linux v6.12 include/linux/swapops.h. Writable, A and D travel in the entry.
constexpr bool is_migration_entry(pte_t pte) { return (pte.word & pte_t::kMigration) != 0; }
constexpr pte_t make_migration_entry(pte_t pte) {
  return pte_t{(pte.word & ~pte_t::kPresent) | pte_t::kMigration};
}
constexpr pte_t remove_migration_entry(pte_t entry) {
  const std::uint64_t present = (entry.word & pte_t::kProtNone) == 0 ? pte_t::kPresent : 0;
  return pte_t{(entry.word & ~pte_t::kMigration) | present};
}
constexpr pte_t pmd_mkinvalid(pte_t pmd) {
  return pte_t{(pmd.word & ~pte_t::kPresent) | pte_t::kInvalid};
}
/// As the kernel sees it: linux v6.12 arch/x86/include/asm/pgtable.h: pmd_present
constexpr bool pmd_present(pte_t pmd) {
  return (pmd.word & (pte_t::kPresent | pte_t::kInvalid)) != 0;
}
constexpr pte_t pte_mkdirty(pte_t pte) { return pte_t{pte.word | pte_t::kDirty}; }
constexpr pte_t pte_mkwrite(pte_t pte) { return pte_t{pte.word | pte_t::kWrite}; }
constexpr pte_t pte_mkyoung(pte_t pte) { return pte_t{pte.word | pte_t::kAccessed}; }
constexpr pte_t pte_mkold(pte_t pte) { return pte_t{pte.word & ~pte_t::kAccessed}; }
constexpr pte_t pte_mkclean(pte_t pte) { return pte_t{pte.word & ~pte_t::kDirty}; }
constexpr pte_t pte_wrprotect(pte_t pte) { return pte_t{pte.word & ~pte_t::kWrite}; }
/// Of a present entry, with the protection of PROT_NONE.
/// linux v6.12 arch/x86/include/asm/pgtable.h: pte_modify
constexpr pte_t pte_mkprotnone(pte_t pte) {
  return pte_t{(pte.word & ~(pte_t::kPresent | pte_t::kWrite)) | pte_t::kProtNone};
}
/// The same with the protection of PROT_READ.
constexpr pte_t pte_mkreadonly(pte_t pte) {
  return pte_t{(pte.word & ~(pte_t::kProtNone | pte_t::kWrite)) | pte_t::kPresent};
}

/// "page 3 W D", "none".
void format_pte(const trace::Names& names, std::uint64_t value, std::string& out);
/// "page 3", or the page's given name.
void format_pfn(const trace::Names& names, std::uint64_t value, std::string& out);
/// "x", "x+0x1000", or the number where the program has no name for the address.
void format_va(const trace::Names& names, std::uint64_t value, std::string& out);

constexpr trace::Arg arg(Pfn pfn) { return {to_index(pfn), format_pfn}; }
constexpr trace::Arg arg(Vaddr va) { return {to_bytes(va), format_va}; }
constexpr trace::Arg arg(pte_t pte) { return {pte.word, format_pte}; }
constexpr trace::Arg arg(CpuId cpu) { return {to_index(cpu), trace::format_decimal}; }
constexpr trace::Arg arg(std::uint64_t value) { return {value, trace::format_decimal}; }

}  // namespace mmcheck::machine

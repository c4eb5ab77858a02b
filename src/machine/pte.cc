// SPDX-License-Identifier: Apache-2.0
#include "machine/pte.h"

namespace mmcheck::machine {

void format_pfn(const trace::Names& names, std::uint64_t value, std::string& out) {
  if (auto name = names.find(trace::NameSpace::Page, value); !name.empty()) {
    out += name;
    return;
  }
  if (value == to_index(kNoPfn)) {
    out += "no frame";
    return;
  }
  out += "page ";
  trace::format_decimal(names, value, out);
}

void format_pte(const trace::Names& names, std::uint64_t value, std::string& out) {
  const pte_t pte{value};
  if (pte_none(pte)) {
    out += "none";
    return;
  }
  if (is_swap_pte(pte)) {
    out += "swap ";
    trace::format_decimal(names, swp_offset(pte), out);
    return;
  }
  if (is_migration_entry(pte)) out += "migration ";
  if (pte_protnone(pte)) out += "PROT_NONE ";
  if (!pte_present(pte) && !is_migration_entry(pte)) out += "invalid ";
  format_pfn(names, pte.word >> pte_t::kPfnShift, out);
  if (pte_write(pte)) out += " W";
  if (pte_dirty(pte)) out += " D";
  if (!pte_young(pte)) out += " old";
}

void format_va(const trace::Names& names, std::uint64_t value, std::string& out) {
  if (auto name = names.find(trace::NameSpace::Address, value); !name.empty()) {
    out += name;
    return;
  }
  trace::format_hex(names, value, out);
}

}  // namespace mmcheck::machine

// SPDX-License-Identifier: Apache-2.0
#include "lab/steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/error.h"

namespace mmcheck::lab {
namespace {

using Kind = Stop::Kind;

/// How often the kernel comes to the place: once for each step that it stands for, or for several.
enum class Visits : std::uint8_t { PerStep, PerCall };

/// A place, for the kernels that have (or have not) a certain function: kernels are told apart by
/// what they do, and not by their numbers, which distributions keep while they change the code.
struct Candidate {
  Kind kind;
  std::string_view function;
  std::string_view only_with = {};     ///< a function that the kernel must have, too
  std::string_view only_without = {};  ///< one that it must not have
  std::string_view remark = {};
  Visits visits = Visits::PerStep;
};

struct Entry {
  std::string_view step;  ///< its text begins so
  Candidate candidates[3];
};

/// In the order in which a zap and a writeback make them. `tlb_flush_rmaps` came with Linux 6.2: a
/// kernel that has it flushes the TLB first and removes the rmap of a dirty file page then.
constexpr std::string_view kDelayedRmap = "tlb_flush_rmaps";
constexpr Entry kEntries[] = {
    // linux v6.1 mm/memory.c: zap_pte_range
    {"ptep_get_and_clear(", {{Kind::Entry, "folio_mark_dirty"}, {Kind::Entry, "set_page_dirty"}}},
    {"set_page_dirty(", {{Kind::Return, "folio_mark_dirty"}, {Kind::Return, "set_page_dirty"}}},
    {"page_remove_rmap(",
     {{.kind = Kind::Return, .function = "page_remove_rmap", .only_without = kDelayedRmap},
      {.kind = Kind::Entry,
       .function = "flush_tlb_mm_range",
       .only_with = kDelayedRmap,
       .remark = "this kernel removes the rmap after the flush: the last place before it",
       .visits = Visits::PerCall},
      {.kind = Kind::Entry,
       .function = "flush_tlb_mm_range",
       .remark = "page_remove_rmap has no place of its own: the next one, before the flush",
       .visits = Visits::PerCall}}},
    // linux v6.12 mm/huge_memory.c: zap_huge_pmd, in v6.1 as in v6.12
    {"folio_remove_rmap_pmd(",
     {{Kind::Return, "folio_remove_rmap_pmd"}, {Kind::Return, "page_remove_rmap"}}},
    // linux v6.12 mm/mmu_gather.c: tlb_flush_rmaps
    {"tlb_flush_rmaps(", {{Kind::Return, "tlb_flush_rmaps"}}},
    // linux v6.12 arch/x86/mm/tlb.c: flush_tlb_mm_range
    {"flush_tlb_mm_range(", {{Kind::Return, "flush_tlb_mm_range"}}},
    // linux v6.12 mm/page-writeback.c: folio_clear_dirty_for_io
    {"folio_mkclean(", {{Kind::Return, "folio_mkclean"}}},
    {"clear_page_dirty_for_io(", {{Kind::Return, "folio_clear_dirty_for_io"}}},
    {"folio_start_writeback(",
     {{Kind::Return, "__folio_start_writeback"}, {Kind::Return, "folio_start_writeback"}}},
    {"device reads", {{.kind = Kind::Entry, .function = "folio_end_writeback"}}},
    // linux v6.12 mm/filemap.c: folio_end_writeback
    {"folio_end_writeback(", {{Kind::Return, "folio_end_writeback"}}},
    // linux v6.12 mm/truncate.c: mapping_evict_folio
    {"mapping_evict_folio(", {{Kind::Return, "mapping_evict_folio"}}},
};

const Entry* find(std::string_view step) {
  const auto found = std::find_if(std::begin(kEntries), std::end(kEntries),
                                  [&](const Entry& entry) { return step.starts_with(entry.step); });
  return found == std::end(kEntries) ? nullptr : found;
}

bool is_usable(const Candidate& candidate, const Symbols& symbols) {
  const auto has = [&](std::string_view name) {
    return symbols.find(std::string(name)).has_value();
  };
  return !candidate.function.empty() && has(candidate.function) &&
         (candidate.only_with.empty() || has(candidate.only_with)) &&
         (candidate.only_without.empty() || !has(candidate.only_without));
}

const Candidate* usable(const Entry& entry, const Symbols& symbols) {
  for (const Candidate& candidate : entry.candidates) {
    if (is_usable(candidate, symbols)) return &candidate;
  }
  return nullptr;
}

/// The entries before and after it that the kernel has places for.
std::string neighbours(const Entry& entry, const Symbols& symbols) {
  std::string text;
  const auto add = [&](const Entry& other, const char* where) {
    const Candidate* place = usable(other, symbols);
    if (place == nullptr) return false;
    text += fmt::format("; the nearest {} it is {}", where, place->function);
    return true;
  };
  for (const Entry* other = &entry; other != std::begin(kEntries);) {
    if (add(*--other, "before")) break;
  }
  for (const Entry* other = &entry + 1; other != std::end(kEntries); ++other) {
    if (add(*other, "after")) break;
  }
  return text;
}

}  // namespace

bool StepTable::has(std::string_view step) { return find(step) != nullptr; }

bool StepTable::is_alike(std::string_view step, std::string_view other) {
  const Entry* entry = find(step);
  return entry != nullptr && entry == find(other);
}

StepPlace StepTable::place_after(std::string_view step) const {
  const Entry* entry = find(step);
  if (entry == nullptr) {
    throw InputError(fmt::format("no function of the kernel is known for the step '{}'", step));
  }
  if (const Candidate* candidate = usable(*entry, symbols_)) {
    return {.stop = {.kind = candidate->kind, .function = std::string(candidate->function)},
            .remark = std::string(candidate->remark),
            .per_step = candidate->visits == Visits::PerStep};
  }
  std::string wanted;
  for (const Candidate& candidate : entry->candidates) {
    if (candidate.function.empty()) continue;
    if (!wanted.empty()) wanted += " or ";
    wanted += candidate.function;
  }
  throw InputError(
      fmt::format("after '{}' the kernel would be held at {}, which it has not (inlined?){}", step,
                  wanted, neighbours(*entry, symbols_)));
}

}  // namespace mmcheck::lab

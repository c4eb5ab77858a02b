// SPDX-License-Identifier: Apache-2.0
#include "design/composition.h"

#include <string>

#include "design/policy_table.h"

namespace mmcheck::design {

namespace {

EntryKind kind_of(const mm::zap_entry& entry) {
  if (entry.anon) return EntryKind::Anon;
  return machine::pte_dirty(entry.pte) ? EntryKind::Dirty : EntryKind::Clean;
}

}  // namespace

mm::ZapPolicy::Treatment ZapByKind::treat(const mm::zap_entry& entry) const {
  mm::ZapPolicy::Treatment result = otherwise->treat(entry);
  const Treatment& wanted = by_kind[static_cast<std::size_t>(kind_of(entry))];
  result.rmap = wanted.rmap.value_or(result.rmap);
  result.dirty = wanted.dirty.value_or(result.dirty);
  result.flush = wanted.flush.value_or(result.flush);
  return result;
}

mm::zap_entry entry_of(EntryKind kind) {
  const machine::pte_t clean{machine::pte_t::kPresent | machine::pte_t::kWrite};
  return {.pte = kind == EntryKind::Dirty ? machine::pte_mkdirty(clean) : clean,
          .anon = kind == EntryKind::Anon};
}

Composition::Composition(const mm::Policies& base) : policies_(base) {
  zap_.otherwise = base.zap;
  policies_.zap = &zap_;
  if (base.generations != nullptr) {
    generations_ = *base.generations;
    policies_.generations = &generations_;
  }
}

mm::Generations& Composition::generations() {
  policies_.generations = &generations_;
  return generations_;
}

bool Composition::apply(const mm::Policies& changed, const mm::Policies& original) {
  bool any = false;
  if (changed.zap != original.zap) {
    zap_.otherwise = changed.zap;
    any = true;
  }
  if (changed.gather != original.gather) {
    policies_.gather = changed.gather;
    any = true;
  }
  for (const Policy& policy : policy_table()) {
    if (!policy.is_field) continue;
    const std::optional<unsigned> value = policy.get(changed);
    const bool asked = policy.get(policies_).has_value();
    if (!asked || !value || value == policy.get(original)) continue;
    policy.set(*this, *value);
    any = true;
  }
  return any;
}

const Design* original_of(const Design& mutation) {
  const std::size_t slash = mutation.name.find('/');
  return slash == std::string_view::npos ? nullptr : find_design(mutation.name.substr(0, slash));
}

const Design* find_change(std::string_view step, std::string_view base) {
  const std::string no_step = "no-" + std::string(step);
  const Design* found = nullptr;
  for (const std::span<const Design> list : {mutations(), variants()}) {
    for (const Design& design : list) {
      const std::size_t slash = design.name.find('/');
      if (slash == std::string_view::npos) continue;
      const std::string_view own = design.name.substr(slash + 1);
      if (own != step && own != no_step && design.name != step) continue;
      if (design.name.substr(0, slash) == base) return &design;
      if (found == nullptr) found = &design;
    }
  }
  return found;
}

}  // namespace mmcheck::design

// SPDX-License-Identifier: Apache-2.0
// A design put together out of others and single policies, while mmcheck runs.
#pragma once

#include <array>
#include <optional>

#include "design/design.h"
#include "mm/policy.h"

namespace mmcheck::design {

/// What an entry maps, as far as zap treats it differently.
enum class EntryKind : std::uint8_t { Anon, Clean, Dirty };

/// As another policy treats an entry, but for what is said of its kind.
class ZapByKind final : public mm::ZapPolicy {
 public:
  struct Treatment {
    std::optional<mm::RmapRemoval> rmap;
    std::optional<mm::DirtyTransfer> dirty;
    std::optional<mm::FlushTime> flush;
  };

  mm::ZapPolicy::Treatment treat(const mm::zap_entry& entry) const override;

  const mm::ZapPolicy* otherwise = nullptr;
  std::array<Treatment, 3> by_kind{};  ///< by EntryKind
};

/// An entry of the kind, of a mapping that stays.
mm::zap_entry entry_of(EntryKind kind);

/// Refers to itself, so it stays where it is.
class Composition {
 public:
  explicit Composition(const mm::Policies& base);
  Composition(const Composition&) = delete;
  Composition& operator=(const Composition&) = delete;

  /// What a mutation or variant changes of the design that it is one of, but for the architecture,
  /// and for what nobody here asks. Returns whether that is anything.
  bool apply(const mm::Policies& changed, const mm::Policies& original);

  const mm::Policies& policies() const { return policies_; }

  // For the setters of policy_table.h.
  mm::Policies& own_policies() { return policies_; }
  ZapByKind& zap() { return zap_; }
  /// Looked at from now on.
  mm::Generations& generations();

 private:
  mm::Policies policies_;
  mm::Generations generations_;
  ZapByKind zap_;
};

/// The design that "linux-6.12/no-flush" is "no-flush" of; nullptr if it is no such name.
const Design* original_of(const Design& mutation);

/// The mutation or variant that is called so, or drops this step: "linux-6.12/no-force-flush",
/// "no-force-flush" or "force-flush". One of `base` if there is one. nullptr if there is none.
const Design* find_change(std::string_view step, std::string_view base);

}  // namespace mmcheck::design

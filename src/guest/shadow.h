// SPDX-License-Identifier: Apache-2.0
// Which bytes of a guest's memory are one shared word for the explorer, learned while it runs.
//
// Memory that one thread only uses makes no steps. Which memory that is shows while executions are
// made: what a second thread uses becomes shared. That is remembered from then on, and the search
// begins anew (Shadow::grew), so that in the search that counts everything that two threads use is
// shared from its beginning. It is complete: were there an execution in which two threads use
// memory that is not shared, then all before the first such use is like in an execution that was
// made, and the use would have been seen there.
//
// A shared word is what lies between two places, of eight bytes, at which some access begins or
// ends: learned, too.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace mmcheck::guest {

/// Eight bytes of memory.
struct Granule {
  static constexpr std::uint8_t kShared = 0xff;
  std::uint8_t owner;        ///< 0: nobody has used it; thread + 1; kShared
  std::uint8_t cuts;         ///< bit i: a word begins at byte i; not said of byte 0
  std::uint16_t first_unit;  ///< number of its first word, if it is shared

  unsigned nr_units() const { return 1u + static_cast<unsigned>(std::popcount(cuts)); }
  /// The word, among the granule's, that the byte belongs to.
  unsigned unit_of(unsigned byte) const {
    return static_cast<unsigned>(std::popcount(cuts & ((2u << byte) - 1)));
  }
};

/// The words of an access within one granule.
struct Units {
  std::uint16_t first = 0;
  std::uint16_t count = 0;
};

class Shadow {
 public:
  /// Words that there can be at all.
  static constexpr unsigned kUnitsMax = 3000;
  /// Of memory that becomes shared in an execution, before the search begins anew.
  static constexpr unsigned kSpareUnits = 256;

  Shadow() = default;
  ~Shadow();
  Shadow(const Shadow&) = delete;
  Shadow& operator=(const Shadow&) = delete;

  /// Regions have numbers in the order in which they are added.
  unsigned add_region(std::uintptr_t begin, std::size_t bytes);
  /// The region is at another address from now on (a stack).
  void move_region(unsigned region, std::uintptr_t begin) { regions_[region].begin = begin; }
  unsigned nr_regions() const { return static_cast<unsigned>(regions_.size()); }

  /// The granule of an address, or nullptr for memory of no region.
  Granule* find(std::uintptr_t address) {
    for (Region& region : regions_) {
      const std::uintptr_t offset = address - region.begin;
      if (offset < region.bytes) return &region.granules[offset / 8];
    }
    return nullptr;
  }

  /// A thread uses `bytes` at `offset` of the granule. Whether the granule is shared.
  bool use(Granule& granule, unsigned thread, unsigned offset, unsigned bytes) {
    const unsigned cuts = (1u << offset | 1u << (offset + bytes)) & 0xfe;
    if ((cuts & ~granule.cuts) != 0) divide(granule, cuts);
    if (granule.owner == thread + 1) return false;
    if (granule.owner == Granule::kShared) return true;
    return owned_by_other(granule, thread);
  }
  Units units(const Granule& granule, unsigned offset, unsigned bytes) const {
    const unsigned first = granule.unit_of(offset);
    const unsigned last = granule.unit_of(offset + bytes - 1);
    return {static_cast<std::uint16_t>(granule.first_unit + first),
            static_cast<std::uint16_t>(last - first + 1)};
  }

  // Words, by number. A granule's follow each other.
  unsigned nr_units() const { return static_cast<unsigned>(units_.size()); }
  struct Unit {
    std::uint16_t region = 0;
    std::uint8_t bytes = 0;
    std::uint32_t offset = 0;  ///< in the region
  };
  const Unit& unit(unsigned number) const { return units_[number]; }
  std::uintptr_t address_of(const Unit& unit) const {
    return regions_[unit.region].begin + unit.offset;
  }

  /// What is shared by now, and how it is divided: "0.18.10" is the region, the
  /// offset and the cuts, in hexadecimal.
  std::string encode() const;
  /// The same again. Throws InputError.
  void decode(const std::string& text);

  /// Numbers the words of all granules that are shared by now. Before an execution begins.
  void number_units();
  /// From now on memory that becomes shared is not taken from the spare words: BeginAnew is thrown
  /// at once. For a search that has gone back to earlier steps.
  void forbid_growth() { may_grow_ = false; }
  /// Whether more is shared, or divided, than when they were numbered.
  bool grew() const { return grew_; }

 private:
  /// Zero until it is used, and costs nothing until then.
  struct Region {
    std::uintptr_t begin = 0;
    std::size_t bytes = 0;
    Granule* granules = nullptr;
  };

  void divide(Granule& granule, unsigned cuts);
  bool owned_by_other(Granule& granule, unsigned thread);
  void number(Granule& granule, unsigned region, std::size_t index);

  std::vector<Region> regions_;
  std::vector<std::pair<unsigned, std::size_t>> shared_;  ///< region, granule
  std::vector<Unit> units_;
  bool grew_ = false;
  bool may_grow_ = true;
};

/// Thrown where an execution cannot go on with what was learned before it.
struct BeginAnew {};

}  // namespace mmcheck::guest

// SPDX-License-Identifier: Apache-2.0
// How operands are drawn.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <span>
#include <vector>

#include "conform/program.h"

namespace mmcheck::conform {

/// Numbers that are the same on every machine: what std's distributions make of a generator is
/// theirs.
class Dice {
 public:
  Dice(std::uint64_t seed, std::uint64_t number);

  std::uint64_t below(std::uint64_t end) { return random_() % end; }
  std::int64_t between(std::int64_t first, std::int64_t last) {
    return first + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(last - first + 1)));
  }
  bool percent(unsigned chance) { return below(100) < chance; }

  struct Choice {
    std::int64_t value;
    unsigned weight;
  };
  std::int64_t of(std::span<const Choice> choices);

 private:
  std::mt19937_64 random_;
};

/// What a process is believed to have. Only so that operands are about something: nothing depends
/// on its being true.
class Belief {
 public:
  struct Page {
    bool mapped = false;
    bool writable = false;
  };
  /// Of pages in a row that are mapped.
  struct Run {
    std::int64_t page = 0;
    std::int64_t pages = 0;
  };

  /// The call has been made, and will have succeeded if nothing speaks against it.
  void note(const Call& call);

  const Page& page(std::int64_t number) const { return pages_[static_cast<std::size_t>(number)]; }
  std::vector<Run> runs() const;
  bool is_open(std::int64_t slot) const { return open_[static_cast<std::size_t>(slot)]; }

 private:
  void set(std::int64_t address, std::int64_t length, const Page& page);
  void note_mmap(const Call& call);
  void note_mremap(const Call& call);

  std::array<Page, kWindowPages> pages_{};
  std::array<bool, kSlots> open_{};
};

/// Draws the operands of an operation, but for those of fork.
Call draw_call(Op op, const Belief& belief, Dice& dice);

}  // namespace mmcheck::conform

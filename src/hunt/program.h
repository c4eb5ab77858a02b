// SPDX-License-Identifier: Apache-2.0
// Programs, up to symmetry: which of them there are, and their text.
//
// Two programs are the same if they differ in the order of the threads or in the values that are
// stored. Of each set of the same ones the enumeration gives one. Pages and processes are not
// alike: what works on a whole mapping goes from the first page to the last, walks of the reverse
// map come to one process before the other, and kernel threads name the first.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "hunt/alphabet.h"

namespace mmcheck::hunt {

/// An operation on one of the pages, in one of the mappings, by a thread of one of the processes.
struct Letter {
  const Operation* operation = nullptr;
  std::uint8_t page = 0;
  std::uint8_t process = 0;
  std::uint8_t mapping = 0;
};

/// Which programs there are.
struct Bounds {
  unsigned operations = 3;
  unsigned threads = 3;
  unsigned processes = 1;  ///< 1 or 2; each maps the same
  unsigned pages = 1;      ///< of a mapping
};
inline constexpr unsigned kPagesMax = 4;
inline constexpr unsigned kOperationsMax = 8;
inline constexpr unsigned kThreadsMax = 4;

using LetterId = std::uint8_t;
using Sequence = std::vector<LetterId>;

/// Threads, the longer ones first, those of one length in the order of their letters.
struct Program {
  std::uint8_t start = 0;  ///< position in starts()
  std::vector<Sequence> threads;

  friend bool operator==(const Program&, const Program&) = default;
  unsigned nr_operations() const;
  bool is_sorted() const;
  /// The same for equal programs only.
  std::string key() const;
};

/// The letters and starts of a campaign.
class Space {
 public:
  /// Throws InputError if nothing is left.
  Space(const Bounds& bounds, std::span<const Operation* const> operations,
        std::span<const Start* const> starts);

  const Bounds& bounds() const { return bounds_; }
  std::span<const std::uint8_t> starts() const { return starts_; }
  std::span<const Letter> letters() const { return letters_; }

  /// Whether one thread can run this: its letters have one caller, and pages are held when used.
  bool can_run(const Sequence& sequence) const;
  bool fits(const Program& program) const;
  /// The program without one of its operations; nothing if none is left.
  std::optional<Program> without(const Program& program, std::size_t thread,
                                 std::size_t position) const;

  /// The program of a key(). Throws InputError if it is not one of this space.
  Program program_of(const std::string& key) const;

  /// Operations that fit no start, or need several pages: they are in no program.
  std::span<const Operation* const> unused() const { return unused_; }
  /// Letters and starts, in words: the same for the same spaces only.
  std::string identity() const;

  std::string name(const Program& program) const;
  /// A scenario, without an expectation.
  std::string text(const Program& program) const;

 private:
  std::string statement(const Program& program, std::size_t thread, std::size_t position,
                        unsigned value) const;
  std::string initial_section(const Program& program) const;

  Bounds bounds_;
  std::vector<Letter> letters_;
  std::vector<std::uint8_t> starts_;
  std::vector<const Operation*> unused_;
};

/// All programs of `operations` operations: an odometer.
class Enumeration {
 public:
  Enumeration(const Space& space, unsigned operations);

  /// nullptr at the end.
  const Program* next();

 private:
  bool advance();
  bool next_shape();
  bool load();

  const Space& space_;
  std::vector<std::vector<unsigned>> shapes_;  ///< lengths of threads, descending
  std::size_t start_ = 0;
  std::size_t shape_ = 0;
  std::vector<LetterId> digits_;
  bool fresh_ = true;
  Program program_;
};

/// Programs drawn at random: each as likely as every other of its number of operations.
class Sampling {
 public:
  Sampling(const Space& space, unsigned operations, std::uint64_t seed);
  const Program& next();

 private:
  const Space& space_;
  std::vector<std::vector<unsigned>> shapes_;
  unsigned operations_;
  std::mt19937_64 random_;
  Program program_;
};

}  // namespace mmcheck::hunt

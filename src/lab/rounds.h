// SPDX-License-Identifier: Apache-2.0
// A forced schedule on a running kernel, again and again.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "lab/forced_schedule.h"
#include "lab/image.h"
#include "lab/symbols.h"
#include "workload/scenario.h"

namespace mmcheck::lab {

/// What became of a segment.
struct SegmentResult {
  enum class Outcome : std::uint8_t {
    Reached,
    Blocked,     ///< the thread waits for another one
    NotReached,  ///< it came to its end without passing the place
    Faulted,     ///< its TLB had lost the entry through which it was to access memory
    TimedOut,
  };
  Outcome outcome = Outcome::Reached;
  std::vector<std::string> functions = {};  ///< where it was then, innermost first
  bool asleep = false;
};

/// A page of a file that the round has stored to.
struct PageResult {
  unsigned file = 0;
  unsigned page = 0;
  std::uint64_t stored = 0;
  std::uint64_t on_disk = 0;  ///< after everything has been written and all mappings are gone

  bool is_lost() const { return stored != on_disk; }
};

struct RoundResult {
  std::vector<SegmentResult> segments;
  std::vector<PageResult> pages;
  std::vector<std::uint64_t> faults;  ///< by thread: where it was refused an access, or 0
  std::vector<std::string> warnings;  ///< lines of the kernel's log
  double seconds = 0;

  bool is_lost() const;
  bool has_blocked() const;
  /// A thread's TLB had lost the entry that it was to use.
  bool has_faulted() const;
  /// Whether each thread has come to where the order says, or is known to be kept from it by
  /// another one. Else the round says nothing about the order.
  bool is_forced() const;
};

/// A kernel, booted, with the guest of a scenario.
class Laboratory {
 public:
  Laboratory(const workload::Scenario& scenario, const Image& image, const Symbols& symbols,
             const std::filesystem::path& folder);
  ~Laboratory();

  /// Throws InputError if the kernel has no function of a name in it, LabError if the machine does
  /// not do as it should.
  RoundResult run(const ForcedSchedule& schedule);

  std::filesystem::path log() const;
  double boot_seconds() const;  ///< of the boot that went well
  unsigned boots() const { return boots_; }

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
  unsigned boots_ = 0;
};

}  // namespace mmcheck::lab

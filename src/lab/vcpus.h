// SPDX-License-Identifier: Apache-2.0
// The CPUs of a virtual machine: some held where they are, the others running.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "lab/stub.h"
#include "lab/symbols.h"

namespace mmcheck::lab {

/// That this CPU is about to make the instruction at this address.
struct Place {
  unsigned cpu = 0;
  std::uint64_t address = 0;
};

/// What a CPU does at the moment.
struct Activity {
  std::vector<std::string> functions;  ///< innermost first; some may be left over from before
  bool waits = false;                  ///< it spins for something, or has nothing to do
  bool idle = false;                   ///< it has nothing to do: who ran on it is asleep
};

class Vcpus {
 public:
  using Milliseconds = std::chrono::milliseconds;

  /// All are stopped, and none is held.
  Vcpus(Stub& stub, const Symbols& symbols, unsigned nr_cpus)
      : stub_(stub), symbols_(symbols), nr_cpus_(nr_cpus) {}

  /// From the next time that the others run.
  void hold(unsigned cpu) { held_.insert(cpu); }
  void release(unsigned cpu) { held_.erase(cpu); }
  void release_all() { held_.clear(); }

  /// Lets all run that are not held, until one is at its place (which one, as an index), or until
  /// the time is over. They are stopped then.
  std::optional<std::size_t> run_until(std::span<const Place> places, Milliseconds limit);
  bool run_until(const Place& place, Milliseconds limit) {
    return run_until({&place, 1}, limit).has_value();
  }

  Activity activity(unsigned cpu);

  Stub& stub() { return stub_; }
  const Symbols& symbols() const { return symbols_; }

 private:
  std::vector<unsigned> running() const;
  std::optional<std::size_t> run_to_stop(std::span<const Place> places, Milliseconds limit,
                                         const std::set<std::uint64_t>& addresses);
  void step_over(unsigned cpu, std::uint64_t address);
  void leave_places(std::span<const unsigned> cpus, const std::set<std::uint64_t>& addresses);

  Stub& stub_;
  const Symbols& symbols_;
  unsigned nr_cpus_;
  std::set<unsigned> held_;
  std::map<unsigned, std::uint64_t> standing_;  ///< where a CPU was when all were stopped for it
};

}  // namespace mmcheck::lab

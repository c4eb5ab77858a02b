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

/// Where a CPU goes round while its thread is held: an endless loop that each kernel has, for what
/// is left of it after a panic. It changes no register and no memory. linux v6.12 kernel/panic.c
inline constexpr std::string_view kLoop = "panic_smp_self_stop";

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

  /// Keeps the CPU's thread where it is, from the next time that the others run. The CPU goes round
  /// in kLoop and takes interrupts as it would there; if the kernel has no such loop it stands
  /// still.
  void hold(unsigned cpu);
  void release(unsigned cpu);
  void release_all();

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
  /// Of a CPU that goes round in kLoop.
  struct Loop {
    std::uint64_t from = 0;    ///< where it was before
    std::uint64_t within = 0;  ///< an instruction that it makes each time
  };

  std::vector<unsigned> running() const;
  void leave_loop(unsigned cpu, std::uint64_t within);
  std::optional<std::size_t> run_to_stop(std::span<const Place> places, Milliseconds limit,
                                         const std::set<std::uint64_t>& addresses);
  void step_over(unsigned cpu, std::uint64_t address);
  void leave_places(std::span<const unsigned> cpus, const std::set<std::uint64_t>& addresses);

  Stub& stub_;
  const Symbols& symbols_;
  unsigned nr_cpus_;
  std::set<unsigned> held_;  ///< they stand still
  std::map<unsigned, Loop> looping_;
  std::map<unsigned, std::uint64_t> standing_;  ///< where a CPU was when all were stopped for it
};

}  // namespace mmcheck::lab

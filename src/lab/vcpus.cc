// SPDX-License-Identifier: Apache-2.0
#include "lab/vcpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "lab/lab_error.h"

namespace mmcheck::lab {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kStackBytes = 0x4000;  ///< of a kernel stack, and what it is aligned to
constexpr std::size_t kFunctionsMax = 10;
constexpr unsigned kStepsIntoLoop = 6;
constexpr unsigned kStepsMax = 20;
constexpr milliseconds kInterrupt{10'000};  ///< that one may take, on a host that is busy

/// Functions in which a CPU waits for another one, with its interrupts off or on.
constexpr std::string_view kSpinning[] = {"native_queued_spin_lock_slowpath",
                                          "queued_spin_lock_slowpath",
                                          "smp_call_function_many_cond",
                                          "queued_read_lock_slowpath",
                                          "queued_write_lock_slowpath",
                                          "rwsem_spin_on_owner",
                                          "mutex_spin_on_owner",
                                          "osq_lock",
                                          "bit_spin_lock"};

constexpr std::string_view kIdle[] = {
    "default_idle",     "pv_native_safe_halt", "acpi_idle_do_entry", "acpi_safe_halt",
    "native_safe_halt", "mwait_idle",          "default_idle_call",  "do_idle",
    "intel_idle",       "cpuidle_enter"};

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

void Vcpus::hold(unsigned cpu) {
  const auto loop = symbols_.find(std::string(kLoop));
  if (!loop) {
    held_.insert(cpu);
    return;
  }
  const Registers before = stub_.registers(cpu);
  stub_.set_rip(cpu, *loop);
  // Behind its beginning, of which it need not be a part. The stub may report a step that is not
  // made: see step_over.
  Registers now{.rip = *loop, .rsp = before.rsp};
  for (unsigned i = 0; i < kStepsIntoLoop || (now.rip == *loop && i < kStepsMax); ++i) {
    stub_.step(cpu);
    now = stub_.registers(cpu);
  }
  if (symbols_.name_at(now.rip) != kLoop || now.rsp != before.rsp) {
    throw LabError(fmt::format("{} is no loop that leaves all else alone", kLoop));
  }
  looping_[cpu] = {.from = before.rip, .within = now.rip};
}

void Vcpus::release(unsigned cpu) {
  held_.erase(cpu);
  const auto looping = looping_.find(cpu);
  if (looping == looping_.end()) return;
  const std::uint64_t from = looping->second.from;
  leave_loop(cpu, looping->second.within);
  looping_.erase(looping);
  stub_.set_rip(cpu, from);
  standing_[cpu] = from;
}

void Vcpus::release_all() {
  for (unsigned cpu = 0; cpu < nr_cpus_; ++cpu) release(cpu);
}

/// The CPU may be in an interrupt, which returns to the loop.
void Vcpus::leave_loop(unsigned cpu, std::uint64_t within) {
  if (symbols_.name_at(stub_.registers(cpu).rip) == kLoop) return;
  // Others that go round there stand still, or they would stop the machine each time.
  const std::set<unsigned> held = held_;
  for (const auto& [other, loop] : looping_) {
    if (other != cpu) held_.insert(other);
  }
  const bool back = run_until(Place{cpu, within}, kInterrupt);
  held_ = held;
  if (back) return;
  throw LabError(fmt::format("CPU {} does not come back from an interrupt: it is in {}", cpu,
                             fmt::join(activity(cpu).functions, " < ")));
}

std::vector<unsigned> Vcpus::running() const {
  std::vector<unsigned> cpus;
  for (unsigned cpu = 0; cpu < nr_cpus_; ++cpu) {
    if (!held_.contains(cpu)) cpus.push_back(cpu);
  }
  return cpus;
}

std::optional<std::size_t> Vcpus::run_until(std::span<const Place> places, milliseconds limit) {
  std::set<std::uint64_t> addresses;
  for (const Place& place : places) addresses.insert(place.address);
  for (const std::uint64_t address : addresses) stub_.insert_breakpoint(address);
  const auto reached = run_to_stop(places, limit, addresses);
  for (const std::uint64_t address : addresses) stub_.remove_breakpoint(address);
  return reached;
}

std::optional<std::size_t> Vcpus::run_to_stop(std::span<const Place> places, milliseconds limit,
                                              const std::set<std::uint64_t>& addresses) {
  const std::vector<unsigned> cpus = running();
  const auto end = Clock::now() + limit;
  leave_places(cpus, addresses);
  while (true) {
    const auto left = duration_cast<milliseconds>(end - Clock::now());
    if (left.count() <= 0) return std::nullopt;
    std::optional<Stopped> stopped = stub_.resume(cpus, left);
    if (!stopped) stopped = stub_.interrupt();
    if (stopped->why == Stopped::Why::Ended) throw LabError("the virtual machine has ended");
    if (stopped->why == Stopped::Why::Interrupted) return std::nullopt;
    const std::uint64_t address = stub_.registers(stopped->cpu).rip;
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (places[i].cpu == stopped->cpu && places[i].address == address) {
        standing_[stopped->cpu] = address;
        return i;
      }
    }
    if (addresses.contains(address)) step_over(stopped->cpu, address);
  }
}

void Vcpus::step_over(unsigned cpu, std::uint64_t address) {
  // The stub would stop again at the breakpoint that it stands on. And where two CPUs came to one
  // at the same time, it may report the second instead of making the step.
  constexpr unsigned kTries = 10;
  stub_.remove_breakpoint(address);
  unsigned tries = 0;
  do {
    if (++tries > kTries) throw LabError(fmt::format("CPU {} makes no step", cpu));
    stub_.step(cpu);
  } while (stub_.registers(cpu).rip == address);
  stub_.insert_breakpoint(address);
}

void Vcpus::leave_places(std::span<const unsigned> cpus, const std::set<std::uint64_t>& addresses) {
  for (const unsigned cpu : cpus) {
    const auto standing = standing_.find(cpu);
    if (standing == standing_.end() || looping_.contains(cpu)) continue;
    // It is there already: to come there means to come there again.
    if (addresses.contains(standing->second)) step_over(cpu, standing->second);
    standing_.erase(standing);
  }
}

Activity Vcpus::activity(unsigned cpu) {
  const Registers registers = stub_.registers(cpu);
  Activity activity;
  const auto add = [&](std::string_view name) {
    if (name.empty() || activity.functions.size() == kFunctionsMax) return;
    if (activity.functions.empty() || activity.functions.back() != name) {
      activity.functions.emplace_back(name);
    }
  };
  add(symbols_.name_at(registers.rip));
  if (activity.functions.empty()) return activity;  // in user code
  const std::string_view now = activity.functions.front();
  activity.idle = is_one_of(now, kIdle);
  activity.waits = activity.idle || is_one_of(now, kSpinning);
  // Each word that may be a return address: without debug information that is what can be known.
  const std::uint64_t bytes = kStackBytes - registers.rsp % kStackBytes;
  const auto stack = stub_.read(cpu, registers.rsp, std::min<std::uint64_t>(bytes & ~7ul, 1024));
  if (!stack) return activity;
  for (std::size_t at = 0; at + 8 <= stack->size(); at += 8) {
    std::uint64_t word = 0;
    for (unsigned i = 8; i-- > 0;) word = word << 8 | (*stack)[at + i];
    add(symbols_.caller_at(word));
  }
  return activity;
}

}  // namespace mmcheck::lab

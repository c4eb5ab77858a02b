// SPDX-License-Identifier: Apache-2.0
#include "lab/rounds.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "lab/files.h"
#include "lab/guest_frame.h"
#include "lab/guest_source.h"
#include "lab/kernel_log.h"
#include "lab/lab_error.h"
#include "lab/machine.h"
#include "lab/vcpus.h"

namespace mmcheck::lab {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using Outcome = SegmentResult::Outcome;

constexpr milliseconds kBoot{300'000};
constexpr milliseconds kSegment{20'000};  ///< for a thread to come to its place
constexpr milliseconds kRound{60'000};    ///< for all to end, once nobody is held
/// A thread that is found waiting twice in a row, this long apart, is blocked.
constexpr milliseconds kLook{250};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

bool has_outcome(std::span<const SegmentResult> segments, Outcome outcome) {
  return std::any_of(segments.begin(), segments.end(),
                     [&](const SegmentResult& segment) { return segment.outcome == outcome; });
}

}  // namespace

class Laboratory::Impl {
 public:
  Impl(const workload::Scenario& scenario, const Image& image, const Guest& guest,
       const Symbols& symbols, const std::filesystem::path& folder)
      : scenario_(scenario),
        cpus_(cpus_of(scenario)),
        guest_(guest),
        booted_(Clock::now()),
        machine_(image, guest_, cpus_, "", folder),
        log_(machine_.log()),
        socket_(machine_.stub(), milliseconds(10'000)),
        stub_(socket_),
        vcpus_(stub_, symbols, cpus_) {
    wait_for(GuestState::Ready, kBoot);
    boot_seconds_ = seconds_since(booted_);
  }

  RoundResult run(const ForcedSchedule& schedule);

  std::filesystem::path log() const { return machine_.log(); }
  double boot_seconds() const { return boot_seconds_; }

 private:
  unsigned main_cpu() const { return cpus_ - 1; }
  unsigned statements_of(unsigned thread) const {
    return static_cast<unsigned>(scenario_.threads[thread].body.size());
  }

  void wait_for(GuestState state, milliseconds limit);
  Shared read_shared();
  void allow(unsigned thread, unsigned statements);
  bool has_ended(unsigned thread) { return read_shared().made[thread] == statements_of(thread); }

  std::uint64_t address_of(const std::string& function) const;
  void add_fault(const Segment& segment, std::vector<Place>& places) const;
  SegmentResult run_segment(const Segment& segment);
  SegmentResult run_to_end(const Segment& segment);
  SegmentResult run_to_function(const Segment& segment);
  SegmentResult run_to_address(const Segment& segment, std::uint64_t address);
  SegmentResult run_to(unsigned thread, std::span<const Place> places, std::size_t& reached);
  std::vector<PageResult> pages_of(const Shared& shared) const;

  const workload::Scenario& scenario_;
  unsigned cpus_;
  Guest guest_;
  Clock::time_point booted_;
  Machine machine_;
  KernelLog log_;
  Socket socket_;
  Stub stub_;
  Vcpus vcpus_;
  double boot_seconds_ = 0;
  bool ready_ = true;
};

void Laboratory::Impl::wait_for(GuestState state, milliseconds limit) {
  const Place place{main_cpu(), guest_.mark};
  if (!vcpus_.run_until(place, limit)) {
    const std::string where =
        fmt::format("{}", fmt::join(vcpus_.activity(main_cpu()).functions, " < "));
    throw LabError(
        fmt::format("the guest does not go on (it is in {}):\n{}", where, machine_.last_words()));
  }
  const Shared shared = read_shared();
  if (shared.state == static_cast<std::uint64_t>(state)) return;
  if (shared.state != static_cast<std::uint64_t>(GuestState::Failed)) {
    throw LabError(fmt::format("the guest is in state {}, and not in {}:\n{}", shared.state,
                               static_cast<std::uint64_t>(state), machine_.last_words()));
  }
  const auto end = std::find(std::begin(shared.failure), std::end(shared.failure), '\0');
  throw LabError(fmt::format("the guest has failed: {}\n{}",
                             std::string(std::begin(shared.failure), end), machine_.last_words()));
}

Shared Laboratory::Impl::read_shared() {
  // Of the CPUs, one at least runs a process of the guest, or did last.
  for (unsigned cpu = cpus_; cpu-- > 0;) {
    const auto bytes = stub_.read(cpu, kShared, sizeof(Shared));
    if (!bytes) continue;
    Shared shared;
    std::memcpy(&shared, bytes->data(), sizeof shared);
    return shared;
  }
  throw LabError("the memory of the guest cannot be read");
}

void Laboratory::Impl::allow(unsigned thread, unsigned statements) {
  const std::uint64_t address = kShared + offsetof(Shared, allowed) + 8 * std::uint64_t{thread};
  // Of a thread that sleeps, the CPU may be with something else.
  for (unsigned cpu = cpus_; cpu-- > 0;) {
    if (stub_.write_word(cpu, address, statements)) return;
  }
  throw LabError("the memory of the guest cannot be written");
}

std::uint64_t Laboratory::Impl::address_of(const std::string& function) const {
  const auto address = vcpus_.symbols().find(function);
  if (!address) {
    throw InputError(fmt::format("this kernel has no function {} of its own (inlined?)", function));
  }
  return *address;
}

SegmentResult Laboratory::Impl::run_to(unsigned thread, std::span<const Place> places,
                                       std::size_t& reached) {
  const auto end = Clock::now() + kSegment;
  unsigned waiting = 0;
  while (Clock::now() < end) {
    if (const auto found = vcpus_.run_until(places, kLook)) {
      reached = *found;
      return {};
    }
    const Activity activity = vcpus_.activity(thread);
    waiting = activity.waits ? waiting + 1 : 0;
    if (waiting >= 2) {
      return {
          .outcome = Outcome::Blocked, .functions = activity.functions, .asleep = activity.idle};
    }
  }
  return {.outcome = Outcome::TimedOut, .functions = vcpus_.activity(thread).functions};
}

/// Where it is known that the entry was no longer in the TLB. A call may fault for reasons of its
/// own: then a round is made again for nothing, which is better than to take it for forced.
void Laboratory::Impl::add_fault(const Segment& segment, std::vector<Place>& places) const {
  if (segment.stale) places.push_back({segment.thread, address_of("exc_page_fault")});
}

SegmentResult Laboratory::Impl::run_to_function(const Segment& segment) {
  const unsigned thread = segment.thread;
  if (has_ended(thread)) return {.outcome = Outcome::NotReached};
  const bool returns = segment.stop.kind == Stop::Kind::Return;
  const std::uint64_t entry = address_of(segment.stop.function);
  // The call at whose beginning it is held is the first that returns.
  unsigned time = returns && stub_.registers(thread).rip == entry ? 1 : 0;
  SegmentResult result;
  while (result.outcome == Outcome::Reached && time < segment.stop.time) {
    result = run_to_address(segment, entry);
    ++time;
  }
  if (result.outcome != Outcome::Reached || !returns) return result;
  // Where it returns to lies on top of its stack.
  const auto back = stub_.read_word(thread, stub_.registers(thread).rsp);
  if (!back) throw LabError("the kernel's stack cannot be read");
  return run_to_address(segment, *back);
}

/// The thread may end before, or fault.
SegmentResult Laboratory::Impl::run_to_address(const Segment& segment, std::uint64_t address) {
  std::vector<Place> places = {{segment.thread, address}, {segment.thread, guest_.mark}};
  add_fault(segment, places);
  std::size_t reached = 0;
  SegmentResult result = run_to(segment.thread, places, reached);
  if (result.outcome != Outcome::Reached) return result;
  if (reached == 1) result.outcome = Outcome::NotReached;
  if (reached == 2) result.outcome = Outcome::Faulted;
  return result;
}

SegmentResult Laboratory::Impl::run_segment(const Segment& segment) {
  const unsigned thread = segment.thread;
  vcpus_.release(thread);
  const unsigned all = statements_of(thread);
  const bool some = segment.stop.kind == Stop::Kind::Statement;
  allow(thread, some ? std::min(segment.stop.statements, all) : all);
  if (segment.stop.kind == Stop::Kind::Entry || segment.stop.kind == Stop::Kind::Return) {
    SegmentResult result = run_to_function(segment);
    if (result.outcome == Outcome::Reached) vcpus_.hold(thread);
    return result;
  }
  return run_to_end(segment);
}

SegmentResult Laboratory::Impl::run_to_end(const Segment& segment) {
  const unsigned thread = segment.thread;
  if (has_ended(thread)) return {};
  std::vector<Place> places = {{thread, guest_.mark}};
  add_fault(segment, places);
  std::size_t reached = 0;
  SegmentResult result = run_to(thread, places, reached);
  if (result.outcome == Outcome::Reached && reached == 1) return {.outcome = Outcome::Faulted};
  return result;
}

std::vector<PageResult> Laboratory::Impl::pages_of(const Shared& shared) const {
  std::vector<PageResult> pages;
  for (unsigned file = 0; file < scenario_.files.size(); ++file) {
    for (unsigned page = 0; page < scenario_.files[file].nr_pages; ++page) {
      if (shared.nr_stores[file][page] == 0) continue;
      pages.push_back({.file = file,
                       .page = page,
                       .stored = shared.stored[file][page],
                       .on_disk = shared.seen[file][page]});
    }
  }
  return pages;
}

RoundResult Laboratory::Impl::run(const ForcedSchedule& schedule) {
  if (!ready_) wait_for(GuestState::Ready, kRound);
  ready_ = false;
  const auto start = Clock::now();
  RoundResult result;
  for (const Segment& segment : schedule.segments) result.segments.push_back(run_segment(segment));
  vcpus_.release_all();
  for (unsigned thread = 0; thread < scenario_.threads.size(); ++thread) {
    if (!has_ended(thread)) allow(thread, statements_of(thread));
  }
  wait_for(GuestState::Judged, kRound);
  const Shared shared = read_shared();
  result.pages = pages_of(shared);
  result.faults.assign(shared.fault, shared.fault + scenario_.threads.size());
  result.warnings = log_.new_warnings();
  result.seconds = seconds_since(start);
  return result;
}

bool RoundResult::is_lost() const {
  return std::any_of(pages.begin(), pages.end(),
                     [](const PageResult& page) { return page.is_lost(); });
}

bool RoundResult::has_blocked() const { return has_outcome(segments, Outcome::Blocked); }

bool RoundResult::has_faulted() const { return has_outcome(segments, Outcome::Faulted); }

bool RoundResult::is_forced() const {
  return std::all_of(segments.begin(), segments.end(), [](const SegmentResult& segment) {
    return segment.outcome == Outcome::Reached || segment.outcome == Outcome::Blocked;
  });
}

Laboratory::Laboratory(const workload::Scenario& scenario, const Image& image,
                       const Symbols& symbols, const std::filesystem::path& folder) {
  const Guest guest = build_guest(guest_source(scenario), file_system_of(scenario), image, folder);
  while (impl_ == nullptr) {
    try {
      ++boots_;
      impl_ = std::make_unique<Impl>(scenario, image, guest, symbols, folder);
    } catch (const LabError&) {
      if (boots_ == kBootTries) throw;
    }
  }
}

Laboratory::~Laboratory() = default;

RoundResult Laboratory::run(const ForcedSchedule& schedule) { return impl_->run(schedule); }

std::filesystem::path Laboratory::log() const { return impl_->log(); }

double Laboratory::boot_seconds() const { return impl_->boot_seconds(); }

}  // namespace mmcheck::lab

// SPDX-License-Identifier: Apache-2.0
#include "lab/counts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <set>
#include <string_view>

#include "lab/files.h"
#include "lab/lab_error.h"
#include "lab/machine.h"

namespace mmcheck::lab {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kCountingBoot{300};
/// Of one run. Each CPU of the machine spins, and the host may have fewer.
constexpr std::chrono::seconds kCountingRun{60};

/// Else RCU asks a thread that is in the kernel for a tenth of a second to let others run.
constexpr const char* kPatientRcu = "rcutree.jiffies_till_sched_qs=100000";

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct TraceLine {
  std::uint64_t task = 0;
  std::uint64_t cpu = 0;
  bool need_resched = false;
  bool in_interrupt = false;
  std::string_view event;
};

/// "   <...>-109     [003] d.h1.   14: flush_tlb_func <-caller"
std::optional<TraceLine> parse_trace_line(std::string_view line) {
  constexpr std::size_t kNeedResched = 1;  // of the flags
  constexpr std::size_t kInterrupt = 2;
  const std::size_t open = line.find(" [");
  const std::size_t close = line.find("] ", open);
  const std::size_t colon = line.find(": ", close);
  if (colon == std::string_view::npos) return std::nullopt;  // also where one before it is
  const std::string_view name = line.substr(0, line.find_last_not_of(' ', open) + 1);
  const std::size_t dash = name.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto task = number(name.substr(dash + 1));
  const auto cpu = number(line.substr(open + 2, close - open - 2));
  const std::string_view flags = line.substr(close + 2, colon - close - 2);
  if (!task || !cpu || flags.size() <= kInterrupt) return std::nullopt;
  const bool in_interrupt = flags[kInterrupt] == 'h' || flags[kInterrupt] == 'H';
  return TraceLine{*task, *cpu, flags[kNeedResched] != '.', in_interrupt, line.substr(colon + 2)};
}

/// Follows the trace of one run.
class Counter {
 public:
  explicit Counter(std::uint64_t shootdowns) : shootdowns_(shootdowns) {}

  /// Whether it is an event that is to be expected.
  bool add(const TraceLine& line) {
    const std::string_view event = line.event;
    if (event.starts_with(kMark)) {
      within_ = event.ends_with("begin");
    } else if (event.starts_with("sys_")) {
      if (event.find(" -> ") == std::string_view::npos) {
        calling_.insert(line.task);
      } else {
        calling_.erase(line.task);
      }
    } else if (event.starts_with(kFlush)) {
      if (line.cpu == kWorker) add_flush(line);
    } else if (event.starts_with(kTold)) {
      add_told(line);
    } else {
      return false;
    }
    return true;
  }

  FlushCount finish() const {
    if (traced_ == shootdowns_) return count_;
    throw LabError(fmt::format("{} interrupts for flushes are in the trace, {} in /proc/interrupts",
                               traced_, shootdowns_));
  }

 private:
  static constexpr std::string_view kMark = "tracing_mark_write: ";
  static constexpr std::string_view kFlush = "flush_tlb_mm_range <-";
  static constexpr std::string_view kTold = "flush_tlb_func <-";
  static constexpr std::uint64_t kWorker = 0;  ///< the CPU on which the work is done

  void add_flush(const TraceLine& line) {
    counts_ = within_ && calling_.contains(line.task);
    if (!counts_) return;
    ++count_.flushes;
    // It may have stopped half-way through a table, to flush and to let others run.
    const std::string_view remark = line.need_resched ? " (need_resched)" : "";
    ++count_.callers[fmt::format("{}{}", line.event.substr(kFlush.size()), remark)];
  }

  /// The CPU that flushes is told too, but not by an interrupt. A flush is over, with all that it
  /// interrupts, before its CPU begins the next one.
  void add_told(const TraceLine& line) {
    if (!within_ || !line.in_interrupt) return;
    ++traced_;
    if (counts_) ++count_.ipis;
  }

  std::uint64_t shootdowns_;
  std::uint64_t traced_ = 0;
  std::set<std::uint64_t> calling_ = {};  ///< tasks within a call that counts
  bool within_ = false;                   ///< the marks
  bool counts_ = false;                   ///< the last flush does
  FlushCount count_ = {};
};

/// Puts what the guest has sent together, line by line.
class Reader {
 public:
  Reader(std::size_t works, unsigned times) : times_(times), counts_(works) {}

  /// Whether the line was expected.
  bool add(const std::string& line) {
    if (ended_) return false;
    if (line.starts_with("run ")) return begin_run(line);
    if (line == "end") return end();
    const auto event = parse_trace_line(line);
    return event && counter_ && counter_->add(*event);
  }

  std::string expected() const {
    if (ended_) return "nothing more";
    const std::string event = runs_ == 0 ? "" : "'TASK-PID [CPU] FLAGS TIME: EVENT', or ";
    return event + (all_begun() ? "'end'" : fmt::format("'run {} NUMBER'", runs_ / times_));
  }

  bool ended() const { return ended_; }
  std::vector<std::vector<FlushCount>> take() { return std::move(counts_); }

 private:
  bool all_begun() const { return runs_ == counts_.size() * times_; }

  void end_run() {
    if (counter_) counts_[(runs_ - 1) / times_].push_back(counter_->finish());
    counter_.reset();
  }

  /// "run 3 21": the work, and the interrupts that /proc/interrupts has counted.
  bool begin_run(const std::string& line) {
    const std::string beginning = fmt::format("run {} ", runs_ / times_);
    if (all_begun() || !line.starts_with(beginning)) return false;
    const auto shootdowns = number(std::string_view(line).substr(beginning.size()));
    if (!shootdowns) return false;
    end_run();
    counter_.emplace(*shootdowns);
    ++runs_;
    return true;
  }

  bool end() {
    if (!all_begun()) return false;
    end_run();
    ended_ = true;
    return true;
  }

  unsigned times_;
  std::vector<std::vector<FlushCount>> counts_;
  std::optional<Counter> counter_;  ///< of the run that has begun
  std::size_t runs_ = 0;            ///< that have begun
  bool ended_ = false;
};

/// What the guest has sent.
std::string let_count(const Image& image, const Guest& guest, unsigned cpus,
                      std::chrono::seconds limit, const std::filesystem::path& folder) {
  Machine machine(image, guest, cpus, kPatientRcu, folder);
  if (!machine.wait_for_end(limit)) {
    throw LabError("the kernel does not come to its end in time:\n" + machine.last_words());
  }
  std::string text = read_file(machine.port());
  if (!text.ends_with("end\n")) {
    throw LabError("the kernel has not counted to the end:\n" + machine.last_words());
  }
  return text;
}

}  // namespace

std::vector<std::vector<FlushCount>> parse_counts(const std::string& text, std::size_t works,
                                                  unsigned times) {
  Reader reader(works, times);
  std::size_t number_of_line = 0;
  for (const std::string& line : lines_of(text)) {
    ++number_of_line;
    if (reader.add(line)) continue;
    throw LabError(fmt::format("line {} of what the guest has counted: '{}': expected {}",
                               number_of_line, line, reader.expected()));
  }
  if (!reader.ended()) {
    throw LabError("what the guest has counted breaks off: expected " + reader.expected());
  }
  return reader.take();
}

KernelCounts count_flushes(const Image& image, std::span<const CountedWork> works, unsigned times,
                           const std::filesystem::path& folder) {
  const Guest guest =
      build_guest(counting_guest_source(works, times), FileSystem::Ext4, image, folder);
  unsigned cpus = 1;
  for (const CountedWork& work : works) cpus = std::max(cpus, work.cpus);
  const auto limit = kCountingBoot + kCountingRun * (works.size() * times);
  KernelCounts counts;
  std::string text;
  while (text.empty()) {
    const auto start = Clock::now();
    try {
      text = let_count(image, guest, cpus, limit, folder);
    } catch (const LabError&) {
      if (counts.boots == kBootTries) throw;
      ++counts.boots;
    }
    counts.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  }
  counts.works = parse_counts(text, works.size(), times);
  return counts;
}

}  // namespace mmcheck::lab

// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "report/verdict.h"

namespace mmcheck::cli {
namespace {

/// The first guesses are off by orders of magnitude: nobody should read "27 days left" for a
/// minute.
constexpr double kFractionTold = 0.001;

std::string duration_text(double seconds) {
  if (seconds < 100) return fmt::format("{:.0f} s", seconds);
  if (seconds < 100 * 60) return fmt::format("{:.0f} min", seconds / 60);
  if (seconds < 100 * 3600) return fmt::format("{:.0f} h", seconds / 3600);
  return fmt::format("{} days", report::roughly(seconds / 86'400));
}

}  // namespace

std::string progress_text(const ProgressFigures& figures) {
  std::string text = fmt::format("{} of {} {}, {}", figures.nr_done, figures.nr_cells, figures.unit,
                                 duration_text(figures.seconds));
  if (figures.executions == 0) return text;
  text += fmt::format("; {} executions", figures.executions);
  if (figures.executions_in_all) {
    text += fmt::format(" of about {}", report::roughly(*figures.executions_in_all));
  }
  if (figures.seconds > 0) {
    const double rate = static_cast<double>(figures.executions) / figures.seconds;
    text += fmt::format(", {:.0f}/s", rate);
  }
  if (figures.seconds_left) text += fmt::format(", {} left", duration_text(*figures.seconds_left));
  return text;
}

void ProgressTally::report(std::size_t cell, const explore::Progress& progress, double seconds) {
  Running& running = running_[cell];
  if (progress.executions < running.latest.executions) {
    // Another search of the same cell: for the shortest counterexample.
    executions_ += running.latest.executions;
    running.since = running.until;
  }
  running.latest = progress;
  running.until = seconds;
}

void ProgressTally::done(std::size_t cell, std::uint64_t executions) {
  executions_ += std::max(executions, running_[cell].latest.executions);
  running_.erase(cell);
  ++nr_done_;
}

ProgressFigures ProgressTally::figures(double seconds) const {
  ProgressFigures figures{.nr_done = nr_done_,
                          .nr_cells = nr_cells_,
                          .unit = unit_,
                          .seconds = seconds,
                          .executions = executions_,
                          .executions_in_all = {},
                          .seconds_left = {}};
  // Nothing is known about cells that have not begun.
  bool all_known = !running_.empty() && nr_done_ + running_.size() == nr_cells_;
  double in_all = static_cast<double>(executions_);
  double left = 0;
  for (const auto& [cell, running] : running_) {
    figures.executions += running.latest.executions;
    const double fraction = running.latest.fraction;
    all_known = all_known && fraction >= kFractionTold;
    if (!all_known) continue;
    in_all += static_cast<double>(running.latest.executions) / fraction;
    left = std::max(left, (running.until - running.since) * (1 / fraction - 1));
  }
  if (all_known) {
    figures.executions_in_all = in_all;
    figures.seconds_left = left;
  }
  return figures;
}

Progress::Progress(const Console& console, std::size_t nr_cells, std::string unit)
    : console_(console),
      start_(std::chrono::steady_clock::now()),
      tally_(nr_cells, std::move(unit)) {
  if (console.status == Status::Terminal) ticker_ = std::thread([this] { tick(); });
}

Progress::~Progress() {
  if (!ticker_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    hide_locked();
  }
  stopped_.notify_all();
  ticker_.join();
}

double Progress::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

std::function<void(const explore::Progress&)> Progress::watch(std::size_t cell) {
  if (!ticker_.joinable()) return {};
  const std::lock_guard lock(mutex_);
  tally_.begin(cell, seconds());
  return [this, cell](const explore::Progress& progress) {
    const std::lock_guard reporting(mutex_);
    tally_.report(cell, progress, seconds());
  };
}

void Progress::cell_done(std::size_t cell, std::uint64_t executions) {
  const std::lock_guard lock(mutex_);
  tally_.done(cell, executions);
}

void Progress::around(const std::function<void()>& print) {
  const std::lock_guard lock(mutex_);
  hide_locked();
  print();
}

void Progress::hide_locked() {
  if (!visible_) return;
  console_.err << "\r\x1b[K" << std::flush;
  visible_ = false;
}

void Progress::tick() {
  std::unique_lock lock(mutex_);
  while (!stopped_.wait_for(lock, std::chrono::milliseconds(500), [this] { return stop_; })) {
    const double now = seconds();
    if (now < 1) continue;
    console_.err << "\r\x1b[K" << progress_text(tally_.figures(now)) << std::flush;
    visible_ = true;
  }
}

}  // namespace mmcheck::cli

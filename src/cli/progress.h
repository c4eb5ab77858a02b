// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "cli/session.h"
#include "explore/explorer.h"

namespace mmcheck::cli {

/// What the status line says.
struct ProgressFigures {
  std::size_t nr_done = 0;
  std::size_t nr_cells = 0;
  std::string unit = "cells";
  double seconds = 0;
  std::uint64_t executions = 0;
  std::optional<double> executions_in_all;  ///< an estimate
  std::optional<double> seconds_left;       ///< an estimate
};

/// Short enough for a line of 80 characters.
std::string progress_text(const ProgressFigures& figures);

/// How far the cells are, from what their searches report. Does not look at a clock itself.
class ProgressTally {
 public:
  explicit ProgressTally(std::size_t nr_cells, std::string unit = "cells")
      : nr_cells_(nr_cells), unit_(std::move(unit)) {}

  /// `seconds`: since the start of the run.
  void report(std::size_t cell, const explore::Progress& progress, double seconds);
  void begin(std::size_t cell, double seconds) { running_[cell].since = seconds; }
  void done(std::size_t cell, std::uint64_t executions);
  ProgressFigures figures(double seconds) const;

 private:
  struct Running {
    double since = 0;
    double until = 0;  ///< when it reported last
    explore::Progress latest;
  };

  std::size_t nr_cells_;
  std::string unit_;
  std::size_t nr_done_ = 0;
  std::uint64_t executions_ = 0;  ///< of searches that have ended
  std::map<std::size_t, Running> running_;
};

/// One status line on a terminal's standard error, for runs of more than a second.
class Progress {
 public:
  Progress(const Console& console, std::size_t nr_cells, std::string unit = "cells");
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// The cell begins. Its searches are to call what this returns, which is empty where nobody
  /// looks.
  std::function<void(const explore::Progress&)> watch(std::size_t cell);
  void cell_done(std::size_t cell, std::uint64_t executions);
  /// Calls `print` while the line is away. It comes back by itself.
  void around(const std::function<void()>& print);

 private:
  double seconds() const;
  void tick();
  void hide_locked();

  const Console& console_;
  const std::chrono::steady_clock::time_point start_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  ProgressTally tally_;
  bool visible_ = false;
  bool stop_ = false;
  std::thread ticker_;  // last: it uses the others
};

}  // namespace mmcheck::cli

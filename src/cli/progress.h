// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>

#include "cli/session.h"

namespace mmcheck::cli {

/// One status line on a terminal's standard error, for runs of more than a second.
class Progress {
 public:
  Progress(const Console& console, std::size_t nr_cells);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void cell_done();
  /// Calls `print` while the line is away. It comes back by itself.
  void around(const std::function<void()>& print);

 private:
  void tick();
  void hide_locked();

  const Console& console_;
  const std::size_t nr_cells_;
  const std::chrono::steady_clock::time_point start_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  std::size_t nr_done_ = 0;
  bool visible_ = false;
  bool stop_ = false;
  std::thread ticker_;  // last: it uses the others
};

}  // namespace mmcheck::cli

// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <fmt/format.h>

#include <ostream>

namespace mmcheck::cli {

Progress::Progress(const Console& console, std::size_t nr_cells)
    : console_(console), nr_cells_(nr_cells), start_(std::chrono::steady_clock::now()) {
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

void Progress::cell_done() {
  const std::lock_guard lock(mutex_);
  ++nr_done_;
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
  using std::chrono::duration_cast;
  using std::chrono::seconds;
  std::unique_lock lock(mutex_);
  while (!stopped_.wait_for(lock, std::chrono::milliseconds(500), [this] { return stop_; })) {
    const auto elapsed = duration_cast<seconds>(std::chrono::steady_clock::now() - start_);
    if (elapsed < seconds(1)) continue;
    console_.err << fmt::format("\r\x1b[K{} of {} cells searched, {} s", nr_done_, nr_cells_,
                                elapsed.count())
                 << std::flush;
    visible_ = true;
  }
}

}  // namespace mmcheck::cli

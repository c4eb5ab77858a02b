// SPDX-License-Identifier: Apache-2.0
// Saves how far the searches of a run are, so that it can be killed and taken up again.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>

#include "explore/explorer.h"

namespace mmcheck::cli {

/// One file for all cells of a run: CBOR. It is written beside and then renamed, so that a file
/// that is there is whole. May be used by several threads.
class CheckpointFile {
 public:
  /// `identity` says what is searched: a run that is taken up must be the same.
  CheckpointFile(std::string path, std::string identity);

  /// Reads the file, if there is one. Throws InputError if it cannot be read, is damaged, or is of
  /// another run.
  void load();
  /// Throws InputError if the file cannot be written.
  void save();

  /// The state from which the cell's search goes on; empty: from the start.
  std::string state(std::size_t cell) const;
  /// Enough time has passed since this was asked for the cell and answered with yes.
  bool due(std::size_t cell);
  void set(std::size_t cell, const std::string& state);

 private:
  using Clock = std::chrono::steady_clock;

  const std::string path_;
  const std::string identity_;
  mutable std::mutex mutex_;
  std::map<std::size_t, std::string> states_;
  std::map<std::size_t, Clock::time_point> saved_at_;
};

}  // namespace mmcheck::cli

// SPDX-License-Identifier: Apache-2.0
// The process that runs programs on the host's kernel, and what it shares with the one that asks.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>

#include "conform/program.h"

namespace mmcheck::conform {

/// A number that other processes wait for.
class SharedNumber {
 public:
  static constexpr long kWaitMilliseconds = 100;

  std::uint32_t get() const { return number_.load(); }
  void set(std::uint32_t number);
  /// Ends this process where nothing happens for two minutes: the others must have died.
  void wait_for(std::uint32_t number) const;
  /// Returns also if nothing happens for kWaitMilliseconds.
  void wait_while(std::uint32_t number) const;

 private:
  std::atomic<std::uint32_t> number_{0};
  static_assert(std::atomic<std::uint32_t>::is_always_lock_free);
};

struct Shared {
  SharedNumber requested;  ///< how many programs there were
  SharedNumber answered;
  SharedNumber position;  ///< which call is to be made next
  std::array<pid_t, kProcesses> pids{};
  std::array<std::uint32_t, kFiles> file_bytes{};
  std::uint32_t nr_calls = 0;
  std::array<Call, kCallsMax> calls{};
  std::array<Result, kCallsMax> results{};
};

/// Where the files are.
struct Folder {
  int fd = -1;
  const char* path = nullptr;
};

/// Answers requests until it is killed. If the client is gone, removes what that would have.
[[noreturn]] void serve(Shared& shared, const Folder& folder, pid_t client);

/// Ends this process, and nothing of what exit() does.
[[noreturn]] void leave_process(int status);

}  // namespace mmcheck::conform

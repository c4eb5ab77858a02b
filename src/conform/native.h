// SPDX-License-Identifier: Apache-2.0
// Runs programs on the kernel of the host, in a process of its own.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "conform/side.h"

namespace mmcheck::conform {

struct Shared;

/// Whether files in this folder are in memory only, as on tmpfs. Their pages are not those of a
/// file on a disk: what is read of a hole is in no page, for one.
bool is_in_memory(const std::string& folder);

/// The host's side: a process that runs one program after the other, forks where they do, and
/// leaves nothing behind between two of them. One object serves one thread.
class Host final : public Side {
 public:
  /// Files are made in a new folder within this one. Throws InputError where the host is not fit.
  explicit Host(const std::string& folder);
  ~Host() override;

  void begin(const Program& program) override;
  Outcome finish() override;

 private:
  void start_server();
  void stop_server();
  /// Empty, or why there will be no answer.
  std::string wait_for_answer();

  std::string folder_;
  int folder_fd_ = -1;
  Shared* shared_ = nullptr;
  pid_t server_ = -1;
  std::uint32_t requested_ = 0;
};

}  // namespace mmcheck::conform

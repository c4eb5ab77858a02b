// SPDX-License-Identifier: Apache-2.0
#include "conform/native.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <new>

#include "base/error.h"
#include "conform/native_server.h"

namespace mmcheck::conform {

bool is_in_memory(const std::string& folder) {
  struct statfs status {};
  return ::statfs(folder.c_str(), &status) == 0 && status.f_type == TMPFS_MAGIC;
}

namespace {

/// Throws InputError where the two sides would differ whatever the kernels do.
void check_host() {
  if (::sysconf(_SC_PAGESIZE) != 4096) {
    throw InputError("pages of the host are not of 4096 bytes, as those of the model are");
  }
  if (::access("/proc/self/smaps", R_OK) != 0) throw InputError("there is no /proc/self/smaps");
  constexpr rlim_t kLockedMax = 2 * rlim_t{kWindowPages} * 4096;
  rlimit locked{};
  if (::getrlimit(RLIMIT_MEMLOCK, &locked) == 0 && locked.rlim_cur < kLockedMax &&
      ::geteuid() != 0) {
    throw InputError(fmt::format("programs lock up to {0} KB, and the limit is less: ulimit -l {0}",
                                 kLockedMax / 1024));
  }
}

}  // namespace

Host::Host(const std::string& folder) {
  check_host();
  folder_ = (std::filesystem::path(folder) / "mmcheck-conform-XXXXXX").string();
  if (::mkdtemp(folder_.data()) == nullptr) {
    throw InputError(
        fmt::format("cannot make a folder for files in {}: {}", folder, std::strerror(errno)));
  }
  folder_fd_ = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  void* memory =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (folder_fd_ < 0 || memory == MAP_FAILED) throw InternalError("no room for the host's side");
  shared_ = new (memory) Shared;
}

Host::~Host() {
  stop_server();
  ::munmap(shared_, sizeof(Shared));
  ::close(folder_fd_);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Host::start_server() {
  new (shared_) Shared;
  requested_ = 0;
  const pid_t self = ::getpid();
  server_ = ::fork();
  if (server_ < 0) throw InternalError("the host's side cannot be started: fork failed");
  if (server_ == 0) serve(*shared_, {folder_fd_, folder_.c_str()}, self);
}

void Host::stop_server() {
  if (server_ < 0) return;
  ::kill(-server_, SIGKILL);  // also what it has forked
  ::kill(server_, SIGKILL);   // where it has not got its group yet
  ::waitpid(server_, nullptr, 0);
  server_ = -1;
}

void Host::begin(const Program& program) {
  if (!is_valid(program)) throw InternalError("a program that cannot be run on the host");
  if (server_ < 0) start_server();
  shared_->file_bytes = program.file_bytes;
  shared_->nr_calls = static_cast<std::uint32_t>(program.calls.size());
  std::copy(program.calls.begin(), program.calls.end(), shared_->calls.begin());
  shared_->requested.set(++requested_);
}

Outcome Host::finish() {
  Outcome outcome;
  outcome.error = wait_for_answer();
  if (outcome.error.empty()) {
    outcome.results.assign(shared_->results.begin(), shared_->results.begin() + shared_->nr_calls);
  } else {
    stop_server();
  }
  return outcome;
}

std::string Host::wait_for_answer() {
  constexpr long kSecondsMax = 60;  // an fsync on a busy disk takes long
  for (long waits = 0; waits < kSecondsMax * 1'000 / SharedNumber::kWaitMilliseconds; ++waits) {
    const std::uint32_t answered = shared_->answered.get();
    if (answered == requested_) return {};
    shared_->answered.wait_while(answered);
    int status = 0;
    if (::waitpid(server_, &status, WNOHANG) == server_) {
      server_ = -1;
      return WIFSIGNALED(status)
                 ? fmt::format("the host's side was killed by signal {}", WTERMSIG(status))
                 : fmt::format("the host's side exited with {}", WEXITSTATUS(status));
    }
  }
  return fmt::format("the host's side did not answer within {} s, at call {}", kSecondsMax,
                     shared_->position.get());
}

}  // namespace mmcheck::conform
